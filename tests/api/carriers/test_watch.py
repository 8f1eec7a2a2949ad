"""Long polls on phones."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from localloop.carriers import phones
from localloop.carriers.patterns import PatternError
from localloop.carriers.phones import PhoneMessage
from localloop.carriers.watch import PhoneWatch, Waited, Wanted
from localloop.store import Database

WORLD = "AC" + "0" * 32
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
A = "+15550000001"


@pytest.fixture
async def watch(database: Database) -> AsyncIterator[PhoneWatch]:
    opened = PhoneWatch(database)
    yield opened
    await opened.close()


def text(
    body: str, number: str = A, direction: phones.Direction = "received", at: datetime = NOW
) -> PhoneMessage:
    return PhoneMessage(
        world_sid=WORLD,
        number=number,
        direction=direction,
        peer="+15550009999",
        body=body,
        date_created=at,
    )


def lasting(seconds: float) -> asyncio.Future[None]:
    """A wait of so long."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    loop.call_later(seconds, over.set_result, None)
    return over


async def put(database: Database, *messages: PhoneMessage) -> None:
    async with database.unit() as unit:
        await phones.keep(unit, messages)


async def until_waiting(watch: PhoneWatch, count: int) -> None:
    async with asyncio.timeout(60):
        while watch.waiting < count:
            await asyncio.sleep(0)


async def test_what_is_there_already_counts(database: Database, watch: PhoneWatch) -> None:
    old, new = text("code 1"), text("code 2")
    await put(database, old, new, text("other"), text("code 3", direction="sent"))
    wanted = Wanted(r"code \d", "received")
    assert await watch.wait(WORLD, A, wanted, lasting(0)) == Waited(new)


async def test_since_excludes_what_is_older(database: Database, watch: PhoneWatch) -> None:
    await put(database, text("code 1", at=NOW - timedelta(seconds=1)))
    assert (await watch.wait(WORLD, A, Wanted("code", since=NOW), lasting(0))).message is None


async def test_after_excludes_a_text_and_those_before_it(database: Database, watch: PhoneWatch) -> None:
    older, old = text("code 1"), text("code 2")
    await put(database, older, old)
    assert (await watch.wait(WORLD, A, Wanted("code", after=older.id), lasting(0))).message == old
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(watch.wait(WORLD, A, Wanted("code", after=old.id), lasting(20)))
        await until_waiting(watch, 1)
        coming = text("code 3")
        await put(database, coming)
    assert waiting.result() == Waited(coming)


async def test_a_text_that_comes_wakes_its_waiter(database: Database, watch: PhoneWatch) -> None:
    await put(database, text("hello"))
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(watch.wait(WORLD, A, Wanted(r"code (\d+)"), lasting(20)))
        await until_waiting(watch, 1)
        await put(database, text("nothing"), text("code 1", number="+15550000002"))
        coming = text("your code 4711")
        await put(database, coming)
    assert waiting.result() == Waited(coming)
    assert watch.waiting == 0


async def test_a_burst_hides_nothing(database: Database, watch: PhoneWatch) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(watch.wait(WORLD, A, Wanted("number 7 "), lasting(20)))
        await until_waiting(watch, 1)
        burst = [text(f"number {n} ") for n in range(600)]
        await put(database, *burst)
    assert waiting.result().message == burst[7]


async def test_timeout_tells_what_came_closest(database: Database, watch: PhoneWatch) -> None:
    likely = text("your code is 12")
    await put(database, likely, text("hello there"), text("your code is 123456", direction="sent"))
    wanted = Wanted(r"code is \d{6}", "received")
    assert await watch.wait(WORLD, A, wanted, lasting(0.01)) == Waited(None, likely)
    assert await watch.wait(WORLD, "+15550000002", wanted, lasting(0.01)) == Waited(None, None)


@pytest.mark.parametrize("pattern", ["(", r"^(\w+\s?)*$"])
async def test_bad_patterns_end_the_wait(database: Database, watch: PhoneWatch, pattern: str) -> None:
    await put(database, text("a" * 60 + "!"))
    with pytest.raises(PatternError):
        await watch.wait(WORLD, A, Wanted(pattern), lasting(5))


async def test_nothing_is_missed_while_the_listening_connection_is_away(
    database: Database, watch: PhoneWatch
) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(watch.wait(WORLD, A, Wanted("code"), lasting(20)))
        await until_waiting(watch, 1)
        coming = text("code 1")
        async with database.unit() as unit:
            await phones.keep(unit, [coming])
            # Ends before the unit commits, so its notice reaches nobody.
            await unit.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and query ilike 'listen%'"
            )
    assert waiting.result() == Waited(coming)


async def test_cancelled_waiters_leave_nothing(watch: PhoneWatch) -> None:
    waiting = asyncio.ensure_future(watch.wait(WORLD, A, Wanted(), lasting(60)))
    await until_waiting(watch, 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert watch.waiting == 0


async def test_ten_thousand_waiters_are_small_and_all_are_woken(
    database: Database, watch: PhoneWatch
) -> None:
    await put(database, *(text(f"old {n}", number=f"+1555{n % 500:07}") for n in range(2_000)))
    async with asyncio.TaskGroup() as tasks:

        def wait(count: int) -> list[asyncio.Task[Waited]]:
            return [
                tasks.create_task(watch.wait(WORLD, f"+1555{n % 500:07}", Wanted("go"), lasting(60)))
                for n in range(count)
            ]

        # Looking at memory makes everything three times as slow, and one waiter is as large as another.
        tracemalloc.start()
        waits = wait(2_000)
        await until_waiting(watch, 2_000)
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        waits += wait(8_000)
        await until_waiting(watch, 10_000)
        await put(database, *(text("go now", number=f"+1555{n:07}") for n in range(500)))
    assert all(wait.result().message for wait in waits)
    assert size < 2_000 * 10_000, f"{size / 2_000:.0f} bytes each"
