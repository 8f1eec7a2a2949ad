"""What things cost: exact decimals, Twilio's way of writing a price, and default rates as data.

`data/rates.tsv` (product, direction, kind of number, country, rate in US dollars; `*` = any other) holds list
prices of the kind that Twilio publishes: per part, per message with media, per minute begun, per month. They
are defaults for a simulation and nobody's invoice.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Literal

CURRENCY: Final = "USD"

Product = Literal[
    "sms",
    "mms",
    "channel",
    "voice",
    "client",
    "sip",
    "number",
    "conference",
    "detection",
    "recording",
    "transcription",
]
Direction = Literal["outbound", "inbound", "monthly"]

_ANY: Final = "*"
_PRICE_UNIT: Final = Decimal("0.00001")
_BALANCE_UNIT: Final = Decimal("0.01")
_FREE: Final = Decimal(0)


@cache
def rates() -> Mapping[tuple[str, str, str, str], Decimal]:
    """(product, direction, kind, country) → rate."""
    text = Path(__file__).with_name("data").joinpath("rates.tsv").read_text("utf-8")
    table = {}
    for line in text.splitlines():
        product, direction, kind, country, rate = line.split("\t")
        table[product, direction, kind, country] = Decimal(rate)
    return table


@lru_cache(maxsize=4096)
def rate(product: Product, direction: Direction, country: str, kind: str = _ANY) -> Decimal:
    """The closest rate: of this kind of number in this country, of the country, of the kind, of the rest."""
    table = rates()
    for key in ((kind, country), (_ANY, country), (kind, _ANY), (_ANY, _ANY)):
        found = table.get((product, direction, *key))
        if found is not None:
            return found
    return _FREE


def message_price(direction: Direction, country: str, parts: int, product: Product = "sms") -> Decimal:
    """What a message takes from the balance: texts by the part, the rest by the message."""
    units = parts if product == "sms" else 1
    return -rate(product, direction, country) * units


def minutes(seconds: int) -> int:
    """Every minute begun counts."""
    return -(-seconds // 60)


def call_price(direction: Direction, country: str, seconds: int, kind: str = _ANY) -> Decimal:
    """What a call takes from the balance."""
    return -rate("voice", direction, country, kind) * minutes(seconds)


def price_text(price: Decimal) -> str:
    """A price as Twilio writes it: `-0.00750`; never a negative zero."""
    rounded = price.quantize(_PRICE_UNIT, ROUND_HALF_UP)
    return format(rounded or abs(rounded), "f")


def balance_text(balance: Decimal) -> str:
    """A balance to the cent."""
    rounded = balance.quantize(_BALANCE_UNIT, ROUND_HALF_UP)
    return format(rounded or abs(rounded), "f")
