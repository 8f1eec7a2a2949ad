"""Channels beside the telephone network: WhatsApp, Messenger and RCS; their senders, and when those may write."""
