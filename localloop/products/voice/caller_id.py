"""Whose number a call shows: what <Dial> (callerId) and REST (From, CallerId) may show to whom. Pure.

Sources: Twilio's pages of <Dial> ("callerId") and of the errors 13214, 13247, 13248, 21210, 21212, 21213. Asking takes
two steps, because whether an account owns a number, or has verified it, stands in the database: `number_to_prove` says
which number that must be asked of, and `caller_of` decides.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from localloop.core import e164

Kind: TypeAlias = Literal["number", "client", "sip"]

LONGEST: Final = 255  # characters of what is no number (13248)
# What carriers send when a caller hides: texts, and numbers that spell them.
WITHHELD: Final = frozenset(
    {"anonymous", "restricted", "unavailable", "unknown", "+266696687", "+86282452253"}
)
_SIP_NAME: Final = re.compile(r"[A-Za-z0-9+\-_.]+")
_CLIENT: Final = re.compile(r"client:[!-~]+")
_SIP_ADDRESS: Final = re.compile(r"sips?:[!-~]+")


class Showing(Struct, frozen=True, kw_only=True):
    """A call that is about to be made. `caller` and `called` are the ends of the call that dials it, if one does."""

    target: Kind  # what is dialled
    wanted: str = ""  # callerId, CallerId or From; "" = nothing was said
    caller: str = ""
    called: str = ""


class Shown(Struct, frozen=True):
    """What the callee sees."""

    caller: str


class Refused(Struct, frozen=True):
    """The warning or error of TwiML, and what REST answers."""

    twiml: int
    rest: int


NOT_YOURS: Final = Refused(13214, 21210)
NO_NUMBER: Final = Refused(13214, 21212)
NOTHING: Final = Refused(13214, 21213)
PASSED_ON_AND_NO_NUMBER: Final = Refused(13247, 21212)
TOO_LONG: Final = Refused(13248, 21212)


def kind_of(address: str) -> Kind:
    """What kind of end this is: `client:…`, `sip:…`, or a number or what stands for one."""
    if address.startswith("client:"):
        return "client"
    return "sip" if address.startswith(("sip:", "sips:")) else "number"


def number_to_prove(showing: Showing) -> str | None:
    """The number that must be the account's own, or verified; None where nothing need be known."""
    if showing.target != "number" or not showing.wanted:
        return None
    number = _number(showing.wanted)
    return None if number is None or number in _ends(showing) else number


def caller_of(showing: Showing, is_proved: bool = False) -> Shown | Refused:
    """`is_proved`: that of `number_to_prove` is the account's own, or verified."""
    if showing.target != "number":
        return _free(showing)
    if not showing.wanted:
        return _passed_on(showing)
    number = _number(showing.wanted)
    if number is None:
        return NO_NUMBER
    return Shown(number) if is_proved or number in _ends(showing) else NOT_YOURS


def _free(showing: Showing) -> Shown | Refused:
    """To clients and SIP addresses a call shows what it likes, in the letters that fit there."""
    if not showing.wanted:
        return Shown(showing.caller) if showing.caller else NOTHING
    if len(showing.wanted) > LONGEST:
        return TOO_LONG
    number = _number(showing.wanted)
    if number is not None:
        return Shown(number)
    fits = (_SIP_NAME, _SIP_ADDRESS, _CLIENT) if showing.target == "sip" else (_CLIENT, _SIP_NAME)
    return Shown(showing.wanted) if any(each.fullmatch(showing.wanted) for each in fits) else NO_NUMBER


def _passed_on(showing: Showing) -> Shown | Refused:
    """Nothing was said: the caller's own number goes on, which clients and SIP addresses do not have."""
    if not showing.caller or kind_of(showing.caller) != "number":
        return NOTHING
    if showing.caller.lower() in WITHHELD:
        return Shown(showing.caller)
    number = _number(showing.caller)
    return Shown(number) if number is not None else PASSED_ON_AND_NO_NUMBER


def _ends(showing: Showing) -> frozenset[str]:
    """The numbers of the call that dials, which it may always show; those of a SIP call are nobody's proof."""
    if kind_of(showing.caller) != "number":
        return frozenset()
    found = (_number(end) for end in (showing.caller, showing.called) if kind_of(end) == "number")
    return frozenset(number for number in found if number is not None)


def _number(text: str) -> str | None:
    number = e164.parse(text)
    return number.e164 if number is not None and number.is_possible else None
