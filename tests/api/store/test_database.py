"""The pool, the unit of work and the listening connection, on a database that is sometimes away."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from localloop.store import Database, Unavailable
from localloop.store.postgres import Postgres

PATIENCE = 10.0
OTHERS = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


@pytest.fixture
async def notes(database: Database) -> Database:
    await database.execute("create table notes (n int primary key)")
    return database


async def count(database: Database) -> int:
    number: int = await database.fetchval("select count(*) from notes")
    return number


async def test_unit_commits_at_its_edge(notes: Database) -> None:
    async with notes.unit() as unit:
        await unit.executemany("insert into notes values ($1)", [(1,), (2,)])
        assert await unit.fetchval("select count(*) from notes") == 2
        assert await count(notes) == 0
    assert await count(notes) == 2


async def test_unit_that_fails_leaves_nothing_and_tells_nobody(notes: Database) -> None:
    heard: list[str] = []
    await notes.listen("news", heard.append)
    committed: list[bool] = []

    async def fail() -> None:
        async with notes.unit() as unit:
            await unit.execute("insert into notes values (1)")
            unit.notify("news", "false")
            unit.after_commit(lambda: committed.append(True))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count(notes) == 0
    async with notes.unit() as unit:
        unit.notify("news", "true")
    await until(lambda: bool(heard))
    assert heard == ["true"]
    assert committed == []


async def test_same_notice_twice_is_told_once_and_after_the_commit(notes: Database) -> None:
    heard: list[str] = []
    await notes.listen("news", heard.append)
    order: list[str] = []
    async with notes.unit() as unit:
        unit.notify("news", "a")
        unit.notify("news", "b")
        unit.notify("news", "a")
        unit.after_commit(lambda: order.append("callback"))
        order.append("body")
    await until(lambda: len(heard) >= 2)
    assert sorted(heard) == ["a", "b"]
    assert order == ["body", "callback"]


async def test_errors_of_statements_pass_through(notes: Database) -> None:
    await notes.execute("insert into notes values (1)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await notes.execute("insert into notes values (1)")


async def test_jsonb_is_python_both_ways(database: Database) -> None:
    value = {"a": [1, 2.5, None, True], "ü": "\u2603"}
    assert await database.fetchval("select $1::jsonb", value) == value
    assert await database.fetchval("select $1::jsonb[]", [value, 1, "x"]) == [value, 1, "x"]
    assert await database.fetchval("select $1::jsonb ->> 'ü'", value) == "\u2603"


async def test_exhausted_pool_is_unavailable_not_forever(dsn: str) -> None:
    database = await Database.connect(dsn, max_size=1, patience=0.1)
    async with database.unit():
        with pytest.raises(Unavailable):
            await database.fetchval("select 1")
    assert await database.fetchval("select 1") == 1
    await database.close()


async def test_slow_statement_is_given_up(database: Database) -> None:
    with pytest.raises(Unavailable):
        await database.fetchval("select pg_sleep(60)", timeout=0.05)
    assert await database.fetchval("select 1") == 1


async def test_statement_on_a_dead_connection_raises_and_the_unit_fails(notes: Database) -> None:
    raised: list[bool] = []

    async def doomed() -> None:
        async with notes.unit() as unit:
            await notes.execute("select pg_terminate_backend($1, 5000)", unit.connection.get_server_pid())
            with pytest.raises(Unavailable):
                await unit.execute("insert into notes values (1)")
            raised.append(True)

    with pytest.raises(Unavailable):
        await doomed()
    assert raised == [True]
    assert await count(notes) == 0


async def test_unit_whose_connection_dies_raises_and_the_next_works(notes: Database) -> None:
    async def doomed() -> None:
        async with notes.unit() as unit:
            await unit.execute("insert into notes values (1)")
            await notes.execute("select pg_terminate_backend($1, 5000)", unit.connection.get_server_pid())

    with pytest.raises(Unavailable):
        await doomed()
    assert await count(notes) == 0


async def test_server_that_is_away_is_unavailable(empty_dsn: str) -> None:
    with pytest.raises(Unavailable):
        await Database.connect(empty_dsn.replace("/run", "/gone"), patience=0.2)


async def test_listener_finds_its_way_back_and_says_that_it_was_away(database: Database) -> None:
    heard: list[str] = []
    resynced = asyncio.Event()
    await database.listen("news", heard.append, resynced.set)
    await database.execute(OTHERS)
    async with asyncio.timeout(PATIENCE):
        await resynced.wait()
    await database.execute("select pg_notify('news', 'again')")
    await until(lambda: heard == ["again"])


async def test_closed_subscription_hears_nothing(database: Database) -> None:
    first: list[str] = []
    second: list[str] = []
    subscription = await database.listen("news", first.append)
    await database.listen("news", second.append)
    subscription.close()
    await database.execute("select pg_notify('news', 'x')")
    await until(lambda: second == ["x"])
    assert first == []


async def test_restarted_server_is_found_again(postgres: Postgres, database: Database) -> None:
    """A statement that comes while the server is restarting comes through a little later."""
    await database.fetchval("select 1")
    restart = asyncio.ensure_future(asyncio.to_thread(postgres.start))
    answers = [
        await asyncio.gather(*(database.fetchval("select 1") for _ in range(3)), return_exceptions=True)
    ]
    await restart
    assert await database.fetchval("select 1") == 1
    assert all(answer == 1 or isinstance(answer, Unavailable) for answer in answers[0])


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)
