"""Whom an account may call: prefixes of special services, and what is refused with which code."""

from __future__ import annotations

import json
import subprocess
import sys

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from localloop.products.voice import DialingPermissions, may_dial
from localloop.products.voice.permissions import IN_A_DIAL, Enabled
from localloop.products.voice.permissions.countries import countries, special_prefixes

CLOSED = DialingPermissions(is_closed=True)
HOME = ("+14155550100", "+14165550100")
GERMAN = "+4915123456789"
PREMIUM = "+37190001234"
SHARED_COST = "+37181234567"
TOLL_FREE = "+37180000000"


def code(number: str, permissions: DialingPermissions) -> int | None:
    refused = may_dial(number, permissions)
    return refused.code if refused else None


def test_everywhere_as_long_as_nobody_decides() -> None:
    numbers = (*HOME, GERMAN, PREMIUM, "+989121234567")
    assert [code(number, DialingPermissions()) for number in numbers] == [None] * 5


def test_a_new_account_calls_ordinary_numbers_at_home() -> None:
    assert [code(number, CLOSED) for number in (*HOME, GERMAN, PREMIUM)] == [None, None, 21215, 21215]
    assert code("+19005550100", CLOSED) == 21215
    refused = may_dial(GERMAN, CLOSED)
    assert refused is not None
    assert refused.message.startswith(f"Account not authorized to call {GERMAN}. ")
    assert IN_A_DIAL[refused.code] == 13227


def test_where_nobody_can_call() -> None:
    opened = DialingPermissions({"IR": Enabled(True, True, True)}, is_closed=True)
    assert code("+989121234567", opened) == 21216
    assert IN_A_DIAL[21216] == 13225


@pytest.mark.parametrize(
    ("enabled", "refused"),
    [
        (Enabled(True, False, False), {PREMIUM, SHARED_COST}),
        (Enabled(False, True, False), {TOLL_FREE, "+37120123456"}),
        (Enabled(True, True, False), set()),
    ],
)
def test_special_services_have_a_switch_of_their_own(enabled: Enabled, refused: set[str]) -> None:
    permissions = DialingPermissions({"LV": enabled})
    tried = (PREMIUM, SHARED_COST, TOLL_FREE, "+37120123456")
    assert {number for number in tried if code(number, permissions)} == refused


@pytest.mark.parametrize("other", ["client:ada", "sip:ada@example.com", "+80012345678", "+882161234567"])
def test_what_is_of_no_country_is_nobodys_to_forbid(other: str) -> None:
    assert code(other, CLOSED) is None


def test_latvias_special_services() -> None:
    """Those that Twilio's page of this list shows: +37181 and +37190."""
    assert special_prefixes("LV") == ("+37181", "+37190")


@pytest.mark.parametrize("kind", [PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST])
def test_prefixes_name_every_special_number(kind: int) -> None:
    missed = [
        number
        for country in countries()
        if (number := _example(country, kind)) and not number.startswith(special_prefixes(country))
    ]
    assert missed == []


@pytest.mark.parametrize("kind", [PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE])
def test_prefixes_name_no_ordinary_number(kind: int) -> None:
    caught = {
        country
        for country in countries()
        if (number := _example(country, kind)) and number.startswith(special_prefixes(country))
    }
    assert caught <= {"CL"}  # its shared-cost numbers look like those of a region


def _example(country: str, kind: int) -> str | None:
    number = phonenumbers.example_number_for_type(country, kind)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else None


def test_every_country_has_a_name_and_a_continent() -> None:
    assert len(countries()) > 240
    assert all(country.name and country.continent for country in countries().values())
    assert countries()["US"].country_codes == ("+1",)


def test_countries_are_named_as_libphonenumber_names_them() -> None:
    """In a process of its own: what it loads for that takes 100 MB."""
    told = subprocess.run(
        [sys.executable, "-c", _NAMES], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    theirs = {iso_code: name for iso_code, name in json.loads(told).items() if name}
    assert len(theirs) > 200
    assert {iso_code: countries()[iso_code].name for iso_code in theirs} == theirs


_NAMES = """
import json, phonenumbers
from phonenumbers import geocoder
print(json.dumps({code: geocoder._region_display_name(code, "en") for code in phonenumbers.SUPPORTED_REGIONS}))
"""
