"""Messages obey the clock of their world: frozen, advanced, and too late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from http_server import Server, answer, running

from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.products.messaging import Rules
from localloop.rest.request import Caller
from tests.api.messaging.conftest import FROM, TO, Phone, advance, move

OK = answer("204 No Content", length=False)


@pytest.fixture
def rules() -> Rules:
    """A segment each second."""
    return Rules()


async def _statuses(server: Phone, caller: Caller) -> list[str]:
    return [row["status"] for row in await server.listed(caller)]


async def test_what_has_to_wait_waits_for_the_clock(frozen: Phone, caller: Caller, stranger: Caller) -> None:
    for body in ("at once", "a second later", "x" * 161, "four seconds later"):
        await frozen.send(caller, Body=body)
    elsewhere = await frozen.send(stranger)
    await frozen.quiet()
    assert await _statuses(frozen, caller) == ["delivered", "queued", "queued", "queued"]
    assert (await frozen.fetch(stranger, elsewhere["sid"]))["status"] == "delivered"

    await advance(frozen, caller, timedelta(seconds=1))
    assert await _statuses(frozen, caller) == ["delivered", "delivered", "queued", "queued"]

    await advance(frozen, caller, timedelta(hours=1))
    assert await _statuses(frozen, caller) == ["delivered"] * 4
    dates = [row["date_sent"] for row in await frozen.listed(caller)]
    assert [round((at - dates[0]).total_seconds()) for at in dates] == [0, 1, 3601, 3601]


async def test_a_slow_phone_waits_for_the_clock(frozen: Phone, caller: Caller) -> None:
    await frozen.database.execute(
        "insert into phones (world_sid, number, behavior, delay_ms, date_created, date_updated)"
        " values ($1, $2, 'slow', 60000, $3, $3)",
        caller.world_sid,
        TO,
        clock.now(),
    )
    await frozen.send(caller)
    await frozen.quiet()
    assert await _statuses(frozen, caller) == ["sent"]
    await advance(frozen, caller, timedelta(seconds=59))
    assert await _statuses(frozen, caller) == ["sent"]
    await advance(frozen, caller, timedelta(seconds=1))
    assert await _statuses(frozen, caller) == ["delivered"]


async def test_what_is_too_late_has_expired(frozen: Phone, caller: Caller) -> None:
    """It fails when its validity ends (30036), not when its turn comes."""
    async with running(Server(OK)) as application:
        for _ in range(100):
            await frozen.send(caller)
        late = await frozen.send(caller, ValidityPeriod=5, StatusCallback=application.url)
        await advance(frozen, caller, timedelta(seconds=5))
        assert (await frozen.fetch(caller, late["sid"]))["status"] == "queued"
        await advance(frozen, caller, timedelta(seconds=1))
        [request] = application.requests
    assert (request.form["MessageStatus"], request.form["ErrorCode"]) == ("failed", "30036")
    done = await frozen.fetch(caller, late["sid"])
    assert (done["error_code"], done["error_message"]) == (30036, "Validity Period Expired")
    assert (done["date_sent"], done["price"]) == (None, None)


async def test_a_text_to_a_frozen_world_is_answered_there(frozen: Phone, caller: Caller) -> None:
    twiml = answer("200 OK", b"<Response><Message>now</Message></Response>", "Content-Type: text/xml")
    async with running(Server(twiml)) as application:
        await frozen.own(caller, FROM, sms_url=application.url)
        await frozen.messaging.receive(caller.world_sid, TO, FROM, "hi")
        await frozen.quiet()
    dates = {row["date_created"] for row in await frozen.listed(caller)}
    assert await _statuses(frozen, caller) == ["received", "delivered"]
    assert dates == {clock.now(caller.world_sid)}


async def test_dates_of_a_world_that_fell_behind_are_found(frozen: Phone, caller: Caller) -> None:
    """Ids carry real time, dates the world's: a filter by date must not go by ids."""
    behind = WorldTime("frozen", frozen_at=clock.now() - timedelta(hours=3))
    await move(frozen, caller, behind)
    await frozen.send(caller)
    await frozen.quiet()
    [sent] = await frozen.listed(caller)
    assert sent["date_sent"] == behind.frozen_at
    for params in ({"DateSent<": sent["date_sent"]}, {"DateSent>": sent["date_sent"]}):
        assert len((await frozen.ask.items("api.v2010.ListMessage", caller, params)).items) == 1


async def test_a_queue_is_sent_when_a_day_passes_at_once(frozen: Phone, caller: Caller) -> None:
    for number in range(5):
        await frozen.send(caller, Body=f"number {number}")
    await frozen.send(caller, ValidityPeriod=3)
    await advance(frozen, caller, timedelta(days=1))
    assert await _statuses(frozen, caller) == ["delivered"] * 5 + ["failed"]
