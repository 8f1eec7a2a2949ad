"""Programmable Voice: calls, and what accounts may do with them. Other packages use what is named here.

`Voice` is the calls, `Rules` say how strict and how fast they are; who calls us is `Incoming`; who is at the
other end of a call has `PickedUp` or `Declined`, `Pressed` keys, `Said` something or `HungUp`.
"""

from localloop.products.voice.call.compose import Rules
from localloop.products.voice.call.documents import Document
from localloop.products.voice.call.events import Act, Declined, HungUp, Messaged, PickedUp, Pressed, Said
from localloop.products.voice.call.inbound import Incoming
from localloop.products.voice.call.queries import Alive
from localloop.products.voice.call.resource import Call, shown
from localloop.products.voice.caller_id import Showing, caller_of, number_to_prove
from localloop.products.voice.needs import Needs
from localloop.products.voice.permissions import Dialing, DialingPermissions, may_dial
from localloop.products.voice.permissions.queries import CHANNEL
from localloop.products.voice.surface import bindings
from localloop.products.voice.texts import Ready, Refused, Text, Texts
from localloop.products.voice.used import used as calls_used
from localloop.products.voice.voice import Voice

__all__ = [
    "CHANNEL",
    "Act",
    "Alive",
    "Call",
    "Declined",
    "Dialing",
    "DialingPermissions",
    "Document",
    "HungUp",
    "Incoming",
    "Messaged",
    "Needs",
    "PickedUp",
    "Pressed",
    "Ready",
    "Refused",
    "Rules",
    "Said",
    "Showing",
    "Text",
    "Texts",
    "Voice",
    "bindings",
    "caller_of",
    "calls_used",
    "may_dial",
    "number_to_prove",
    "shown",
]
