"""Calls, and what accounts may do with them. Other packages use what is named here."""

from localloop.products.voice.caller_id import Showing, caller_of, number_to_prove
from localloop.products.voice.needs import Needs
from localloop.products.voice.permissions import Dialing, DialingPermissions, may_dial
from localloop.products.voice.permissions.queries import CHANNEL
from localloop.products.voice.surface import bindings

__all__ = [
    "CHANNEL",
    "Dialing",
    "DialingPermissions",
    "Needs",
    "Showing",
    "bindings",
    "caller_of",
    "may_dial",
    "number_to_prove",
]
