"""Claims are fair: a million jobs of one account do not stand before the first job of another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from localloop.core import clock
from localloop.jobs import Done, Job, NewJob, Outcome, Worker, WorkerOptions, enqueue
from localloop.jobs.claims import PLANNER, Claims
from localloop.store import Database

HOG = "AC5" + "0" * 31
LEASE = timedelta(seconds=60)


@pytest.fixture
async def queue(dsn: str) -> AsyncIterator[Database]:
    """The connections of a worker."""
    opened = await Database.connect(dsn, settings=PLANNER)
    yield opened
    await opened.close()


async def pile_up(database: Database, account: str, number: int, *, due: timedelta = timedelta()) -> None:
    await database.execute(
        "insert into jobs (account_sid, world_sid, kind, payload, due_at, run_at) "
        "select $1, $1, 'send', '', $2::timestamptz + n * interval '1 microsecond', "
        "$2::timestamptz + n * interval '1 microsecond' from generate_series(1, $3::int) n",
        account,
        clock.now() - timedelta(minutes=5) + due,
        number,
    )


def accounts_of(jobs: list[Job]) -> Counter[str]:
    return Counter(job.account_sid for job in jobs)


async def test_oldest_first_as_long_as_nothing_is_left_behind(database: Database, queue: Database) -> None:
    await pile_up(database, "AC1", 3, due=timedelta(seconds=2))
    await pile_up(database, "AC2", 3, due=timedelta(seconds=1))
    await pile_up(database, "AC3", 1, due=timedelta(hours=1))
    jobs, again = await Claims(queue, 256, LEASE).take(50)
    assert [job.account_sid for job in jobs] == ["AC2"] * 3 + ["AC1"] * 3
    assert not again


async def test_first_job_of_another_account_is_in_the_second_claim(
    database: Database, queue: Database
) -> None:
    await pile_up(database, HOG, 200_000)
    await database.execute("analyze jobs")
    claims = Claims(queue, 256, LEASE, longest_rest=0)
    first, again = await claims.take(100)
    assert accounts_of(first) == {HOG: 100}
    assert again
    for late in ("AC1" + "0" * 31, "AC9" + "0" * 31):
        await pile_up(database, late, 1)
        jobs, again = await claims.take(100)
        assert accounts_of(jobs) == {HOG: 50, late: 1}
        assert again
    jobs, _ = await claims.take(100)
    assert accounts_of(jobs) == {HOG: 100}


async def test_accounts_are_not_looked_for_at_every_claim_but_soon_again(
    database: Database, queue: Database
) -> None:
    await pile_up(database, HOG, 1000)
    claims = Claims(queue, 10_000, LEASE, longest_rest=3600)
    await claims.take(10)
    await claims.take(10)
    claims._known_until += 3600  # as long as the last look is good
    await pile_up(database, "AC9", 1)
    jobs, _ = await claims.take(10)
    assert accounts_of(jobs) == {HOG: 10}
    claims._known_until = 0
    jobs, _ = await claims.take(10)
    assert accounts_of(jobs) == {HOG: 5, "AC9": 1}


async def test_turns_cost_index_pages_not_the_pile(database: Database, queue: Database) -> None:
    """200 thousand due jobs of one account, and as many future ones of a thousand others, that came after the
    statements had been planned for an empty table."""
    planned = Claims(queue, 256, LEASE)
    for planned.is_crowded in (False, True) * 10:
        await planned.take(100)
    await pile_up(database, HOG, 200_000)
    await database.execute(
        "insert into jobs (account_sid, world_sid, kind, payload, due_at, run_at) "
        "select 'AC' || n % 1000, '', 'send', '', $1, $1 from generate_series(1, 200000) n",
        clock.now() + timedelta(days=1),
    )
    claims = Claims(queue, 256, LEASE)
    await claims.take(100)
    before = await blocks_read(database, queue)
    jobs, _ = await claims.take(100)
    assert len(jobs) == 100
    assert await blocks_read(database, queue) - before < 5000


async def blocks_read(database: Database, queue: Database) -> int:
    """What the queue's connection has read of the table and its indexes, once it has reported it."""
    await queue.execute("select pg_stat_force_next_flush()")
    await queue.execute("select 1")
    read: int = await database.fetchval(
        "select heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read from pg_statio_user_tables "
        "where relname = 'jobs'"
    )
    return read


async def test_more_accounts_than_a_claim_visits_take_turns(database: Database, queue: Database) -> None:
    names = [f"AC{n:03}" for n in range(150)]
    for name in names:
        await pile_up(database, name, 3)
    claims = Claims(queue, 10_000, LEASE)
    head, _ = await claims.take(40)
    done = {name for name, jobs in accounts_of(head).items() if jobs == 3}
    seen: list[str] = []
    for _ in range(3):
        jobs, _ = await claims.take(64)
        seen += accounts_of(jobs)
    # Everybody has had a turn before anybody has a second one.
    assert sorted(seen) == [name for name in names if name not in done]


async def test_everything_is_taken_exactly_once_in_the_end(database: Database, queue: Database) -> None:
    await pile_up(database, HOG, 500)
    for n in range(20):
        await pile_up(database, f"AC{n}", n)
    claims = Claims(queue, 100_000, LEASE)
    taken: list[int] = []
    again = True
    while again:
        jobs, again = await claims.take(64)
        taken += [job.id for job in jobs]
    assert len(taken) == len(set(taken)) == 500 + sum(range(20))
    assert not claims.is_crowded


async def test_one_account_with_stuck_jobs_leaves_places_to_others(database: Database) -> None:
    stuck = asyncio.Event()
    ran = asyncio.Event()

    async def send(job: Job) -> Outcome:
        if job.account_sid == HOG:
            await stuck.wait()
        else:
            ran.set()
        return Done()

    await pile_up(database, HOG, 1000)
    worker = Worker(database, {"send": send}, WorkerOptions(places=32, batch=32))
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        await enqueue(database, [NewJob("send", "AC7", "AC7", b"", clock.now())])
        await ran.wait()
        assert worker.running < 32
        worker.stop()
        stuck.set()


async def test_two_claims_never_take_the_same_job(database: Database, queue: Database) -> None:
    await pile_up(database, HOG, 400)
    one, other = Claims(queue, 10_000, LEASE), Claims(queue, 10_000, LEASE)
    rounds = [await asyncio.gather(one.take(50), other.take(50)) for _ in range(4)]
    ids = [job.id for pair in rounds for jobs, _ in pair for job in jobs]
    assert len(ids) == len(set(ids)) == 400
