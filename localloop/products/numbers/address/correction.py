"""Addresses of the United States and Canada as their post offices write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from phonenumbers import SUPPORTED_REGIONS

from localloop.core import geo

_US_POSTAL_CODE: Final = re.compile(r"(\d{5})(?:[- ]?(\d{4}))?")
_CA_POSTAL_CODE: Final = re.compile(r"([A-Z]\d[A-Z])[ -]?(\d[A-Z]\d)")
_REGIONS: Final = """
AL alabama, AK alaska, AZ arizona, AR arkansas, CA california, CO colorado, CT connecticut, DC district of columbia,
DE delaware, FL florida, GA georgia, HI hawaii, IA iowa, ID idaho, IL illinois, IN indiana, KS kansas, KY kentucky,
LA louisiana, MA massachusetts, MD maryland, ME maine, MI michigan, MN minnesota, MO missouri, MS mississippi,
MT montana, NC north carolina, ND north dakota, NE nebraska, NH new hampshire, NJ new jersey, NM new mexico,
NV nevada, NY new york, OH ohio, OK oklahoma, OR oregon, PA pennsylvania, RI rhode island, SC south carolina,
SD south dakota, TN tennessee, TX texas, UT utah, VA virginia, VT vermont, WA washington, WI wisconsin,
WV west virginia, WY wyoming, AB alberta, BC british columbia, MB manitoba, NB new brunswick,
NL newfoundland and labrador, NS nova scotia, NT northwest territories, NU nunavut, ON ontario,
PE prince edward island, QC quebec, SK saskatchewan, YT yukon"""
_REGION_NAMES: Final[Mapping[str, str]] = {
    name: code for code, name in (entry.strip().split(" ", 1) for entry in _REGIONS.split(","))
}


def is_country(iso_country: str) -> bool:
    return iso_country in SUPPORTED_REGIONS


def corrected(iso_country: str, region: str, postal_code: str) -> tuple[str, str]:
    """Region and postal code as they should be written. ValueError when they cannot be of this country."""
    if iso_country not in ("US", "CA"):
        return region.strip(), postal_code.strip()
    code = _region(iso_country, region)
    found = (_US_POSTAL_CODE if iso_country == "US" else _CA_POSTAL_CODE).fullmatch(
        postal_code.strip().upper()
    )
    if found is None:
        raise ValueError(f"{postal_code!r} is no postal code of {iso_country}")
    parts = [part for part in found.groups() if part]
    return code, ("-" if iso_country == "US" else " ").join(parts)


def _region(iso_country: str, region: str) -> str:
    folded = " ".join(region.split()).casefold()
    code = _REGION_NAMES.get(folded, folded.upper())
    if geo.region_country().get(code) != iso_country:
        raise ValueError(f"{region!r} is no region of {iso_country}")
    return code
