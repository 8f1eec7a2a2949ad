"""How long somebody waits: in real time, or in the world's where that is automatic, and then nobody waits for long.

While somebody waits in a world whose clock is automatic, this process moves its clock on whenever nothing is under way.
The ends of waits are rows, so that no process leaps beyond the end of a wait in another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, errors, sids
from localloop.lab.steering import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, Steering
from localloop.lab.surface.waits import MAX_WAIT_S
from localloop.store import Database, Unavailable
from localloop.store.worlds import Worlds

log = logging.getLogger(__name__)

DEFAULT_WAIT_S: Final = 10.0
_AWAY_S: Final = 0.2
_OVERTIME: Final = timedelta(seconds=2)  # for what is due when a wait ends, and is still under way
_LOOKING_S: Final = 0.04  # what who looks by itself needs to see what has come
_ELSEWHERE_S: Final = 0.1
_OTHERS: Final = """
select exists (select from lab_waits where world_sid = $1 and ends_at > $2 and not id = any($3::uuid[]))
"""
_OPEN: Final = """
insert into lab_waits (id, world_sid, ends_at) values ($1, $2, $3)
on conflict (id) do update set ends_at = excluded.ends_at
"""
_CLOSE: Final = "delete from lab_waits where id = $1 or (world_sid = $2 and ends_at < $3)"


class Wait(Struct, eq=False):
    """One that is open. `over` is done when it has lasted long enough."""

    over: asyncio.Future[None]
    id: UUID
    ends_s: float  # on the loop's clock
    ends_at: datetime | None = None  # in the world's time: then that counts
    has_row: bool = False
    timer: asyncio.TimerHandle | None = None
    asked: int = 0  # how often it was asked to look again before time leaps
    answered: int | None = None  # the last that it did; None: it looks by itself
    news: asyncio.Future[None] | None = None  # of who rests between two looks

    async def rest(self, seconds: float) -> bool:
        """Until it is worth looking again: after so long, when it is over, or when time has leapt; whether it has."""
        loop = asyncio.get_running_loop()
        news = self.news = loop.create_future()
        timer = loop.call_later(seconds, _wake, news)
        self.over.add_done_callback(self.told)
        try:
            await news
            return timer.when() > loop.time()
        finally:
            timer.cancel()
            self.over.remove_done_callback(self.told)

    def told(self, _: object = None) -> None:
        """Time has leapt, or the wait is over."""
        if self.news is not None:
            _wake(self.news)

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


class _Driver:
    """What moves one world's clock on. It is told to stop when it rests, never in the middle of a move."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.is_resting = False

    async def rest(self, seconds: float) -> None:
        self.is_resting = True
        try:
            await asyncio.sleep(seconds)
        finally:
            self.is_resting = False

    async def stop(self) -> None:
        """Return when it will move nothing any more; it has been seen to that it has no reason to go on."""
        if self.is_resting:
            self.task.cancel()
        await asyncio.wait({self.task})


class _Calm:
    """How long nothing has been under way, and whether all who wait have looked since: what they wait for may be there,
    and then time has no reason to leap."""

    def __init__(self) -> None:
        self._since: float | None = None

    def ends(self) -> None:
        self._since = None

    def suffices(self, waits: Collection[Wait]) -> bool:
        now = asyncio.get_running_loop().time()
        if self._since is None:
            self._since = now
            for wait in waits:
                wait.asked += 1
                wait.told()
            return False
        if any(wait.answered is None for wait in waits) and now - self._since < _LOOKING_S:
            return False
        return all(wait.answered in (None, wait.asked) for wait in waits)

    def lasts(self, seconds: float) -> bool:
        return self._since is not None and asyncio.get_running_loop().time() - self._since >= seconds


class Patience:
    """The waits of this process."""

    def __init__(self, database: Database, steering: Steering, worlds: Worlds) -> None:
        self._database = database
        self._steering = steering
        self._waits: dict[str, set[Wait]] = {}
        self._drivers: dict[str, _Driver] = {}
        worlds.follow(self._heard)

    async def close(self) -> None:
        for waits in self._waits.values():
            for wait in waits:
                wait.end()
        self._waits.clear()
        for driver in tuple(self._drivers.values()):
            await driver.stop()

    @asynccontextmanager
    async def wait(self, world_sid: str, seconds: float, *, looks: bool = False) -> AsyncIterator[Wait]:
        """A wait from now on for so long, as the world's clock is now. Who `looks` does so when asked, and says so."""
        loop = asyncio.get_running_loop()
        wait = Wait(
            loop.create_future(), sids.new_id(), loop.time() + seconds, answered=-1 if looks else None
        )
        self._waits.setdefault(world_sid, set()).add(wait)
        try:
            if clock.world_time(world_sid).mode == "auto":
                self._drive(world_sid)
            else:
                self._by_real_time(wait)
            yield wait
        finally:
            await self._leave(world_sid, wait)

    def _by_real_time(self, wait: Wait) -> None:
        loop = asyncio.get_running_loop()
        wait.ends_at = None
        wait.timer = loop.call_at(wait.ends_s, wait.end)

    async def _leave(self, world_sid: str, wait: Wait) -> None:
        waits = self._waits.get(world_sid, set())
        waits.discard(wait)
        if wait.timer is not None:
            wait.timer.cancel()
        if not waits:
            self._waits.pop(world_sid, None)
            driver = self._drivers.pop(world_sid, None)
            if driver is not None:
                await driver.stop()
        if wait.has_row:
            # Who leaves because its client did is told so again at once, and the row must go all the same.
            with contextlib.suppress(Unavailable):
                await asyncio.shield(self._forget(world_sid, wait))

    async def _forget(self, world_sid: str, wait: Wait) -> None:
        await self._database.execute(_CLOSE, wait.id, world_sid, clock.now(world_sid) - timedelta(days=1))

    def _heard(self, world_sid: str) -> None:
        """A clock was moved somewhere; it may have become automatic while somebody waits here."""
        if self._waits.get(world_sid) and clock.world_time(world_sid).mode == "auto":
            self._drive(world_sid)

    def _drive(self, world_sid: str) -> None:
        if world_sid not in self._drivers:
            task = asyncio.create_task(self._drive_on(world_sid), name="lab-clock")
            driver = self._drivers[world_sid] = _Driver(task)
            task.add_done_callback(lambda _: self._driven(world_sid, driver))

    def _driven(self, world_sid: str, driver: _Driver) -> None:
        if self._drivers.get(world_sid) is driver:
            del self._drivers[world_sid]

    async def _drive_on(self, world_sid: str) -> None:
        """For as long as the clock is automatic and somebody waits."""
        driver, calm = self._drivers[world_sid], _Calm()
        pause = SHORTEST_PAUSE_S
        while clock.world_time(world_sid).mode == "auto" and self._waits.get(world_sid):
            try:
                quiet_in, has_moved = await self._turn(world_sid, calm)
            except (Unavailable, TimeoutError) as error:
                log.warning("an automatic clock stands still: %s", error)
                quiet_in, has_moved = _AWAY_S, False
            if has_moved:
                calm.ends()
                for wait in self._waits.get(world_sid, ()):
                    wait.told()
            pause = SHORTEST_PAUSE_S if has_moved else min(pause * 1.5, LONGEST_PAUSE_S)
            await driver.rest(quiet_in or pause)
        for wait in self._waits.get(world_sid, ()):  # it is automatic no more
            self._by_real_time(wait)

    async def _turn(self, world_sid: str, calm: _Calm) -> tuple[float, bool]:
        """In how many seconds it may be quiet, if that is known; and whether time has leapt."""
        await self._enter(world_sid)
        look = await self._steering.look(world_sid)
        waits = self._waits.get(world_sid, set())
        quiet_in = self._steering.quiet_in(world_sid)
        if look.is_busy or quiet_in:
            calm.ends()
            self._expire(world_sid, is_quiet=not look.is_busy)
            return (0.0 if look.is_busy else quiet_in), False
        if not calm.suffices(waits):
            return SHORTEST_PAUSE_S, False
        self._expire(world_sid, is_quiet=True)
        if not calm.lasts(_ELSEWHERE_S) and await self._others_wait(world_sid, waits):
            return SHORTEST_PAUSE_S, False
        return 0.0, await self._steering.step(world_sid)

    async def _others_wait(self, world_sid: str, waits: Collection[Wait]) -> bool:
        """Whether somebody waits in another process, who is given a moment to look."""
        own = [wait.id for wait in waits]
        others: bool = await self._database.fetchval(_OTHERS, world_sid, clock.now(world_sid), own)
        return others

    async def _enter(self, world_sid: str) -> None:
        """Make rows of the waits that have none."""
        loop = asyncio.get_running_loop()
        for wait in tuple(self._waits.get(world_sid, ())):
            if wait.ends_at is None:
                left = max(0.0, wait.ends_s - loop.time())
                wait.ends_at = clock.now(world_sid) + timedelta(seconds=left)
                wait.has_row = True
                if wait.timer is not None:
                    wait.timer.cancel()
                await self._database.execute(_OPEN, wait.id, world_sid, wait.ends_at)

    def _expire(self, world_sid: str, *, is_quiet: bool) -> None:
        """What is due at the very end of a wait is still awaited."""
        now = clock.now(world_sid)
        for wait in self._waits.get(world_sid, ()):
            if (
                wait.ends_at is not None
                and wait.ends_at <= now
                and (is_quiet or wait.ends_at + _OVERTIME <= now)
            ):
                wait.end()


def _wake(resting: asyncio.Future[None]) -> None:
    if not resting.done():
        resting.set_result(None)


def seconds_of(world_sid: str, timeout: float | None) -> float:
    """How long a wait lasts that was asked for so long. 400 for more than may be waited in real time."""
    seconds = DEFAULT_WAIT_S if timeout is None else float(timeout)
    if seconds > MAX_WAIT_S and clock.world_time(world_sid).mode != "auto":
        reason = f"At most {MAX_WAIT_S} s may be waited, but where the clock is automatic."
        raise errors.invalid_parameter("Timeout", reason)
    return seconds
