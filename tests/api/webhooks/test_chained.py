"""Two notifications that were known at once: one job, one after the other, each with a fate of its own."""

from __future__ import annotations

import pytest
from dispatching import ACCOUNT, WIDE, queue, told, until, until_idle, working
from http_server import Server, answer, running
from msgspec.structs import replace

from localloop.core import clock
from localloop.store import Database
from localloop.webhooks.preferences import Wish, change

OK = answer("204 No Content", length=False)
OOPS = answer("500 Oops")
AWAY = answer("503 Away")


async def chain(database: Database, server: Server) -> None:
    await queue(database, replace(told(server, "sent"), next=told(server, "delivered", follows=True)))


async def extend(database: Database) -> None:
    async with database.unit() as unit:
        await change(unit, ACCOUNT, Wish(retries="extended"), clock.now())


async def test_both_leave_in_order_by_one_job(database: Database) -> None:
    async with running(Server(OK)) as server, working(database):
        await chain(database, server)
        assert await database.fetchval("select count(*) from jobs") <= 1
        await until_idle(database)
        statuses = [request.form["MessageStatus"] for request in server.requests]
        tokens = [request.headers["i-twilio-idempotency-token"] for request in server.requests]
    assert statuses == ["sent", "delivered"]
    rows = await database.fetch("select token::text as token, status_code from deliveries order by id")
    assert [tuple(row) for row in rows] == [(token, 204) for token in tokens]
    assert len(set(tokens)) == 2


@pytest.mark.parametrize(("answers", "failing"), [((OOPS, OK), "sent"), ((OK, OOPS), "delivered")])
async def test_who_fails_comes_back_alone(
    database: Database, answers: tuple[bytes, bytes], failing: str
) -> None:
    await extend(database)
    async with running(Server(*answers)) as server, working(database):
        await chain(database, server)
        await server.wait_for(2)
        await until(database, "count(*) = 1 from jobs where key like 'webhook-retry:%'")
        await until(database, "count(*) = 1 from jobs")
    payload = bytes(await database.fetchval("select payload from jobs")).decode()
    assert f'"MessageStatus":"{failing}"' in payload
    assert '"next"' not in payload
    assert await database.fetchval("select count(*) from deliveries") == 2


async def test_the_second_waits_where_the_circuit_opens_between_them(database: Database) -> None:
    nervous = replace(WIDE, troubles=1, first_pause_s=0.05, longest_pause_s=0.05)
    async with running(Server(AWAY, OK)) as server, working(database, limits=nervous):
        await chain(database, server)
        await until_idle(database)
        statuses = [request.form["MessageStatus"] for request in server.requests]
    assert statuses == ["sent", "delivered"]
    rows = await database.fetch("select status_code from deliveries order by id")
    assert [row["status_code"] for row in rows] == [503, 204]
