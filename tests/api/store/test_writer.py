"""Group commit: whatever befalls a batch, each of 256 callers gets the answer that is its own, exactly
once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from localloop.store import BatchWriter, Database, Overloaded, Unavailable

BATCH = 256
INSERT = "insert into items select * from unnest($1::int[]) returning n"


class Wire:
    """Between client and server: passes bytes on, and can swallow the answer to COMMIT and hang up."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.swallow_commits = 0
        self.cut_before_commits = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._target)
        back = asyncio.ensure_future(self._pass_back(upstream_reader, writer))
        try:
            while data := await reader.read(65536):
                commit = b"Q\x00\x00\x00\x0bcommit\x00" in data
                if commit and self.cut_before_commits:
                    self.cut_before_commits -= 1
                    break
                if commit and self.swallow_commits:
                    self.swallow_commits -= 1
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                    upstream_writer.write(data)
                    answer = await upstream_reader.read(65536)
                    assert b"COMMIT" in answer
                    break
                upstream_writer.write(data)
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            for side in (upstream_writer, writer):
                side.transport.abort()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


@pytest.fixture
async def items(database: Database) -> Database:
    await database.execute("create table items (n int primary key check (n <> 13))")
    return database


@pytest.fixture
async def wire(dsn: str) -> AsyncIterator[tuple[Wire, Database]]:
    """A database that is reached through a wire that can be cut."""
    parts = urlsplit(dsn)
    socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
    wire = Wire(socket)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = await Database.connect(f"postgresql://localloop@127.0.0.1:{port}{parts.path}?sslmode=disable")
    yield wire, database
    await database.close()
    server.close()


async def insert(connection: Any, numbers: Sequence[int]) -> list[int]:
    await connection.fetch(INSERT, list(numbers))
    return list(numbers)


async def everybody(writer: BatchWriter[int, int], numbers: Sequence[int]) -> list[int | BaseException]:
    return await asyncio.gather(*map(writer.write, numbers), return_exceptions=True)


async def stored(database: Database) -> list[int]:
    return [row["n"] for row in await database.fetch("select n from items order by n")]


async def test_callers_of_one_moment_share_one_transaction(items: Database) -> None:
    batches: list[int] = []

    async def counted(connection: Any, numbers: Sequence[int]) -> list[int]:
        batches.append(len(numbers))
        return [number * 2 for number in await insert(connection, numbers)]

    writer = BatchWriter(items, counted)
    assert await everybody(writer, range(20, 120)) == [n * 2 for n in range(20, 120)]
    assert batches == [100]
    await writer.close()
    assert await items.fetchval("select count(*) from batch_marks") == 0


async def test_violated_constraint_is_answered_to_its_caller_alone(items: Database) -> None:
    writer = BatchWriter(items, insert)
    answers = await everybody(writer, range(BATCH))
    assert isinstance(answers[13], asyncpg.CheckViolationError)
    assert [a for a in answers if a is not answers[13]] == [n for n in range(BATCH) if n != 13]
    assert await stored(items) == [n for n in range(BATCH) if n != 13]


async def test_many_culprits_are_each_found(items: Database) -> None:
    await items.execute("insert into items select n from generate_series(0, 255, 50) n")
    answers = await everybody(BatchWriter(items, insert), range(20, 20 + BATCH))
    refused = [
        20 + at for at, answer in enumerate(answers) if isinstance(answer, asyncpg.UniqueViolationError)
    ]
    assert refused == [50, 100, 150, 200, 250]
    assert await stored(items) == sorted({*range(20, 20 + BATCH), 0})


async def test_result_that_is_an_exception_spares_the_batch(items: Database) -> None:
    async def choosy(connection: Any, numbers: Sequence[int]) -> list[int | Exception]:
        await insert(connection, [n for n in numbers if n % 2 == 0])
        return [n if n % 2 == 0 else KeyError(n) for n in numbers]

    answers = await everybody(BatchWriter(items, choosy), [20, 21, 22])
    assert answers[0] == 20
    assert isinstance(answers[1], KeyError)
    assert answers[2] == 22


async def test_deadlock_victim_is_tried_again(items: Database) -> None:
    """Another transaction holds row 1 and wants row 2; the batch holds row 2 and wants row 1."""
    await items.execute("create table locks (id int primary key)")
    await items.execute("insert into locks values (1), (2)")
    batch_holds_2 = asyncio.Event()
    tries: list[int] = []

    async def crossing(connection: Any, numbers: Sequence[int]) -> list[int]:
        tries.append(len(numbers))
        await connection.execute("set local deadlock_timeout = '5ms'")
        await connection.execute("select 1 from locks where id = 2 for update")
        batch_holds_2.set()
        await connection.execute("select 1 from locks where id = 1 for update")
        return await insert(connection, numbers)

    async def rival() -> None:
        async with items.unit() as unit:
            await unit.execute("set local deadlock_timeout = '60s'")
            await unit.execute("select 1 from locks where id = 1 for update")
            held.set()
            await batch_holds_2.wait()
            await unit.execute("select 1 from locks where id = 2 for update")

    held = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rival())
        await held.wait()
        answers = await everybody(BatchWriter(items, crossing), range(20, 20 + BATCH))
    assert answers == list(range(20, 20 + BATCH))
    assert tries == [BATCH, BATCH]
    assert await stored(items) == answers


@pytest.mark.parametrize("moment", ["before the insert", "after the insert"])
async def test_terminated_backend_loses_and_doubles_nothing(items: Database, moment: str) -> None:
    victims = 2

    async def killed(connection: Any, numbers: Sequence[int]) -> list[int]:
        nonlocal victims
        if moment == "after the insert":
            await insert(connection, numbers)
        if victims:
            victims -= 1
            await items.execute("select pg_terminate_backend($1, 5000)", connection.get_server_pid())
        if moment == "before the insert":
            await insert(connection, numbers)
        return list(numbers)

    assert await everybody(BatchWriter(items, killed), range(20, 20 + BATCH)) == list(range(20, 20 + BATCH))
    assert victims == 0
    assert await stored(items) == list(range(20, 20 + BATCH))


async def test_connection_lost_after_the_commit_is_not_written_twice(
    items: Database, wire: tuple[Wire, Database]
) -> None:
    cut, database = wire
    cut.swallow_commits = 2
    batches: list[int] = []

    async def counted(connection: Any, numbers: Sequence[int]) -> list[int]:
        batches.append(len(numbers))
        return await insert(connection, numbers)

    writer = BatchWriter(database, counted)
    assert await everybody(writer, range(20, 20 + BATCH)) == list(range(20, 20 + BATCH))
    assert await everybody(writer, range(300, 300 + BATCH)) == list(range(300, 300 + BATCH))
    assert cut.swallow_commits == 0
    assert batches == [BATCH, BATCH]
    assert len(await stored(items)) == 2 * BATCH


async def test_connection_lost_before_the_commit_is_written_after_all(
    items: Database, wire: tuple[Wire, Database]
) -> None:
    cut, database = wire
    cut.cut_before_commits = 2
    assert await everybody(BatchWriter(database, insert), range(20, 20 + BATCH)) == list(
        range(20, 20 + BATCH)
    )
    assert cut.cut_before_commits == 0
    assert await stored(items) == list(range(20, 20 + BATCH))


async def test_culprit_and_lost_connection_in_one_batch(items: Database, wire: tuple[Wire, Database]) -> None:
    cut, database = wire
    cut.swallow_commits = 3
    answers = await everybody(BatchWriter(database, insert), range(BATCH))
    assert isinstance(answers.pop(13), asyncpg.CheckViolationError)
    assert answers == [n for n in range(BATCH) if n != 13]
    assert await stored(items) == answers


async def test_full_queue_refuses_at_once(items: Database) -> None:
    release = asyncio.Event()

    async def stuck(connection: Any, numbers: Sequence[int]) -> list[int]:
        await release.wait()
        return await insert(connection, numbers)

    writer = BatchWriter(items, stuck, max_batch=4, max_queue=8, lanes=1)
    waiting = [asyncio.ensure_future(writer.write(n)) for n in range(20, 28)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await writer.write(99)
    release.set()
    assert await asyncio.gather(*waiting) == list(range(20, 28))
    assert await stored(items) == list(range(20, 28))


async def test_caller_who_leaves_before_the_flush_writes_nothing(items: Database) -> None:
    writer = BatchWriter(items, insert)
    leaving = asyncio.ensure_future(writer.write(20))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await writer.write(21) == 21
    assert await stored(items) == [21]


async def test_closing_writes_what_waits_and_takes_no_more(items: Database) -> None:
    writer = BatchWriter(items, insert, max_batch=2, lanes=1)
    waiting = [asyncio.ensure_future(writer.write(n)) for n in range(20, 30)]
    await asyncio.sleep(0)
    await writer.close()
    assert await asyncio.gather(*waiting) == list(range(20, 30))
    with pytest.raises(Unavailable):
        await writer.write(99)
