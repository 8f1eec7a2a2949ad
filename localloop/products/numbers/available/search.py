"""From the parameters of a list to a search of the inventory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from localloop.core import e164, errors
from localloop.products.numbers import contains, geography
from localloop.products.numbers.geography import Place
from localloop.products.numbers.inventory import NANP, AddressRequirement, Search
from localloop.products.numbers.numbering import Pattern

DISTANCE: Final = 25
LONGEST_DISTANCE: Final = 500
_EXCLUSIONS: Final[Mapping[str, frozenset[AddressRequirement]]] = {
    "ExcludeAllAddressRequired": frozenset(("any", "local", "foreign")),
    "ExcludeLocalAddressRequired": frozenset(("local",)),
    "ExcludeForeignAddressRequired": frozenset(("foreign",)),
}
# A phone number in place of the value means: where that number is.
_PLACE_FILTERS: Final[Mapping[str, Callable[[Place], str]]] = {
    "InPostalCode": lambda place: place.postal_code,
    "InRegion": lambda place: place.region,
    "InRateCenter": lambda place: place.rate_center,
    "InLata": lambda place: place.lata,
    "InLocality": lambda place: place.locality,
}


def read(params: Mapping[str, Any], iso_country: str) -> Search:
    """Raises 20001 for what cannot be read, 21451 and 21457 for an area code."""
    return Search(
        area_code=_area_code(params.get("AreaCode"), iso_country),
        pattern=_pattern(params.get("Contains")),
        voice=params.get("VoiceEnabled"),
        sms=params.get("SmsEnabled"),
        mms=params.get("MmsEnabled"),
        fax=params.get("FaxEnabled"),
        beta=params.get("Beta", True) is not False,
        without_address=frozenset[AddressRequirement]().union(
            *(kinds for name, kinds in _EXCLUSIONS.items() if params.get(name))
        ),
        places=_places(params),
    )


def _area_code(value: Any, iso_country: str) -> str:
    if value in (None, ""):
        return ""
    if iso_country not in NANP:
        raise errors.area_code_not_supported()
    text = str(value)
    if len(text) != 3 or not text.isdecimal():
        raise errors.invalid_area_code()
    return text


def _pattern(text: str | None) -> Pattern | None:
    if not text:
        return None
    try:
        return contains.read(text)
    except ValueError as error:
        raise errors.invalid_parameter("Contains", str(error)) from None


def _places(params: Mapping[str, Any]) -> frozenset[Place] | None:
    """The places that meet every filter on places; None when there is no such filter."""
    tests: list[Callable[[Place], bool]] = []
    for name, value_of in _PLACE_FILTERS.items():
        if params.get(name):
            tests.append(_same(value_of, str(params[name])))
    if params.get("NearNumber") or params.get("NearLatLong"):
        tests.append(_near(params))
    if not tests:
        return None
    return frozenset(place for place in geography.places() if all(test(place) for test in tests))


def _same(value_of: Callable[[Place], str], wanted: str) -> Callable[[Place], bool]:
    number = e164.parse(wanted)
    if number is not None and number.is_possible:
        there = geography.place_of(number.e164.removeprefix("+1"))
        return lambda place: there is not None and value_of(place) == value_of(there)
    folded = wanted.strip().casefold()
    return lambda place: value_of(place).casefold() == folded


def _near(params: Mapping[str, Any]) -> Callable[[Place], bool]:
    distance = _distance(params.get("Distance"))
    centers: list[tuple[float, float]] = []
    if params.get("NearLatLong"):
        centers.append(_coordinates(str(params["NearLatLong"])))
    if params.get("NearNumber"):
        number = e164.parse(str(params["NearNumber"]))
        if number is None or not number.is_possible:
            raise errors.invalid_phone_number(str(params["NearNumber"]))
        place = geography.place_of(number.e164.removeprefix("+1"))
        if place is None:
            return lambda _: False
        centers.append((place.latitude, place.longitude))
    return lambda place: all(place.miles_to(*center) <= distance for center in centers)


def _distance(value: Any) -> int:
    if value in (None, ""):
        return DISTANCE
    if not 0 < int(value) <= LONGEST_DISTANCE:
        raise errors.invalid_parameter("Distance", f"It must be between 1 and {LONGEST_DISTANCE}.")
    return int(value)


def _coordinates(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise errors.invalid_parameter("NearLatLong", "It must be latitude,longitude.") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise errors.invalid_parameter("NearLatLong", "It must be latitude,longitude.")
    return latitude, longitude
