"""Breaker and limits: an endpoint that does not answer keeps its own notifications waiting, and loses none."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from dispatching import ACCOUNT, MESSAGE, queue, told, until, until_idle, working
from http_server import Received, Server, answer, running
from webhook_keys import Keys

from localloop.jobs import Worker
from localloop.store import Database
from localloop.webhooks import KIND, UP, Notification, Outbound, Preferences, Webhooks
from localloop.webhooks.endpoints import Endpoint, Gate, Limits, Passage, Postponed, Visitor, lane_of

OK = answer("204 No Content", length=False)
BUSY = answer("503 Busy")
NARROW = Limits(first_window=2, window=2, patience_s=0.05)
NERVOUS = Limits(first_window=1, window=1, troubles=3, first_pause_s=0.2, longest_pause_s=0.4)


def many(server: Server, count: int) -> list[Notification]:
    return [told(server, "sent", resource=f"SM{n:032}") for n in range(count)]


async def test_an_endpoint_gets_few_at_once_and_all_in_the_end(database: Database) -> None:
    """Ten at an endpoint that hangs: two are under way, the others are parked, another endpoint is served."""
    answering = asyncio.Event()

    async def hang(_request: Received, writer: asyncio.StreamWriter) -> None:
        await answering.wait()
        writer.write(OK)

    async with (
        running(Server(respond=hang)) as stuck,
        running(Server(OK)) as good,
        working(database, limits=NARROW),
    ):
        await queue(database, *many(stuck, 10))
        await until(database, "count(*) = 8 from jobs where lane is not null and not leased")
        assert len(stuck.requests) == 2
        await queue(database, told(good, "sent"))
        await good.wait_for(1)
        answering.set()
        await until_idle(database)
        assert sorted(request.form["MessageSid"] for request in stuck.requests) == [
            f"SM{n:032}" for n in range(10)
        ]
    assert await database.fetchval("select count(*) from deliveries where status_code = 204") == 11


async def test_an_open_circuit_postpones_and_a_probe_closes_it(database: Database) -> None:
    """Three in a row are answered 503 and given up, as Twilio gives up; the other seven wait until it is over."""
    async with running(Server(BUSY, BUSY, BUSY, OK)) as server, working(database, limits=NERVOUS):
        await queue(database, *many(server, 10))
        await until_idle(database)
        assert len(server.requests) == 10
    rows = await database.fetch("select status_code, date_created as at from deliveries order by id")
    assert [row["status_code"] for row in rows] == [503] * 3 + [204] * 7
    assert (rows[3]["at"] - rows[2]["at"]).total_seconds() >= 0.19


async def test_a_failed_probe_doubles_the_pause(database: Database) -> None:
    async with running(Server(*[BUSY] * 4, OK)) as server, working(database, limits=NERVOUS):
        await queue(database, *many(server, 6))
        await until_idle(database)
    rows = await database.fetch("select status_code, date_created as at from deliveries order by id")
    assert [row["status_code"] for row in rows] == [503] * 4 + [204] * 2
    pauses = [(after["at"] - before["at"]).total_seconds() for before, after in itertools.pairwise(rows)]
    assert pauses[2] >= 0.19
    assert pauses[3] >= 0.39


async def test_errors_of_the_application_open_no_circuit(database: Database) -> None:
    """A bug in one handler is no reason to keep the others waiting."""
    async with (
        running(Server(answer("500 Oops"))) as server,
        working(database, limits=NERVOUS),
    ):
        await queue(database, *many(server, 8))
        await until_idle(database)
        assert len(server.requests) == 8


async def test_followers_of_a_parked_one_are_parked_and_come_after_it(database: Database) -> None:
    answering = asyncio.Event()

    async def hang(_request: Received, writer: asyncio.StreamWriter) -> None:
        await answering.wait()
        writer.write(OK)

    async with running(Server(respond=hang)) as server, working(database, limits=NARROW):
        await queue(database, *many(server, 6))
        await until(database, "count(*) >= 2 from jobs where lane is not null and not leased")
        await queue(database, told(server, "sent"))
        await queue(database, told(server, "delivered", follows=True))
        await until(
            database,
            f"count(*) = 2 from jobs where key = 'webhook:{MESSAGE}' and lane is not null and not leased",
        )
        answering.set()
        await until_idle(database)
        came = [request.form for request in server.requests if request.form["MessageSid"] == MESSAGE]
    assert [form["MessageStatus"] for form in came] == ["sent", "delivered"]


async def test_parked_jobs_outlive_their_worker(database: Database) -> None:
    """Whoever comes next finds them when their time has come."""

    async def hang(_request: Received, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with running(Server(respond=hang)) as stuck:
        await queue(database, *many(stuck, 6))
        outbound = Outbound(UP)
        hooks = Webhooks(database, outbound, Keys(), defaults=Preferences(), limits=NARROW)
        first = asyncio.ensure_future(Worker(database, {KIND: hooks.deliver}).run())
        await until(database, "count(*) = 4 from jobs where lane is not null and not leased")
        first.cancel()
        await asyncio.wait([first])
        await hooks.close()
        await outbound.close()
    assert await database.fetchval("select count(*) from jobs") == 6
    async with running(Server(OK), port=stuck.port) as server, working(database, limits=NARROW):
        await until_idle(database)
        assert len(server.requests) == 6


async def test_what_waits_for_too_long_passes_an_open_circuit(database: Database) -> None:
    gate = Gate(database, NERVOUS)
    endpoint = await opened(gate)
    with pytest.raises(Postponed) as kept_away:
        async with passage_of(gate, endpoint, Visitor(10)):
            raise AssertionError("the circuit is open")
    assert 0 < kept_away.value.after_s <= 0.2
    async with passage_of(gate, endpoint, Visitor(11, may_probe=True)) as passage:
        passage.is_trouble = False
    assert not endpoint.is_open


@asynccontextmanager
async def passage_of(gate: Gate, endpoint: Endpoint, visitor: Visitor) -> AsyncIterator[Passage]:
    passage = await gate.enter(endpoint, visitor)
    try:
        yield passage
    finally:
        gate.leave(endpoint, visitor.job_id, passage)


async def opened(gate: Gate) -> Endpoint:
    endpoint = gate.endpoint(ACCOUNT, "http://127.0.0.1:9/")
    for number in range(3):
        async with passage_of(gate, endpoint, Visitor(number)) as passage:
            passage.is_trouble = True
    assert endpoint.is_open
    return endpoint


async def parked(database: Database, endpoint: Endpoint, count: int) -> None:
    """Notifications in the endpoint's lane whose own time is far away."""
    async with running(Server()) as server:
        await queue(database, *many(server, count))
    await database.execute("update jobs set lane = $1, run_at = 'infinity'", endpoint.lane)
    endpoint.parked = count


async def left(database: Database) -> int:
    """How many nobody has released."""
    count: int = await database.fetchval("select count(*) from jobs where run_at = 'infinity'")
    return count


async def test_the_probe_of_an_open_circuit_does_not_count_for_two(database: Database) -> None:
    """When released and again when it comes: else the last one in the lane would be taken for gone, and forgotten."""
    gate = Gate(database, NERVOUS)
    endpoint = await opened(gate)
    await parked(database, endpoint, 2)
    await gate.relieve(endpoint)
    assert await left(database) == 1
    endpoint.opens_at = 0.0
    async with passage_of(gate, endpoint, Visitor(10, has_parked=True)) as passage:
        passage.is_trouble = False
    await gate.relieve(endpoint)
    assert await left(database) == 0


async def test_who_comes_back_after_a_while_does_not_count_for_two(database: Database) -> None:
    """By then it is no longer known who was released: a slow process takes them, or another one does."""
    gate = Gate(database, NARROW)
    endpoint = gate.endpoint(ACCOUNT, "http://127.0.0.1:9/")
    await parked(database, endpoint, 8)
    await gate.relieve(endpoint)
    assert await left(database) == 4
    endpoint.coming = 0
    for number in range(4):
        async with passage_of(gate, endpoint, Visitor(number, has_parked=True)) as passage:
            passage.is_trouble = False
    await gate.relieve(endpoint)
    assert await left(database) == 0


async def test_who_comes_while_others_are_released_is_expected_no_longer(database: Database) -> None:
    """What is expected keeps room free for itself: one too many is one place that nobody gets."""
    gate = Gate(database, NARROW)
    endpoint = gate.endpoint(ACCOUNT, "http://127.0.0.1:9/")
    await parked(database, endpoint, 4)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(gate.relieve(endpoint))
        while not endpoint.coming:
            await asyncio.sleep(0)
        for number in range(2):
            async with passage_of(gate, endpoint, Visitor(number, has_parked=True)):
                pass
    assert (await left(database), endpoint.coming) == (0, 2)


async def test_slow_endpoints_never_fill_the_worker(database: Database) -> None:
    """Past the total an unknown endpoint has to wait, a quick one does not."""
    gate = Gate(database, Limits(first_window=2, total=4))
    quick, slow, unknown = (
        gate.endpoint(ACCOUNT, f"http://{name}/") for name in ("quick", "slow", "unknown")
    )
    async with passage_of(gate, quick, Visitor(0)) as passage:
        passage.is_trouble = False
    async with asyncio.TaskGroup() as tasks:
        done = asyncio.Event()

        async def hold(endpoint: Endpoint, number: int) -> None:
            async with passage_of(gate, endpoint, Visitor(number)):
                await done.wait()

        for number in (1, 2):
            tasks.create_task(hold(slow, number))
            tasks.create_task(hold(quick, 10 + number))
        while len(slow.running) + len(quick.running) < 4:
            await asyncio.sleep(0)
        with pytest.raises(Postponed):
            async with passage_of(gate, unknown, Visitor(20)):
                raise AssertionError("there is no room")
        async with passage_of(gate, quick, Visitor(21)) as passage:
            passage.is_trouble = False
        done.set()


def test_lanes() -> None:
    assert lane_of("AC1", "https://User:pw@Example.com/a?b#c") == "AC1 https://example.com:443"
    assert lane_of("AC1", "http://example.com:8080/x") == "AC1 http://example.com:8080"
    assert lane_of("AC1", "http://[::1") == "AC1 ?"
