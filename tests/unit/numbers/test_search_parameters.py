"""Parameters of AvailablePhoneNumbers, as the specification describes them."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.core.errors import ApiError
from localloop.products.numbers.available import search

HILO = {"InRegion": "HI", "InLocality": "Hilo"}


def localities(params: dict[str, Any]) -> set[str]:
    places = search.read(params, "US").places
    assert places is not None
    return {place.locality for place in places}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"InRegion": "hi"}, {"Honolulu", "Hilo"}),
        ({"InLocality": "hilo"}, {"Hilo"}),
        ({"InPostalCode": "96720"}, {"Hilo"}),
        ({"InLata": "834"}, {"Honolulu", "Hilo"}),
        ({"InLata": "834", "InRateCenter": "HILO"}, {"Hilo"}),
        ({"InRegion": "+18082341234"}, {"Honolulu", "Hilo"}),
        ({"InLocality": "+18082391234"}, {"Hilo"}),
        ({"InLocality": "(808) 231-1234"}, {"Honolulu"}),
        ({"NearLatLong": "19.72,-155.09"}, {"Hilo"}),
        ({"NearLatLong": "19.72,-155.09", "Distance": 300}, {"Honolulu", "Hilo"}),
        ({"NearLatLong": "37.8,-122.3", "InRegion": "HI"}, set()),
        ({"NearNumber": "+18082391234"}, {"Hilo"}),
        ({"NearNumber": "+442079460000"}, set()),
        ({"InLocality": "Atlantis"}, set()),
    ],
)
def test_where(params: dict[str, Any], expected: set[str]) -> None:
    assert localities(params) == expected


def test_without_a_place_any_place_will_do() -> None:
    assert search.read({}, "US").places is None


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Contains": "5"}, 20001),
        ({"NearNumber": "nonsense"}, 21401),
        ({"NearLatLong": "37.8"}, 20001),
        ({"NearLatLong": "137.8,0"}, 20001),
        ({"NearLatLong": "37.8,-122.3", "Distance": 501}, 20001),
        ({"AreaCode": 51}, 21451),
        ({"AreaCode": "abc"}, 21451),
    ],
)
def test_refusals(params: dict[str, Any], code: int) -> None:
    with pytest.raises(ApiError) as refused:
        search.read(params, "US")
    assert refused.value.code == code


def test_area_codes_are_north_american() -> None:
    with pytest.raises(ApiError) as refused:
        search.read({"AreaCode": 207}, "GB")
    assert refused.value.code == 21457


def test_exclusions() -> None:
    assert search.read({"ExcludeAllAddressRequired": True}, "GB").without_address == {
        "any",
        "local",
        "foreign",
    }
    assert search.read({"ExcludeLocalAddressRequired": True}, "GB").without_address == {"local"}
    assert search.read({"ExcludeLocalAddressRequired": False}, "GB").without_address == frozenset()
