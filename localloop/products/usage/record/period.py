"""Days put together: by day, month or year, and the spans that have names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from localloop.core import errors
from localloop.products.usage.record.source import Days

_DAY: Final = timedelta(days=1)
_OFFSET: Final = re.compile(r"([+-]\d{1,5})days?")


def _utc(text: str) -> date:
    """The day of a moment, which programs send for a day."""
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC).date()


def day_of(value: object, name: str, today: date) -> date | None:
    """A day, or how many from today: `-30days`. Raises 400."""
    if value is None or isinstance(value, date):
        return value
    text = str(value).strip()
    if offset := _OFFSET.fullmatch(text.replace(" ", "+")):
        return today + timedelta(days=int(offset[1]))
    try:
        return date.fromisoformat(text) if len(text) <= len("YYYY-MM-DD") else _utc(text)
    except ValueError:
        raise errors.invalid_parameter(name, "It is YYYY-MM-DD, or like -30days.") from None


def today(now: date) -> Days:
    return Days(now, now)


def yesterday(now: date) -> Days:
    return Days(now - _DAY, now - _DAY)


def this_month(now: date) -> Days:
    return Days(now.replace(day=1), now)


def last_month(now: date) -> Days:
    last = now.replace(day=1) - _DAY
    return Days(last.replace(day=1), last)


def daily(day: date) -> Days:
    return Days(day, day)


def monthly(day: date) -> Days:
    first = day.replace(day=1)
    return Days(first, (first + timedelta(days=31)).replace(day=1) - _DAY)


def yearly(day: date) -> Days:
    return Days(date(day.year, 1, 1), date(day.year, 12, 31))


def each(period: Callable[[date], Days], whole: Days) -> list[Days]:
    """The periods that a span of days has, newest first, the outer ones cut to it."""
    assert whole.first is not None
    assert whole.last is not None
    found: list[Days] = []
    day = whole.last
    while day >= whole.first:
        first = max(period(day).first or day, whole.first)
        found.append(Days(first, day))
        day = first - _DAY
    return found
