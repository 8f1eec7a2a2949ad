"""What is checked of a card or a bank account before anybody is asked to charge it (ISO/IEC 7812, ABA routing)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

# The first that fits, by the beginnings that the networks publish; retired brands come last.
_BRANDS: Final[Mapping[str, re.Pattern[str]]] = {
    "amex": re.compile(r"3[47]"),
    "diners-club": re.compile(r"3(0[0-5]|095|[689])"),
    "jcb": re.compile(r"35(2[89]|[3-8])"),
    "visa": re.compile(r"4"),
    "mastercard": re.compile(r"5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)"),
    "discover": re.compile(r"6(011|4[4-9]|5)"),
    "maestro": re.compile(r"5[06-8]|6"),
    "enroute": re.compile(r"2(014|149)"),
}
_LENGTHS: Final[Mapping[str, tuple[int, ...]]] = {
    "amex": (15,),
    "diners-club": (14, 16),
    "jcb": (16,),
    "visa": (13, 16, 19),
    "mastercard": (16,),
    "discover": (16, 19),
    "maestro": tuple(range(12, 20)),
    "enroute": (15,),
}
_CENTURY: Final = 2000


def brand_of(number: str) -> str:
    """Which network's card it is; "" for one of none."""
    return next((brand for brand, pattern in _BRANDS.items() if pattern.match(number)), "")


def is_card_number(number: str) -> bool:
    brand = brand_of(number)
    # enRoute numbered its cards without a check digit.
    return len(number) in _LENGTHS.get(brand, ()) and (brand == "enroute" or _luhn(number) == 0)


def usual_length(number: str) -> int:
    """How long a card number is that begins like this, where there is but one length; else 0."""
    lengths = _LENGTHS.get(brand_of(number), ())
    # Nobody has been given a Visa card of 13 or 19 digits for a long time, or a Diners Club card of 16.
    return {"visa": 16, "discover": 16, "diners-club": 14}.get(
        brand_of(number), lengths[0] if len(lengths) == 1 else 0
    )


def security_code_length(brand: str) -> int:
    return 4 if brand == "amex" else 3


def is_good_until(expires: str, now: datetime) -> bool:
    """Whether MMYY is a month, and not over."""
    if not re.fullmatch(r"(0[1-9]|1[0-2])[0-9]{2}", expires):
        return False
    return (_CENTURY + int(expires[2:]), int(expires[:2])) >= (now.year, now.month)


def is_routing_number(number: str) -> bool:
    """Nine digits whose weighted sum (3, 7, 1) is a multiple of ten."""
    if not re.fullmatch(r"[0-9]{9}", number):
        return False
    return sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0


def is_account_number(number: str) -> bool:
    return re.fullmatch(r"[0-9]{4,17}", number) is not None


def masked(number: str, shown: int) -> str:
    """All but the last digits hidden."""
    return "x" * (len(number) - shown) + number[-shown:] if shown else "x" * len(number)


def _luhn(number: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10
