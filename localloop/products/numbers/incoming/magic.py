"""Purchases with test credentials: fixed inputs, fixed results, and nothing is kept (Twilio: "Test credentials")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from localloop.core import e164, errors
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
    """The number that a purchase with test credentials answers. Raises 20001, 21421, 21422, 21452."""
    if written := params.get("PhoneNumber"):
        parsed = e164.parse(written)
        if parsed is None or not parsed.is_possible:
            raise errors.phone_number_invalid(written)
        refusal = _NUMBERS.get(parsed.e164, errors.phone_number_unavailable)
        if refusal is not None:
            raise refusal(parsed.e164)
        return parsed.e164
    if not params.get("AreaCode"):
        raise errors.missing_parameter("PhoneNumber")
    area_code = str(params["AreaCode"])
    refusal = _AREAS.get(area_code, errors.no_numbers_in_area_code)
    if refusal is not None:
        raise refusal(area_code)
    return AVAILABLE
