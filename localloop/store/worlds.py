"""Worlds: every main account's profile and clock, kept in a table and pushed into each process.

A move of a clock pulls the due times of that world's jobs along, so the queue keeps one index and one claim
for every world. A process that has not heard of a move yet may still queue jobs by the old clock; whoever
runs jobs therefore aligns them again when it hears of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.store.database import Database, Executor, Unavailable, Unit
from localloop.store.listen import Subscription

CHANNEL: Final = "worlds"
JOBS_CHANNEL: Final = "jobs"
_AFTERMATH: Final = 1.0  # by then every process has heard, and what was queued by the old clock is committed

_LOAD: Final = "select world_sid, profile, clock_mode, clock_offset, frozen_at from worlds"
_MOVE: Final = """
insert into worlds (world_sid, clock_mode, clock_offset, frozen_at) values ($1, $2, $3, $4)
on conflict (world_sid) do update set
  clock_mode = excluded.clock_mode, clock_offset = excluded.clock_offset, frozen_at = excluded.frozen_at
returning profile
"""
_ALIGN: Final = """
with wanted as materialized (
  select id, case $2::text
    when 'offset' then due_at - $3::interval
    when 'frozen' then case when due_at <= $4::timestamptz then least(due_at, $5::timestamptz) else 'infinity' end
    else due_at end as run_at
  from jobs where world_sid = $1 and not leased
)
update jobs j set run_at = w.run_at from wanted w where j.id = w.id and not j.leased and j.run_at <> w.run_at
"""


class World(Struct, frozen=True):
    """One row of the table, and the words of a notice."""

    world_sid: str
    profile: str = "relaxed"
    time: WorldTime = clock.REAL


async def move_clock(unit: Unit, world_sid: str, time: WorldTime) -> None:
    """Give the world this clock, in every process once the unit commits, and align its waiting jobs with
    it."""
    profile = await unit.fetchval(_MOVE, world_sid, time.mode, time.offset, time.frozen_at)
    await align_jobs(unit, world_sid, time)
    _tell(unit, World(world_sid, profile, time))
    unit.notify(JOBS_CHANNEL)


async def set_profile(unit: Unit, world_sid: str, profile: str) -> None:
    """Give the world this profile (relaxed, twilio, us-a2p, trial), in every process once the unit
    commits."""
    row = await unit.fetchrow(
        "insert into worlds (world_sid, profile) values ($1, $2) "
        "on conflict (world_sid) do update set profile = excluded.profile "
        "returning world_sid, profile, clock_mode, clock_offset, frozen_at",
        world_sid,
        profile,
    )
    assert row is not None
    _tell(unit, _world(row))


async def align_jobs(executor: Executor, world_sid: str, time: WorldTime) -> None:
    """Set when the world's waiting jobs run, in real time, from when they are due in its own."""
    frozen_at = time.frozen_at or clock.now()
    await executor.execute(_ALIGN, world_sid, time.mode, time.offset, frozen_at, clock.now())


def _tell(unit: Unit, world: World) -> None:
    unit.notify(CHANNEL, msgspec.json.encode(world).decode())
    if world.world_sid:
        unit.after_commit(lambda: clock.set_world(world.world_sid, world.time))


class Worlds:
    """This process's picture of the worlds: clocks go into `core.clock`, profiles are asked here."""

    def __init__(self, database: Database, *, runs_jobs: bool = False) -> None:
        self._database = database
        self._runs_jobs = runs_jobs
        self._profiles: dict[str, str] = {}
        self._subscription: Subscription | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load every world, and follow their changes from now on."""
        # Heard first and loaded then: a change in between is seen twice, not missed.
        self._subscription = await self._database.listen(CHANNEL, self._hear, lambda: self._own(self._load()))
        await self._load()

    async def close(self) -> None:
        """Follow no longer."""
        if self._subscription:
            self._subscription.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def profile(self, world_sid: str) -> str:
        """The world's profile; a new world's is `relaxed` until it is told otherwise."""
        return self._profiles.get(world_sid, "relaxed")

    @property
    def profiles(self) -> Mapping[str, str]:
        return self._profiles

    async def _load(self) -> None:
        for row in await self._database.fetch(_LOAD):
            self._know(_world(row))

    def _hear(self, payload: str) -> None:
        world = msgspec.json.decode(payload, type=World)
        self._know(world)
        if self._runs_jobs:
            self._own(self._align_later(world))

    def _know(self, world: World) -> None:
        self._profiles[world.world_sid] = world.profile
        clock.set_world(world.world_sid, world.time)

    async def _align_later(self, world: World) -> None:
        await asyncio.sleep(_AFTERMATH)
        if clock.world_time(world.world_sid) == world.time:
            await align_jobs(self._database, world.world_sid, world.time)

    def _own(self, work: Any) -> None:
        task = asyncio.create_task(_quietly(work), name="store-worlds")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Any) -> None:
    try:
        await work
    except Unavailable:
        return  # the listener comes back together with the database, and loads again


def _world(row: Mapping[str, Any]) -> World:
    offset: timedelta = row["clock_offset"]
    frozen_at: datetime | None = row["frozen_at"]
    return World(row["world_sid"], row["profile"], WorldTime(row["clock_mode"], offset, frozen_at))
