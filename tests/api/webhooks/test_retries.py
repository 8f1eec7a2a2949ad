"""Retries: none beyond Twilio's by default, a schedule over a day for accounts that want it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from dispatching import ACCOUNT, queue, told, until, until_idle, working
from http_server import Server, answer, running
from msgspec.structs import replace

from localloop.core import clock
from localloop.jobs import enqueue
from localloop.store import Database
from localloop.store.worlds import Worlds, move_clock
from localloop.webhooks.preferences import Wish, change
from localloop.webhooks.retries import SCHEDULE

OK = answer("204 No Content", length=False)
OOPS = answer("500 Oops")


@pytest.fixture(autouse=True)
async def _worlds(database: Database) -> AsyncIterator[None]:
    """Who runs jobs follows the clocks."""
    worlds = Worlds(database, runs_jobs=True)
    await worlds.start()
    yield
    await worlds.close()


async def choose(database: Database, **wish: str) -> None:
    async with database.unit() as unit:
        await change(unit, ACCOUNT, Wish(**wish), clock.now())


async def advance(database: Database, by: timedelta) -> None:
    async with database.unit() as unit:
        await move_clock(unit, ACCOUNT, clock.world_time(ACCOUNT).advanced(by))


async def freeze(database: Database) -> None:
    async with database.unit() as unit:
        await move_clock(unit, ACCOUNT, clock.frozen(clock.now()))


async def test_the_schedule_runs_in_the_worlds_time(database: Database) -> None:
    """Eight attempts over a day and a quarter, in a moment: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h."""
    await freeze(database)
    await choose(database, retries="extended")
    began = clock.now(ACCOUNT)
    async with running(Server(OOPS)) as server, working(database):
        notification = told(server, "sent", path="/status#rc=0")
        await queue(database, notification)
        for number, pause in enumerate(SCHEDULE, 1):
            await server.wait_for(number)
            await until(database, "exists (select from jobs where key like 'webhook-retry:%' and not leased)")
            due_at = await database.fetchval("select due_at from jobs")
            assert pause * 0.9 <= due_at - clock.now(ACCOUNT) <= pause * 1.1
            await advance(database, pause * 0.89)
            assert len(server.requests) == number
            await advance(database, pause * 0.22)
        await server.wait_for(8)
        await until_idle(database)
        assert len(server.requests) == 8
        tokens = {request.headers["i-twilio-idempotency-token"] for request in server.requests}
        assert tokens == {notification.idempotency_token}
    rows = await database.fetch(
        "select attempt, date_created, token::text as token from deliveries order by id"
    )
    assert [row["attempt"] for row in rows] == list(range(1, 9))
    assert {row["token"] for row in rows} == tokens
    assert timedelta(hours=27) < rows[-1]["date_created"] - began < timedelta(hours=31)


async def test_a_retry_blocks_nobody(database: Database) -> None:
    """The next status goes out while the first one waits for its second attempt."""
    await choose(database, retries="extended")
    async with running(Server(OOPS, OK)) as server, working(database):
        await queue(database, told(server, "sent"))
        await until(database, "exists (select from jobs where key like 'webhook-retry:%')")
        await queue(database, told(server, "delivered", follows=True))
        await server.wait_for(2)
        await until(database, "count(*) = 1 from jobs")
        assert [request.form["MessageStatus"] for request in server.requests] == ["sent", "delivered"]


async def test_a_retry_that_is_answered_is_the_last(database: Database) -> None:
    await freeze(database)
    await choose(database, retries="extended")
    async with running(Server(OOPS, OK)) as server, working(database):
        await queue(database, told(server, "sent"))
        await until(database, "exists (select from jobs where key like 'webhook-retry:%' and not leased)")
        await advance(database, timedelta(seconds=6))
        await until_idle(database)
    rows = await database.fetch(
        "select attempt, status_code, detail is null as compact from deliveries order by id"
    )
    assert [tuple(row) for row in rows] == [(1, 500, False), (2, 204, True)]


async def test_a_subaccount_does_as_its_main_account_unless_it_chose(database: Database) -> None:
    sub = "AC" + "5" * 32
    await choose(database, retries="extended")
    async with running(Server(OOPS)) as server, working(database):
        notification = told(server, "sent")
        async with database.unit() as unit:
            await enqueue(unit, [replace(notification, account_sid=sub).job(ACCOUNT, clock.now(ACCOUNT))])
        await until(database, "exists (select from jobs where key like 'webhook-retry:%')")
