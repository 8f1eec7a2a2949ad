"""Numbers and addresses in every form in which programs write them."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from localloop.core import e164, geo


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("+14155550123", "+14155550123"),
        ("(415) 555-0123", "+14155550123"),
        ("415.555.0123", "+14155550123"),
        ("4155550123", "+14155550123"),
        ("14155550123", "+14155550123"),
        ("1 415 555 0123", "+14155550123"),
        (" 14155550123", "+14155550123"),  # an unescaped + in a form
        (" 442079460958", "+442079460958"),
        (" 4155550123", "+14155550123"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("+14155550123 ", "+14155550123"),
    ],
)
def test_reads_what_people_write(raw: str, expected: str) -> None:
    number = e164.parse(raw)
    assert number is not None
    assert (number.e164, number.is_possible, number.is_valid) == (expected, True, True)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "+",
        "   ",
        "abc",
        "1-800-FLOWERS",
        "+1415555O123",
        "+14155550123x5",
        "++14155550123",
        "+1415\n5550123;",
        "-",
        "٤١٥٥٥٥٠١٢٣",
        "1" * 500,
    ],
)
def test_refuses_what_is_no_number(raw: str) -> None:
    assert e164.parse(raw) is None


@pytest.mark.parametrize(
    ("raw", "is_possible", "is_valid"),
    [
        ("+15558675310", True, False),  # of Twilio's documentation
        ("+10005550123", True, False),
        ("+14151550123", True, False),  # no exchange begins with 1
        ("+1415555012", False, False),
        ("+5550123", False, False),
        ("5550123", False, False),  # without its area code no network carries it
        ("+999123456789", None, None),
        ("+4420794609581234", False, False),
    ],
)
def test_possible_is_not_valid(raw: str, is_possible: bool | None, is_valid: bool | None) -> None:
    number = e164.parse(raw)
    if is_possible is None:
        assert number is None
    else:
        assert number is not None
        assert (number.is_possible, number.is_valid) == (is_possible, is_valid)


@pytest.mark.parametrize(
    ("raw", "country", "kind"),
    [
        ("+14155550123", "US", "fixed-line-or-mobile"),
        ("+14165550123", "CA", "fixed-line-or-mobile"),
        ("+18005550123", "US", "toll-free"),
        ("+19005550123", "US", "premium"),
        ("+15005550006", "US", "personal"),
        ("+16715550123", "GU", "fixed-line-or-mobile"),
        ("+18765550123", "JM", "mobile"),
        ("+442079460958", "GB", "fixed-line"),
        ("+447400123456", "GB", "mobile"),
        ("+393331234567", "IT", "mobile"),
        ("+390612345678", "IT", "fixed-line"),
        ("+80012345678", "", "toll-free"),
        ("+14161550123", "CA", "unknown"),  # invalid, but its area code is Canadian
    ],
)
def test_country_and_kind(raw: str, country: str, kind: str) -> None:
    number = e164.parse(raw)
    assert number is not None
    assert (number.country, number.kind) == (country, kind)


def test_default_country_reads_national_numbers() -> None:
    number = e164.parse("07400 123456", "GB")
    assert number is not None
    assert number.e164 == "+447400123456"


def test_fast_path_agrees_with_libphonenumber() -> None:
    """Area codes of the table decide alone; were the metadata to move, this would say so."""
    chosen = random.Random(4010)
    for code in geo.area_codes():
        for _ in range(3):
            text = f"+1{code}{chosen.randint(200, 999)}{chosen.randint(0, 9999):04d}"
            known = phonenumbers.parse(text)
            number = e164.parse(text)
            assert number is not None
            assert number.is_valid == phonenumbers.is_valid_number(known), text
            region = phonenumbers.region_code_for_number(known)
            assert region is None or number.country == region, text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+14155550123", True),
        ("+1", False),
        ("+12", True),
        ("14155550123", False),
        ("+04155550123", False),
        ("+1234567890123456", False),
        ("+1415555012३", False),
        ("+14155550123\n", False),
    ],
)
def test_is_e164(text: str, expected: bool) -> None:
    assert e164.is_e164(text) is expected


@pytest.mark.parametrize(
    ("raw", "kind", "text"),
    [
        ("+14155550123", "number", "+14155550123"),
        ("(415) 555-0123", "number", "+14155550123"),
        ("12345", "short-code", "12345"),
        ("222", "short-code", "222"),
        ("1234567", "invalid", "1234567"),
        ("MyBrand", "alphanumeric", "MyBrand"),
        ("A1 B+_&-", "alphanumeric", "A1 B+_&-"),
        ("TwelveLetter", "invalid", "TwelveLetter"),
        ("Shop!", "invalid", "Shop!"),
        ("Größe", "invalid", "Größe"),
        ("whatsapp:+14155238886", "channel", "whatsapp:+14155238886"),
        ("whatsapp:(415) 523-8886", "channel", "whatsapp:+14155238886"),
        ("whatsapp: 14155238886", "channel", "whatsapp:+14155238886"),
        ("whatsapp:nobody", "invalid", "whatsapp:nobody"),
        ("messenger:1234567890", "channel", "messenger:1234567890"),
        ("rcs:brand_agent", "channel", "rcs:brand_agent"),
        ("client:alice", "channel", "client:alice"),
        ("sip:alice@example.com;transport=tls", "channel", "sip:alice@example.com;transport=tls"),
        ("DE" + "0" * 32, "sim", "DE" + "0" * 32),
        ("", "invalid", ""),
        ("+1415", "invalid", "+1415"),
    ],
)
def test_address(raw: str, kind: str, text: str) -> None:
    address = e164.address(raw)
    assert (address.kind, str(address)) == (kind, text)


def test_a_channel_address_keeps_its_parts() -> None:
    address = e164.address("whatsapp:+14155238886")
    assert (address.channel, address.value) == ("whatsapp", "+14155238886")
    assert address.number is not None
    assert address.number.country == "US"


def test_mask_hides_the_last_four_digits() -> None:
    assert e164.mask("+14155550123") == "+1415555XXXX"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+14155550123", "(415) 555-0123"),
        ("+15558675310", "(555) 867-5310"),
        ("+442079460958", "020 7946 0958"),
        ("MyBrand", "MyBrand"),
    ],
)
def test_national(number: str, expected: str) -> None:
    assert e164.national(number) == expected


@pytest.mark.parametrize(
    ("number", "place"),
    [
        ("+14155550123", geo.Place("San Francisco", "CA", "94102", "US")),
        ("+14165550123", geo.Place("Toronto", "ON", "", "CA")),
        ("+18005550123", geo.Place(country="US")),
        ("+442079460958", geo.Place(country="GB")),
        ("MyBrand", geo.Place()),
    ],
)
def test_place(number: str, place: geo.Place) -> None:
    assert e164.place(number) == place


def test_area_codes_of_a_region() -> None:
    codes = [area.code for area in geo.codes_in("US", "CA")]
    assert {"213", "415", "628", "949"} <= set(codes)
    assert codes == sorted(codes)
    assert {area.country for area in geo.codes_in("CA")} == {"CA"}


def test_every_geographic_area_code_has_a_region_and_a_city() -> None:
    geographic = [area for area in geo.area_codes().values() if area.kind == "geographic"]
    assert len(geographic) > 400
    assert all(len(area.region) == 2 and area.city for area in geographic)


def test_regions_never_collide_between_countries() -> None:
    by_region: dict[str, set[str]] = {}
    for area in geo.area_codes().values():
        if area.region:
            by_region.setdefault(area.region, set()).add(area.country)
    assert all(len(countries) == 1 for countries in by_region.values())
    assert geo.region_country()["QC"] == "CA"
    assert geo.region_country()["CA"] == "US"
