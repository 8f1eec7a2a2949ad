"""Moments as the filters of Voice Insights have them: of ISO 8601, a day, or so long ago (`30m`, `4h`, `2d`)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from localloop.core import errors
from localloop.rest.values import span_of

_AGO: Final = re.compile(r"([0-9]{1,4})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def span(text: str, name: str, now: datetime) -> tuple[datetime, datetime]:
    """From when until when it is that moment, or that day. Raises 20001."""
    if ago := _AGO.fullmatch(text):
        return span_of(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        return span_of(date.fromisoformat(text) if len(text) <= len("YYYY-MM-DD") else _moment(text))
    except ValueError:
        raise errors.invalid_parameter(name, "it is a moment of ISO 8601, or like 4h") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
