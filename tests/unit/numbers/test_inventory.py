"""The inventory: every number valid, the same in every run, and found by each filter without leaving others in."""

from __future__ import annotations

from itertools import islice

import phonenumbers
import pytest

from localloop.products.numbers import contains, geography, inventory
from localloop.products.numbers.inventory import ALL, Listing, NumberType, Search

OFFERS = [offer for country in inventory.countries().values() for offer in country.offers]


def listed(
    iso_country: str, type_: NumberType, count: int = 30, search: Search | None = None
) -> list[Listing]:
    offer = inventory.countries()[iso_country].offer(type_)
    assert offer is not None
    return list(islice(inventory.candidates(offer, search or Search()), count))


def numbers(found: list[Listing]) -> list[str]:
    return [listing.phone_number for listing in found]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer.iso_country}-{offer.type}")
def test_every_offer_is_large_and_valid(offer: inventory.Offer) -> None:
    assert offer.root.count(offer.length) >= 10_000
    found = list(islice(inventory.candidates(offer, Search()), 60))
    assert len(set(numbers(found))) == 60
    for number in numbers(found):
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed), number
        if offer.type != "TollFree" or offer.iso_country != "CA":  # toll-free codes are the whole plan's
            assert phonenumbers.region_code_for_number(parsed) == offer.iso_country, number
            described = inventory.describe(number)
            assert described is not None
            assert (described.iso_country, described.type) == (offer.iso_country, offer.type), number


def test_every_type_is_sold_somewhere() -> None:
    assert {offer.type for offer in OFFERS} == {
        "Local",
        "TollFree",
        "Mobile",
        "Voip",
        "National",
        "SharedCost",
        "MachineToMachine",
    }


def test_a_search_finds_the_same_numbers_in_every_run() -> None:
    assert numbers(listed("US", "Local", 3)) == ["+12069075376", "+19252688701", "+15672320282"]
    assert numbers(listed("US", "Local", 30)) == numbers(listed("US", "Local", 30))


def test_area_codes_are_assigned_and_stand_where_libphonenumber_says() -> None:
    for code, places in geography.area_codes().items():
        number = phonenumbers.parse(f"+1{code}2345678")
        assert phonenumbers.is_valid_number(number), code
        assert {place.iso_country for place in places} == {phonenumbers.region_code_for_number(number)}, code


def test_an_area_code_has_millions_of_numbers() -> None:
    found = listed("US", "Local", 3000, Search(area_code="415"))
    assert len(set(numbers(found))) == 3000
    assert all(number.startswith("+1415") for number in numbers(found))
    assert not any(number[6:8] == "11" or number[5:8] == "555" for number in numbers(found))


def test_an_area_code_of_another_country_has_none() -> None:
    assert listed("US", "Local", 1, Search(area_code="604")) == []
    assert len(listed("CA", "Local", 1, Search(area_code="604"))) == 1


@pytest.mark.parametrize("text", ["7777", "+1415", "STORM", "415***1234", "99%11$"])
def test_contains(text: str) -> None:
    pattern = contains.read(text)
    found = numbers(listed("US", "Local", 30, Search(pattern=pattern)))
    assert len(found) == 30 or "415***1234" in text
    for number in found:
        state = pattern.start
        for digit in number[1:]:
            state = pattern.step(state, int(digit))
        assert pattern.met(state), number


def test_a_pattern_of_all_digits_finds_one_number_and_ends() -> None:
    search = Search(pattern=contains.read("4152345678"))
    assert numbers(listed("US", "Local", 30, search)) == ["+14152345678"]
    assert listed("US", "Local", 30, Search(pattern=contains.read("4155551234"))) == []


def test_numbers_with_every_capability_come_first() -> None:
    assert all(listing.capabilities == ALL for listing in listed("US", "Local", 500))


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(sms=True), {(True, True, True), (True, True, False)}),
        (Search(sms=False), {(True, False, False)}),
        (Search(sms=True, mms=False), {(True, True, False)}),
        (Search(mms=True), {(True, True, True)}),
    ],
)
def test_capabilities(search: Search, expected: set[tuple[bool, bool, bool]]) -> None:
    narrow = Search(sms=search.sms, mms=search.mms, area_code="415", pattern=contains.read("+1415234"))
    found = listed("US", "Local", 20_000, narrow)
    capabilities = [listing.capabilities for listing in found]
    assert {(can.voice, can.sms, can.mms) for can in capabilities} == expected
    assert [inventory.describe(number).capabilities for number in numbers(found)] == capabilities  # type: ignore[union-attr]


def test_all_numbers_of_an_exchange_are_sold_once() -> None:
    found = numbers(listed("US", "Local", 20_000, Search(pattern=contains.read("+1415234"))))
    assert sorted(found) == [f"+1415234{line:04d}" for line in range(10_000)]


def test_nothing_takes_faxes() -> None:
    assert listed("US", "Local", 1, Search(fax=True)) == []
    assert len(listed("US", "Local", 1, Search(fax=False))) == 1


def test_places() -> None:
    oakland = frozenset(place for place in geography.places() if place.locality == "Oakland")
    found = listed("US", "Local", 100, Search(places=oakland))
    assert len(found) == 100
    assert {listing.place for listing in found} == oakland
    assert {listing.phone_number[2:5] for listing in found} == {"510", "341"}
    assert listed("US", "Local", 1, Search(places=oakland, area_code="415")) == []
    assert listed("US", "TollFree", 1, Search(places=oakland)) == []
    assert listed("GB", "Local", 1, Search(places=oakland)) == []


def test_every_exchange_of_an_area_code_is_somewhere() -> None:
    for code, places in geography.area_codes().items():
        digits = [geography.exchange_digits(places, frozenset((place,))) for place in places]
        assert sum(digits) == 0b1111111111, code  # each digit once
        assert all(digits), code


def test_what_needs_an_address_can_be_left_out() -> None:
    assert listed("DE", "Local", 1)[0].address_requirements == "local"
    assert listed("DE", "Local", 1, Search(without_address=frozenset(("local",)))) == []
    assert len(listed("DE", "Local", 1, Search(without_address=frozenset(("any",))))) == 1


def test_what_is_new_can_be_left_out() -> None:
    assert listed("VN", "Local", 1)[0].beta
    assert listed("VN", "Local", 1, Search(beta=False)) == []


def test_numbers_that_are_not_for_sale() -> None:
    for number in ("+15558675310", "+14155551234", "+14154111234", "+447700900123", "12345", "nonsense"):
        assert inventory.describe(number) is None, number


def test_distance() -> None:
    oakland, angeles = (
        next(place for place in geography.places() if place.locality == name)
        for name in ("Oakland", "Los Angeles")
    )
    assert oakland.miles_to(oakland.latitude, oakland.longitude) == 0
    assert 335 < oakland.miles_to(angeles.latitude, angeles.longitude) < 350
