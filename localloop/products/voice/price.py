"""What calls and what is done with them cost, and what of it usage counts. Pure; rates are data of `core.money`.

A call costs by the minute begun, from its answer on; one that nobody answered costs nothing and has no price. What
comes in is rated by the number that it reaches, what goes out by the number that is called. Clients and SIP addresses
have one rate. Recording, answering machine detection, conference minutes and transcription are rated apart, at Twilio,
too, and are not in the call's price.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from localloop.core import e164, money
from localloop.core.e164 import LineKind, Number
from localloop.products.voice.caller_id import kind_of

Way: TypeAlias = Literal["inbound", "outbound"]
Extra: TypeAlias = Literal["conference", "detection", "recording", "transcription"]

# How tables of prices and usage call the kinds of numbers that cost differently.
_KINDS: Final[Mapping[LineKind, str]] = {"mobile": "mobile", "toll-free": "toll-free"}
_COUNTED: Final[Mapping[str, str]] = {"toll-free": "tollfree", "mobile": "mobile"}
_BY_THE_PIECE: Final = frozenset({"detection"})
RECORDINGS: Final = "calls-recordings"
TRANSCRIPTIONS: Final = "transcriptions"


class Rated(Struct, frozen=True, kw_only=True):
    """One leg as its price depends on it. `from_` and `to` are its ends, `seconds` those since it was answered."""

    way: Way
    from_: str
    to: str
    seconds: int | None  # None: nobody answered


def way_of(direction: str) -> Way:
    """`inbound` and `trunking-originating` come in; the others go out."""
    return "inbound" if direction in ("inbound", "trunking-originating") else "outbound"


def price_of(leg: Rated) -> Decimal | None:
    """What the leg takes from the balance, negative; None for one that was never answered. One that was has begun its
    first minute."""
    if leg.seconds is None:
        return None
    product, seconds = _product(leg), max(1, leg.seconds)
    if product != "voice":
        return -money.rate(product, leg.way, "") * money.minutes(seconds)
    number = _rated_number(leg)
    country, kind = (number.country, _KINDS.get(number.kind, "*")) if number else ("", "*")
    return money.call_price(leg.way, country, seconds, kind)


def extra_price(extra: Extra, seconds: int) -> Decimal:
    """What a recording, a conference's participant and the like take from the balance; a detection costs once."""
    times = 1 if extra in _BY_THE_PIECE else money.minutes(seconds)
    return -money.rate(extra, "outbound", "") * times


def category_of(leg: Rated) -> str:
    """The narrowest category of usage that counts it."""
    product = _product(leg)
    if product != "voice":
        return "calls-client" if product == "client" else f"calls-sip-{leg.way}"
    if leg.way == "outbound":
        return "calls-outbound"
    number = _rated_number(leg)
    return f"calls-inbound-{_COUNTED.get(number.kind if number else '', 'local')}"


def _product(leg: Rated) -> Literal["voice", "client", "sip"]:
    """By the end that is not the platform's: who calls in, or who is called."""
    kind = kind_of(leg.from_ if leg.way == "inbound" else leg.to)
    return "voice" if kind == "number" else kind


def _rated_number(leg: Rated) -> Number | None:
    return e164.parse(leg.to)
