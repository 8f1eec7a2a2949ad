"""Accounts and subaccounts."""
