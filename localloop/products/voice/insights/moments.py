"""Moments as the filters of Voice Insights have them: of ISO 8601, a day, or so long ago (`30m`, `4h`, `2d`)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from localloop.core import errors
from localloop.rest.values import day_or_moment, span_of

_AGO: Final = re.compile(r"([0-9]{1,4})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def span(text: str, name: str, now: datetime) -> tuple[datetime, datetime]:
    """From when until when it is that moment, or that day. Raises 20001."""
    if ago := _AGO.fullmatch(text):
        return span_of(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        return span_of(day_or_moment(text))
    except ValueError:
        raise errors.invalid_parameter(name, "it is a moment of ISO 8601, or like 4h") from None
