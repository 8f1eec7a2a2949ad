"""A call that nobody ends: its limit does, whatever it waits for, and it costs what it lasted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.api.calls.conftest import Loop

FOR_EVER = "<Response>" + "<Pause length='3600'/>" * 5 + "</Response>"


@pytest.mark.parametrize(
    ("limit", "duration", "price"),
    [(None, 14_400, "-3.36000"), ("90", 90, "-0.02800")],  # 1.4 cents a minute begun
)
async def test_a_call_ends_at_its_limit(loop: Loop, limit: str | None, duration: int, price: str) -> None:
    wish = {"TimeLimit": limit} if limit else {}
    made = await loop.call(Url="", Twiml=FOR_EVER, StatusCallback=f"{loop.app.url}/status", **wish)
    await loop.go_on(timedelta(hours=6))
    ended = await loop.ended(made["sid"])
    assert (ended["status"], ended["duration"], ended["price"]) == ("completed", str(duration), price)
    began, over = (
        datetime.strptime(ended[name], "%a, %d %b %Y %H:%M:%S %z") for name in ("start_time", "end_time")
    )
    assert (over - began).total_seconds() == pytest.approx(duration + 1, abs=1)  # it rang for a second
    (told,) = loop.app.told("/status")
    assert (told["CallStatus"], told["CallDuration"], told["Duration"]) == (
        "completed",
        str(duration),
        str(-(-duration // 60)),
    )
    limits = "select count(*) from alerts where error_code = 32015 and resource_sid = $1"
    assert await loop.database.fetchval(limits, made["sid"]) == 1
    assert not await loop.database.fetchval("select exists (select from jobs where key like 'call%')")
