"""Dialing permissions: which countries, and which of their numbers, an account may call."""

from localloop.products.voice.permissions.permissions import (
    IN_A_DIAL,
    Dialing,
    DialingPermissions,
    may_dial,
)
from localloop.products.voice.permissions.queries import Enabled
from localloop.products.voice.permissions.resource import bindings

__all__ = ["IN_A_DIAL", "Dialing", "DialingPermissions", "Enabled", "bindings", "may_dial"]
