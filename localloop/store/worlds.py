"""Worlds: every main account's profile and clock, kept in a table and pushed into each process.

A move of a clock pulls the due times of that world's jobs along, so the queue keeps one index and one claim
for every world. A process that has not heard of a move yet may still queue jobs by the old clock; whoever
runs jobs therefore aligns them again when it hears of it. Moves are numbered in the order of their commits, and
each process says how far it has heard, so that who moved a clock can wait until nobody goes by the old one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from localloop.core import clock, sids
from localloop.core.clock import WorldTime
from localloop.store.database import Database, Executor, Unavailable, Unit
from localloop.store.listen import Subscription

log = logging.getLogger(__name__)

CHANNEL: Final = "worlds"
JOBS_CHANNEL: Final = "jobs"
LOCK: Final = 0x776F726C  # "worl": with a hash of the SID, PostgreSQL's advisory lock on a world
_AFTERMATH: Final = 1.0  # by then every process has heard, and what was queued by the old clock is committed

_HEARING_PAUSE: Final = 0.0005
_HEARING_PATIENCE: Final = 2.0

# With the number of its last move: what was read before a later one was heard of changes nothing.
_LOAD: Final = """
select world_sid, profile, clock_mode, clock_offset, frozen_at,
  coalesce((select seq from clock_moves m where m.world_sid = w.world_sid order by id desc limit 1), 0) as move
from worlds w
"""
_LOAD_ONE: Final = f"{_LOAD} where world_sid = $1"
# Numbers are given in the order of the commits, which is the order in which they are heard.
_IN_TURN: Final = "select pg_advisory_xact_lock(7165738279)"
_MOVE: Final = """
insert into worlds (world_sid, clock_mode, clock_offset, frozen_at) values ($1, $2, $3, $4)
on conflict (world_sid) do update set
  clock_mode = excluded.clock_mode, clock_offset = excluded.clock_offset, frozen_at = excluded.frozen_at
returning profile
"""
_NOTE: Final = """
insert into clock_moves (world_sid, id, cause, clock_mode, clock_offset, frozen_at, moved_from, moved_to)
values ($1, $2, $3, $4, $5, $6, $7, $8) returning seq
"""
_PRUNE: Final = "delete from clock_moves where id < $1"
_KEPT_FOR: Final = timedelta(days=7)
_ALIGN: Final = """
with wanted as materialized (
  select id, case
    when $2::text in ('offset', 'auto') then due_at - $3::interval
    when $2 = 'real' then due_at
    when due_at <= $4::timestamptz then least(due_at, $5::timestamptz) else 'infinity' end as run_at
  from jobs
  where account_sid = any(array(select $1 union select sid from accounts where owner_account_sid = $1))
    and world_sid = $1 and not leased
)
update jobs j set run_at = w.run_at from wanted w where j.id = w.id and not j.leased and j.run_at <> w.run_at
"""


class World(Struct, frozen=True):
    """One row of the table, and the words of a notice; `move` is the number of the move that it tells of."""

    world_sid: str
    profile: str = "relaxed"
    time: WorldTime = clock.REAL
    move: int = 0
    is_gone: bool = False


class Hearing(Protocol):
    """How far each process of this machine has heard."""

    def hear(self, move: int) -> None:
        """This process has."""
        ...

    def is_heard(self, move: int) -> bool:
        """Whether all have."""
        ...


async def move_clock(unit: Unit, world_sid: str, time: WorldTime, cause: str = "asked") -> int:
    """Give the world this clock, in every process once the unit commits, and align its waiting jobs with
    it. The number of the move. Waits while the world is being saved or restored."""
    await unit.execute("select pg_advisory_xact_lock_shared($1, hashtext($2))", LOCK, world_sid)
    await unit.execute(_IN_TURN)
    before, real = clock.now(world_sid), clock.now()
    profile = await unit.fetchval(_MOVE, world_sid, time.mode, time.offset, time.frozen_at)
    setting = (time.mode, time.offset, time.frozen_at)
    move: int = await unit.fetchval(_NOTE, world_sid, sids.new_id(), cause, *setting, before, time.at(real))
    await align_jobs(unit, world_sid, time)
    _tell(unit, World(world_sid, profile, time, move))
    unit.notify(JOBS_CHANNEL)
    return move


async def learn(reader: Executor, world_sid: str) -> None:
    """Ask for this world's clock: what is known of it here may be old."""
    row = await reader.fetchrow(_LOAD_ONE, world_sid)
    if row is not None:
        clock.set_world(world_sid, _world(row).time, row["move"])


async def prune_moves(database: Database) -> None:
    """Let go of old moves."""
    await database.execute(_PRUNE, sids.bound(clock.now() - _KEPT_FOR))


async def set_profile(unit: Unit, world_sid: str, profile: str) -> None:
    """Give the world this profile (relaxed, twilio, us-a2p, trial), in every process once the unit
    commits."""
    await unit.execute(
        "insert into worlds (world_sid, profile) values ($1, $2) "
        "on conflict (world_sid) do update set profile = excluded.profile",
        world_sid,
        profile,
    )
    row = await unit.fetchrow(_LOAD_ONE, world_sid)
    assert row is not None
    _tell(unit, _world(row))


async def announce(unit: Unit, world_sid: str) -> int:
    """The world's row has been written by others: every process takes its clock and profile from it, and its jobs
    run by that clock. The number of the move; 0 for a world without a row, which is gone."""
    row = await unit.fetchrow(_LOAD_ONE, world_sid)
    if row is not None:
        return await move_clock(unit, world_sid, _world(row).time, "restored")
    unit.notify(CHANNEL, msgspec.json.encode(World(world_sid, is_gone=True)).decode())
    return 0


async def align_jobs(executor: Executor, world_sid: str, time: WorldTime) -> None:
    """Set when the world's waiting jobs run, in real time, from when they are due in its own."""
    frozen_at = time.frozen_at or clock.now()
    await executor.execute(_ALIGN, world_sid, time.mode, time.offset, frozen_at, clock.now())


def _tell(unit: Unit, world: World) -> None:
    unit.notify(CHANNEL, msgspec.json.encode(world).decode())
    if world.world_sid:
        unit.after_commit(lambda: clock.set_world(world.world_sid, world.time, world.move))


class Worlds:
    """This process's picture of the worlds: clocks go into `core.clock`, profiles are asked here."""

    def __init__(
        self, database: Database, *, runs_jobs: bool = False, hearing: Hearing | None = None
    ) -> None:
        self._database = database
        self._runs_jobs = runs_jobs
        self._hearing = hearing
        self._followers: list[Callable[[str], None]] = []
        self._profiles: dict[str, str] = {}
        self._subscription: Subscription | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load every world, and follow their changes from now on."""
        # Heard first and loaded then: a change in between is seen twice, not missed.
        self._subscription = await self._database.listen(CHANNEL, self._hear, lambda: self._own(self._load()))
        await self._load()

    def follow(self, follower: Callable[[str], None]) -> None:
        """Tell it of every world that this process hears of from now on."""
        self._followers.append(follower)

    async def is_heard_everywhere(self, move: int) -> bool:
        """Whether every process of this machine goes by a move, waiting for it a little."""
        if self._hearing is None:
            return True
        pause, left = _HEARING_PAUSE, _HEARING_PATIENCE
        while not self._hearing.is_heard(move):
            if left <= 0:
                log.warning("a process has not heard of a clock that was moved")
                return False
            await asyncio.sleep(pause)
            left -= pause
            pause = min(pause * 2, _HEARING_PAUSE * 8)
        return True

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
        heard = await self._database.fetchval("select coalesce(max(seq), 0) from clock_moves")
        for row in await self._database.fetch(_LOAD):
            self._know(_world(row))
        if self._hearing is not None:
            self._hearing.hear(heard)

    def _hear(self, payload: str) -> None:
        world = msgspec.json.decode(payload, type=World)
        self._know(world)
        if self._hearing is not None and world.move:
            self._hearing.hear(world.move)
        if self._runs_jobs:
            self._own(self._align_later(world))

    def _know(self, world: World) -> None:
        if world.is_gone:
            self._profiles.pop(world.world_sid, None)
            clock.forget(world.world_sid)
            return
        self._profiles[world.world_sid] = world.profile
        clock.set_world(world.world_sid, world.time, world.move)
        for follower in self._followers:
            follower(world.world_sid)

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
    time = WorldTime(row["clock_mode"], offset, frozen_at)
    return World(row["world_sid"], row["profile"], time, row["move"])
