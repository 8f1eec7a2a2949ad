"""A world's clock moves in every process, and takes its waiting jobs along."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from localloop.core import clock
from localloop.jobs import NewJob, enqueue
from localloop.store import Database
from localloop.store.worlds import Worlds, move_clock, set_profile

WORLD, OTHER = "AC" + "a" * 32, "AC" + "b" * 32
HOUR = timedelta(hours=1)


async def move(database: Database, time: clock.WorldTime, world: str = WORLD) -> None:
    async with database.unit() as unit:
        await move_clock(unit, world, time)


async def hears(world: str, time: clock.WorldTime) -> None:
    async with asyncio.timeout(10):
        while clock.world_time(world) != time:
            await asyncio.sleep(0.001)


async def run_times(database: Database) -> dict[str, object]:
    rows = await database.fetch("select key, nullif(run_at, 'infinity') as run_at from jobs")
    return {row["key"]: row["run_at"] for row in rows}


async def test_clock_is_moved_here_with_the_commit_and_is_loaded_elsewhere(database: Database) -> None:
    time = clock.running(timedelta(days=3, microseconds=7))
    await move(database, time)
    assert clock.world_time(WORLD) == time
    clock.forget(WORLD)
    worlds = Worlds(database)
    await worlds.start()
    assert clock.world_time(WORLD) == time
    await worlds.close()


async def test_move_in_another_process_is_heard(database: Database, dsn: str) -> None:
    worlds = Worlds(database)
    await worlds.start()
    elsewhere = await Database.connect(dsn)
    for time in (clock.frozen(clock.now() + HOUR), clock.running(-HOUR), clock.REAL):
        clock.set_world(WORLD, clock.running(timedelta(days=9)))
        async with elsewhere.unit() as unit:
            await move_clock(unit, WORLD, time)
            unit._callbacks.clear()  # what our own process would do for itself
        await hears(WORLD, time)
    await elsewhere.close()
    await worlds.close()


async def test_change_that_was_missed_is_loaded_when_the_connection_is_back(database: Database) -> None:
    worlds = Worlds(database)
    await worlds.start()
    await database.execute(
        "insert into worlds (world_sid, profile, clock_mode, clock_offset) values ($1, 'trial', 'offset', $2)",
        WORLD,
        HOUR,
    )
    await database.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    await hears(WORLD, clock.running(HOUR))
    assert worlds.profile(WORLD) == "trial"
    await worlds.close()


class Late(Database):
    """What it reads of worlds is old when it comes."""

    now: clock.WorldTime

    async def fetch(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        found = await super().fetch(sql, *args)
        if "from worlds" in sql:
            await move(self, self.now)
        return found


async def test_what_was_read_before_a_move_does_not_undo_it(database: Database, dsn: str) -> None:
    """A process reads all clocks when it starts, and hears of moves meanwhile."""
    await move(database, clock.running(-HOUR))
    late = await Late.connect(dsn)
    late.now = clock.running(HOUR)
    worlds = Worlds(late)
    await worlds.start()
    assert clock.world_time(WORLD) == late.now
    await worlds.close()
    await late.close()


async def test_profile_is_known_everywhere(database: Database) -> None:
    worlds = Worlds(database)
    await worlds.start()
    assert worlds.profile(WORLD) == "relaxed"
    await move(database, clock.running(HOUR))
    async with database.unit() as unit:
        await set_profile(unit, WORLD, "us-a2p")
    async with asyncio.timeout(10):
        while worlds.profile(WORLD) != "us-a2p":
            await asyncio.sleep(0.001)
    assert clock.world_time(WORLD) == clock.running(HOUR)
    await worlds.close()


async def test_waiting_jobs_move_with_their_world_alone(database: Database) -> None:
    start = clock.now()
    due = {"soon": start + HOUR, "late": start + 5 * HOUR}
    jobs = [
        NewJob("k", world, world, b"", at, f"{key} {world}")
        for key, at in due.items()
        for world in (WORLD, OTHER)
    ]
    await enqueue(database, jobs)

    await move(database, clock.frozen(start + 2 * HOUR))
    times = await run_times(database)
    assert times[f"late {WORLD}"] is None
    moved = times[f"soon {WORLD}"]
    assert moved == min(due["soon"], moved)  # type: ignore[type-var]
    assert times[f"soon {OTHER}"] == due["soon"]

    await move(database, clock.running(3 * HOUR))
    times = await run_times(database)
    assert times[f"late {WORLD}"] == due["late"] - 3 * HOUR
    assert times[f"late {OTHER}"] == due["late"]

    await move(database, clock.REAL)
    times = await run_times(database)
    assert times[f"late {WORLD}"] == due["late"]


async def test_leases_do_not_move(database: Database) -> None:
    start = clock.now()
    await enqueue(database, [NewJob("k", WORLD, WORLD, b"", start, "held")])
    lease = start + timedelta(minutes=1)
    await database.execute("update jobs set leased = true, run_at = $1", lease)
    await move(database, clock.frozen(start - HOUR))
    assert await run_times(database) == {"held": lease}


async def test_job_queued_by_the_old_clock_is_aligned_when_the_move_is_heard(database: Database) -> None:
    worlds = Worlds(database, runs_jobs=True)
    await worlds.start()
    start = clock.now()
    await move(database, clock.running(2 * HOUR))
    clock.forget(WORLD)  # a process that has not heard
    await enqueue(database, [NewJob("k", WORLD, WORLD, b"", start + 3 * HOUR, "old clock")])
    clock.set_world(WORLD, clock.running(2 * HOUR))
    async with asyncio.timeout(10):
        while await run_times(database) != {"old clock": start + HOUR}:
            await asyncio.sleep(0.02)
    await worlds.close()
