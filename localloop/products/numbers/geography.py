"""Where a number of the North American plan lives: area codes, exchanges and the places that they serve."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

EARTH_RADIUS_MILES: Final = 3958.8
CANADIAN_LATA: Final = "888"


class Place(Struct, frozen=True, kw_only=True):
    """A rate center, with its location."""

    iso_country: str
    region: str
    locality: str
    lata: str
    postal_code: str
    latitude: float
    longitude: float
    rate_center: str

    def miles_to(self, latitude: float, longitude: float) -> float:
        """Along the great circle (haversine)."""
        here, there = math.radians(self.latitude), math.radians(latitude)
        across = math.radians(longitude - self.longitude)
        half = (
            math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
        )
        return 2 * EARTH_RADIUS_MILES * math.asin(math.sqrt(half))


AreaCodes = dict[str, tuple[Place, ...]]


def rows(name: str) -> list[list[str]]:
    """The rows of a table beside this module, without its comments."""
    text = Path(__file__).with_name("data").joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


@cache
def area_codes() -> AreaCodes:
    """Every area code with the places that it serves, in the table's order."""
    served: dict[str, list[Place]] = defaultdict(list)
    for region, locality, lata, postal_code, latitude, longitude, codes, *rate_center in rows("places.tsv"):
        place = Place(
            iso_country="CA" if lata == CANADIAN_LATA else "US",
            region=region,
            locality=locality,
            lata=lata,
            postal_code=postal_code,
            latitude=float(latitude),
            longitude=float(longitude),
            rate_center=rate_center[0] if rate_center else _rate_center(locality),
        )
        for code in codes.split():
            served[code].append(place)
    return {code: tuple(places) for code, places in sorted(served.items())}


@cache
def places() -> frozenset[Place]:
    return frozenset(place for served in area_codes().values() for place in served)


def place_of(national_number: str) -> Place | None:
    """The place of a ten-digit number, from its area code and the last digit of its exchange."""
    places = area_codes().get(national_number[:3])
    if places is None or len(national_number) != 10:
        return None
    return places[int(national_number[5]) * len(places) // 10]


def exchange_digits(places: tuple[Place, ...], wanted: frozenset[Place]) -> int:
    """The last digits of an area code's exchanges that serve a wanted place, as a set of digits."""
    return sum(1 << digit for digit in range(10) if places[digit * len(places) // 10] in wanted)


def _rate_center(locality: str) -> str:
    """Rate centers are named in capitals, within ten letters."""
    name = "".join(letter for letter in locality.upper() if letter.isalpha() or letter == " ")
    return name if len(name) <= 10 else name[0] + "".join(x for x in name[1:] if x not in "AEIOU")[:9]
