"""What countries ask of senders, and which there are: pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import phonenumbers

HOME: Final = "US"  # of an account, as long as nobody says otherwise


@cache
def calling_codes() -> Mapping[str, str]:
    """Every country and territory that has numbers, with its calling code."""
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    return {region: f"+{phonenumbers.country_code_for_region(region)}" for region in regions}


@cache
def _alphanumeric() -> Mapping[str, frozenset[str]]:
    text = Path(__file__).with_name("data").joinpath("alphanumeric.tsv").read_text("utf-8")
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {rule: frozenset(countries.split()) for rule, countries in lines}


def takes_alphanumeric(country: str) -> bool:
    return country not in _alphanumeric()["none"]


def registers_alphanumeric(country: str) -> bool:
    """Whether a name must be registered there before networks carry it (30040)."""
    return country in _alphanumeric()["registered"]
