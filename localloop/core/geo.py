"""Where a North American number is from: area code → country, region and principal city.

`data/nanp.tsv` (from libphonenumber's metadata and geocoding data, principal cities completed by hand) has
a line per area code: code, kind, country, region, city, postal code. *geographic* codes are those of the
United States and Canada whose every exchange is valid and of one kind; *other* ones belong to countries with
numbering rules of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, cast

from msgspec import Struct

AreaKind = Literal["geographic", "toll-free", "other"]


class AreaCode(Struct, frozen=True):
    """One area code of country code 1."""

    code: str
    kind: AreaKind
    country: str = ""  # ISO 3166; "" for toll-free codes, which all countries of the plan share
    region: str = ""  # two letters of the state or province
    city: str = ""
    postal_code: str = ""


class Place(Struct, frozen=True):
    """What Twilio's webhooks say as FromCity, FromState, FromZip, FromCountry; "" = unknown."""

    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@cache
def area_codes() -> Mapping[str, AreaCode]:
    """Every area code of country code 1 that is in use for lines of people and companies."""
    text = Path(__file__).with_name("data").joinpath("nanp.tsv").read_text("utf-8")
    return {line[:3]: _area_code(line) for line in text.splitlines()}


def _area_code(line: str) -> AreaCode:
    code, kind, *rest = line.split("\t")
    return AreaCode(code, cast(AreaKind, kind), *rest)


def area_code_of(e164: str) -> AreaCode | None:
    """The area code of a complete number of country code 1."""
    if len(e164) != 12 or not e164.startswith("+1"):
        return None
    return area_codes().get(e164[2:5])


def codes_in(country: str, region: str = "") -> list[AreaCode]:
    """The geographic area codes of a country, or of one of its regions, in ascending order."""
    return [
        code
        for code in area_codes().values()
        if code.kind == "geographic" and code.country == country and region in ("", code.region)
    ]


@cache
def region_country() -> Mapping[str, str]:
    """Region → country for the United States and Canada; their two-letter codes never collide."""
    return {code.region: code.country for code in area_codes().values() if code.region}
