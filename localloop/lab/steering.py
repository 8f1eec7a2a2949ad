"""Moving a world's clock on to what is due next, and no further than everybody agrees to.

Time may move while nothing of the world is under way: no job that is due or being run, no request that is being
answered. It goes from one due thing to the next, so that each runs at its own time and its dates are right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.jobs import rewind
from localloop.rest.activity import Activity
from localloop.store import Database, Executor, Unit
from localloop.store.worlds import Worlds, learn, move_clock

SHORTEST_PAUSE_S: Final = 0.002
LONGEST_PAUSE_S: Final = 0.02
_BACK: Final = timedelta(milliseconds=10)
_LEASES: Final = timedelta(minutes=10)  # beyond which no lease lies ahead

_TURN: Final = "select pg_try_advisory_xact_lock(hashtextextended($1, 7165))"
_MY_TURN: Final = "select pg_advisory_xact_lock(hashtextextended($1, 7165))"
# A world's jobs are found by its accounts, for these the table has an index. $2 is real time.
_LOOK: Final = """
with here as materialized (
  select $1::text as sid union select sid from accounts where owner_account_sid = $1
)
select
  array(select sid from here) as accounts,
  exists (
    select from here cross join lateral (
      select from jobs j
      where j.account_sid = here.sid and j.run_at at time zone 'UTC' <= $3::timestamptz at time zone 'UTC'
        and j.world_sid = $1 and (j.leased or j.run_at <= $2)
      limit 1
    ) under_way
  ) as is_busy,
  (
    select min(following.run_at) from here cross join lateral (
      select j.run_at from jobs j
      where j.account_sid = here.sid and j.run_at at time zone 'UTC' > $2::timestamptz at time zone 'UTC'
        and j.run_at at time zone 'UTC' < 'infinity' and j.world_sid = $1 and not j.leased
      order by j.run_at at time zone 'UTC' limit 1
    ) following
  ) as next_run,
  (
    select min(j.due_at) from here join jobs j on j.account_sid = here.sid
      and j.run_at at time zone 'UTC' = 'infinity' and j.world_sid = $1
  ) as next_held
"""
_ACCOUNTS: Final = """
select array(select $1::text union select sid from accounts where owner_account_sid = $1)
"""
_DEADLINE: Final = "select min(ends_at) from lab_waits where world_sid = $1 and ends_at > $2"


class Look(Struct, frozen=True):
    """A world at a moment: its own time, what is under way, and when the next thing is due, in its own time."""

    now: datetime
    is_busy: bool
    next_due: datetime | None


class Steering:
    """Of the worlds' clocks, by hand or by those who wait."""

    def __init__(self, database: Database, worlds: Worlds, activity: Activity) -> None:
        self._database = database
        self._worlds = worlds
        self.activity = activity

    async def look(self, world_sid: str) -> Look:
        return await self._look(self._database, world_sid)

    def quiet_in(self, world_sid: str) -> float:
        """In how many seconds it will have been quiet for long enough, if nothing comes; 0.0 when it has been."""
        return self.activity.quiet_in(world_sid)

    async def move(self, world_sid: str, time: WorldTime) -> None:
        """Give the world this clock. When this returns every process goes by it."""
        async with self._database.unit() as unit:
            await unit.execute(_MY_TURN, world_sid)
            await learn(unit, world_sid)
            real = clock.now()
            back = clock.world_time(world_sid).at(real) - time.at(real)
            if back > _BACK:
                await rewind(unit, await unit.fetchval(_ACCOUNTS, world_sid), back)
            moved = await move_clock(unit, world_sid, time)
        await self._worlds.is_heard_everywhere(moved)

    async def step(self, world_sid: str, limit: datetime | None = None) -> bool:
        """Move on to what is due next, or to the limit where nothing is due before it; without a limit the ends of all
        open waits are limits. Whether time has moved: not while something is under way, or somebody else moves it."""
        async with self._database.unit() as unit:
            if not await unit.fetchval(_TURN, world_sid):
                return False
            await learn(unit, world_sid)
            look = await self._look(unit, world_sid)
            target = None if look.is_busy else await self._target(unit, world_sid, look, limit)
            if target is None or target <= look.now:
                return False
            cause = "waited" if limit is None else "asked"
            moved = await move_clock(unit, world_sid, clock.world_time(world_sid).shows(target), cause)
        await self._worlds.is_heard_everywhere(moved)
        return True

    async def advance(self, world_sid: str, to: datetime, patience_s: float) -> bool:
        """Move on to a moment, by way of everything that is due before it, and let what is due then be done as well.
        Whether it was done in time; else the clock shows the moment all the same, and the rest is under way."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + patience_s
        while True:
            if not await self._settled(world_sid, ends):
                break
            if clock.now(world_sid) >= to:
                return True
            if not await self.step(world_sid, to) and loop.time() >= ends:
                break
        if clock.now(world_sid) < to:
            await self.move(world_sid, clock.world_time(world_sid).shows(to))
        return False

    async def _settled(self, world_sid: str, ends: float) -> bool:
        """Wait until nothing is under way; whether that came in time."""
        loop = asyncio.get_running_loop()
        pause = SHORTEST_PAUSE_S
        while (await self.look(world_sid)).is_busy:
            if loop.time() >= ends:
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)
        return True

    async def _target(
        self, unit: Unit, world_sid: str, look: Look, limit: datetime | None
    ) -> datetime | None:
        if limit is None:
            limit = await unit.fetchval(_DEADLINE, world_sid, look.now)
            if limit is None:
                return None  # nobody waits any more
        return limit if look.next_due is None else min(limit, look.next_due)

    async def _look(self, reader: Executor, world_sid: str) -> Look:
        real = clock.now()
        row = await reader.fetchrow(_LOOK, world_sid, real, real + _LEASES)
        assert row is not None
        time = clock.world_time(world_sid)
        return Look(
            now=time.at(real),
            is_busy=row["is_busy"] or self._are_asked(row["accounts"]),
            next_due=_next_due(time, row),
        )

    def _are_asked(self, account_sids: Sequence[str]) -> bool:
        return self.activity.in_flight(account_sids) > 0


def _next_due(time: WorldTime, row: Any) -> datetime | None:
    if time.mode == "frozen":
        held: datetime | None = row["next_held"]
        return held
    return None if row["next_run"] is None else time.at(row["next_run"])
