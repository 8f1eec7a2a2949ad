"""Hundreds of messages a second for ten minutes leave memory flat and the queue's table small.

With a full budget it is ten minutes at 500 a second, with two callbacks each. With less it takes half of it, at no more
than a third of what the machine carries, found out first (the load takes its share, too).
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import aiohttp
import asyncpg
import pytest
from msgspec import Struct

from benchmarks import processes
from benchmarks.instance import BASIC, MESSAGES, Instance
from benchmarks.messages import drained, flow
from benchmarks.sink import sink
from benchmarks.webhooks import choose

pytestmark = pytest.mark.long

BUDGET_S = float(os.environ.get("LOCALLOOP_LONG_SECONDS") or 1200)
FULL_S = 600.0
DURATION_S = min(FULL_S, BUDGET_S / 2)
RATE = 500.0
SPARE = 1 / 3
SAMPLES = 40
WARM = 0.3  # of the time: pools are full and caches are warm from then on
# Of our own processes: PostgreSQL's shared buffers fill up as they should.
MOST_GROWTH, SPARE_BYTES = 0.15, 12 * 1024 * 1024
# So many seconds' worth: a machine that others use stops for some. A message leaves three dead rows, taken, turned and
# gone, and PostgreSQL clears up every quarter of a minute: 42 were seen where twelve others wanted the same two cores.
MOST_JOBS_S, MOST_DEAD_S, BYTES_OF_A_ROW = 20.0, 200.0, 2_000
DRAINED_S = max(120.0, BUDGET_S / 4)
_SENDERS = 40


class Sample(Struct, frozen=True):
    memory: int
    jobs: int
    dead: int  # rows of the table of jobs that are none any more
    size: int  # of that table with its indexes


class Load(Struct):
    """Creates at a rate, however long an answer takes; those that were not answered well are counted."""

    http: aiohttp.ClientSession
    url: str
    callback: str
    made: int = 0
    failed: int = 0

    async def run(self, rate: float, seconds: float) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            while (passed := time.monotonic() - began) < seconds:
                while self.made < passed * rate:
                    self.made += 1
                    group.create_task(self._create(self.made))
                await asyncio.sleep(0.01)

    async def _create(self, number: int) -> None:
        form = {
            "To": f"+1212{2_000_000 + number % 9_000}",
            "From": f"+1415{3_000_000 + number % _SENDERS}",
            "Body": f"steady {number}",
            "StatusCallback": self.callback,
        }
        try:
            async with self.http.post(self.url, data=form) as answer:
                await answer.read()
                self.failed += answer.status != 201
        except (aiohttp.ClientError, TimeoutError):
            self.failed += 1


async def _watch(instance: Instance, seconds: float) -> list[Sample]:
    samples = []
    place = instance.database
    connection = await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)
    try:
        for _ in range(SAMPLES):
            await asyncio.sleep(seconds / SAMPLES)
            samples.append(await _sample(instance, connection))
    finally:
        await connection.close()
    return samples


async def _sample(instance: Instance, connection: Any) -> Sample:
    memory = await asyncio.to_thread(processes.resident, instance.children())
    row = await connection.fetchrow(
        "select (select count(*) from jobs) as jobs, n_dead_tup as dead, pg_total_relation_size('jobs') as size"
        " from pg_stat_user_tables where relname = 'jobs'"
    )
    return Sample(memory, row["jobs"], row["dead"], row["size"])


async def _steady(instance: Instance, rate: float) -> tuple[list[Sample], Load]:
    with sink() as arrivals:
        callback = f"http://127.0.0.1:{arrivals.ports[0]}/status"
        limits = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(limit=80)
        async with aiohttp.ClientSession(
            timeout=limits, headers={"Authorization": BASIC}, connector=connector
        ) as http:
            load = Load(http, instance.url + MESSAGES, callback)
            _, samples = await asyncio.gather(load.run(rate, DURATION_S), _watch(instance, DURATION_S))
        await asyncio.to_thread(drained, instance, DRAINED_S)
        came = arrivals.report().came
    assert came >= 2 * (load.made - load.failed), "callbacks are missing"
    return samples, load


def test_memory_is_flat_and_the_queue_stays_small(capsys: pytest.CaptureFixture[str]) -> None:
    with Instance() as instance:
        choose(instance, "failures")
        carried = flow(instance, 5).rate
        rate = RATE if DURATION_S == FULL_S else min(RATE, carried * SPARE)
        samples, load = asyncio.run(_steady(instance, rate))
    warm = samples[int(SAMPLES * WARM) :]
    first, last = warm[0].memory, warm[-1].memory
    jobs, dead, size = (max(getattr(each, name) for each in warm) for name in ("jobs", "dead", "size"))
    with capsys.disabled():
        print(
            f"\n{load.made} messages in {DURATION_S:.0f} s at {rate:.0f}/s ({carried:.0f}/s carried),"
            f" {load.failed} failed; memory {first / 1e6:.0f} to {last / 1e6:.0f} MB;"
            f" at most {jobs} jobs, {dead} dead rows, {size / 1e6:.1f} MB with indexes"
        )
    assert load.failed <= load.made / 100
    assert last <= first * (1 + MOST_GROWTH) + SPARE_BYTES
    assert jobs <= rate * MOST_JOBS_S
    assert dead <= 1000 + rate * MOST_DEAD_S
    assert size <= (1000 + rate * (MOST_JOBS_S + MOST_DEAD_S)) * BYTES_OF_A_ROW
