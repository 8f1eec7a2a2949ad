"""Purchases with test credentials: fixed inputs, fixed results, and nothing is kept (Twilio: "Test credentials")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from localloop.core import errors
from localloop.core.errors import ApiError

UNAVAILABLE: Final = "+15005550000"
INVALID: Final = "+15005550001"
AVAILABLE: Final = "+15005550006"
EMPTY_AREA: Final = "533"
AVAILABLE_AREA: Final = "500"

_NUMBERS: Final[Mapping[str, Callable[[str], ApiError] | None]] = {
    UNAVAILABLE: errors.phone_number_unavailable,
    INVALID: errors.phone_number_invalid,
    AVAILABLE: None,
}
_AREAS: Final[Mapping[str, Callable[[str], ApiError] | None]] = {
    EMPTY_AREA: errors.no_numbers_in_area_code,
    AVAILABLE_AREA: None,
}


def bought(params: Mapping[str, Any]) -> str:
    """The number that a purchase with test credentials answers. Raises 21421, 21422, 21452."""
    if number := params.get("PhoneNumber"):
        refusal = _NUMBERS.get(number, errors.phone_number_unavailable)
        if refusal is not None:
            raise refusal(number)
        return str(number)
    area_code = str(params.get("AreaCode", ""))
    refusal = _AREAS.get(area_code, errors.no_numbers_in_area_code)
    if refusal is not None:
        raise refusal(area_code)
    return AVAILABLE
