"""Jobs are fair: behind a million due jobs of one account, another account's first job still runs within 250 ms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from localloop.core import clock, sids
from localloop.jobs import Done, Job, NewJob, Outcome, Worker, enqueue
from localloop.store import Database

pytestmark = pytest.mark.long

HOG = "AC5" + "0" * 31
PILE = 1_000_000
NEWCOMERS = 200
ROUNDS = 3
BETWEEN_S = 0.02
WITHIN_S = 0.250


class Arrivals:
    """The handler of everybody's jobs; the hog's take as long as a quick webhook."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[float]] = {}
        self.of_the_hog = 0

    async def __call__(self, job: Job) -> Outcome:
        if job.account_sid == HOG:
            self.of_the_hog += 1
            await asyncio.sleep(0.002)
        else:
            self.waiting.pop(job.account_sid).set_result(time.perf_counter())
        return Done()


async def pile_up(database: Database) -> None:
    await database.execute(
        "insert into jobs (account_sid, world_sid, kind, payload, due_at, run_at) "
        "select $1, $1, 'send', '', $2::timestamptz + n * interval '1 microsecond', "
        "$2::timestamptz + n * interval '1 microsecond' from generate_series(1, $3::int) n",
        HOG,
        clock.now() - timedelta(minutes=5),
        PILE,
        timeout=300,
    )


@asynccontextmanager
async def at_work(database: Database, arrivals: Arrivals) -> AsyncIterator[None]:
    worker = Worker(database, {"send": arrivals})
    async with asyncio.TaskGroup() as group:
        running = group.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await asyncio.wait({running})


async def wait_of_a_newcomer(database: Database, arrivals: Arrivals) -> float:
    account = sids.new("AC")
    ran = arrivals.waiting[account] = asyncio.get_running_loop().create_future()
    async with database.unit() as unit:
        await enqueue(unit, [NewJob("send", account, account, b"", clock.now())])
    began = time.perf_counter()
    async with asyncio.timeout(20):
        return await ran - began


async def p99_of_newcomers(database: Database, arrivals: Arrivals) -> float:
    waits = []
    for _ in range(NEWCOMERS):
        waits.append(await wait_of_a_newcomer(database, arrivals))
        await asyncio.sleep(BETWEEN_S)
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)]
    print(f"\na newcomer waited {waits[len(waits) // 2]:.3f} s in the median, {p99:.3f} s at p99")
    return p99


async def test_a_newcomer_runs_at_once(database: Database) -> None:
    """The best of three rounds, since whatever else this machine does makes a wait longer and never shorter."""
    await pile_up(database)
    arrivals, rounds = Arrivals(), [1.0]
    async with at_work(database, arrivals):
        while arrivals.of_the_hog < 1000:
            await asyncio.sleep(BETWEEN_S)
        while min(rounds) >= WITHIN_S and len(rounds) <= ROUNDS:
            rounds.append(await p99_of_newcomers(database, arrivals))
    assert await database.fetchval("select count(*) from jobs") > PILE / 2, "the pile was gone before the end"
    assert min(rounds) < WITHIN_S
