"""The countries that can be called, and which of their numbers cost more than a call: pure, from libphonenumber.

Twilio publishes for each country the prefixes of its special services (premium, shared cost and the like). Here they
are what the country's numbering plan says of such numbers, brought into the shortest prefixes that name nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import phonenumbers
from msgspec import Struct
from phonenumbers.phonemetadata import PhoneMetadata

from localloop.core.e164 import LineKind, Number
from localloop.products.numbers import NumberingNode, numbering_plan

SPECIAL: Final[frozenset[LineKind]] = frozenset({"premium", "shared-cost", "personal", "pager"})
_PLANS: Final = ("premium_rate", "shared_cost", "personal_number", "pager")
_FLAT: Final = frozenset({"personal"})  # at the price of any other call in North America
_ALL_DIGITS: Final = 0b1111111111
_DEEPEST: Final = 6  # digits of a prefix; what is told apart later still is as good as one number


class Country(Struct, frozen=True, kw_only=True):
    iso_code: str
    name: str
    continent: str
    country_codes: tuple[str, ...]  # "+1"


@cache
def countries() -> Mapping[str, Country]:
    """Every country and territory that has numbers, by ISO code, in its order."""
    found = {}
    for iso_code in sorted(phonenumbers.SUPPORTED_REGIONS):
        found[iso_code] = Country(
            iso_code=iso_code,
            name=_names()[iso_code],
            continent=_continents()[iso_code],
            country_codes=(f"+{phonenumbers.country_code_for_region(iso_code)}",),
        )
    return found


@cache
def _names() -> Mapping[str, str]:
    """Kept beside the code: libphonenumber's own are loaded with 100 MB of places."""
    return dict(_lines("names.tsv"))


@cache
def _continents() -> Mapping[str, str]:
    return {
        iso_code: continent
        for continent, iso_codes in _lines("continents.tsv")
        for iso_code in iso_codes.split()
    }


def _lines(name: str) -> list[list[str]]:
    text = Path(__file__).with_name("data").joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def is_special(number: Number) -> bool:
    return number.kind in SPECIAL and not (number.kind in _FLAT and number.e164.startswith("+1"))


@cache
def special_prefixes(iso_code: str) -> tuple[str, ...]:
    """The prefixes of a country's special services, with its calling code, in order."""
    metadata = PhoneMetadata.metadata_for_region(iso_code)
    code = phonenumbers.country_code_for_region(iso_code)
    if metadata is None:
        return ()
    found: set[str] = set()
    for plan in _PLANS:
        described = getattr(metadata, plan)
        if code == 1 and plan == "personal_number":
            continue
        if described is not None and described.national_number_pattern:
            found.update(_prefixes(numbering_plan(described.national_number_pattern), ""))
    shortest = {prefix for prefix in found if not any(prefix[:end] in found for end in range(1, len(prefix)))}
    return tuple(f"+{code}{prefix}" for prefix in sorted(shortest))


def _prefixes(node: NumberingNode, before: str) -> Iterator[str]:
    if before and (len(before) == _DEEPEST or _is_free(node)):
        yield before
        return
    for digits, target in node.edges:
        for digit in range(10):
            if digits >> digit & 1:
                yield from _prefixes(target, f"{before}{digit}")


def _is_free(node: NumberingNode) -> bool:
    """Whether whatever digits follow, only their count matters."""
    return all(digits == _ALL_DIGITS and _is_free(target) for digits, target in node.edges)
