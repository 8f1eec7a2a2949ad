"""The moments that filters of Voice Insights name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localloop.core.errors import ApiError
from localloop.products.voice.insights.moments import span

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since", "lasts"),
    [
        ("4h", datetime(2026, 1, 2, 8, tzinfo=UTC), timedelta(seconds=1)),
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)),
        ("2026-01-01T02:00:00+02:00", datetime(2026, 1, 1, tzinfo=UTC), timedelta(seconds=1)),
    ],
)
def test_moments_and_days(text: str, since: datetime, lasts: timedelta) -> None:
    assert span(text, "StartTime", NOW) == (since, since + lasts)


@pytest.mark.parametrize(
    "text", ["soon", "4y", "9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ApiError) as raised:
        span(text, "StartTime", NOW)
    assert raised.value.code == 20001
