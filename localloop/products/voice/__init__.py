"""Calls, and what accounts may do with them. Other packages use what is named here."""

from localloop.products.voice.needs import Needs
from localloop.products.voice.permissions import Dialing, DialingPermissions, may_dial
from localloop.products.voice.surface import bindings

__all__ = ["Dialing", "DialingPermissions", "Needs", "bindings", "may_dial"]
