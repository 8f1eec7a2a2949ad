"""Filters of lists by date (`DateCreated`, `DateCreated>`, `DateCreated<`): from when, and until when, rows pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localloop.rest.values import span_of


def window(params: Mapping[str, Any], name: str) -> tuple[datetime | None, datetime | None]:
    """Inclusive from, exclusive until: a whole day in UTC, also when a moment is named, as SDKs do with a date
    (Twilio's references of Calls and Messages). Its bounds are days or seconds, inclusive."""
    starts, ends = [], []
    if (exact := params.get(name)) is not None:
        day = span_of(exact.astimezone(UTC).date() if isinstance(exact, datetime) else exact)
        starts.append(day[0])
        ends.append(day[1])
    if (least := params.get(f"{name}>")) is not None:
        starts.append(span_of(least)[0])
    if (most := params.get(f"{name}<")) is not None:
        ends.append(span_of(most)[1])
    return max(starts, default=None), min(ends, default=None)
