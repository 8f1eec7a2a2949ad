"""Programmable Messaging."""
