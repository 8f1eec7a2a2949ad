"""Endpoints: how many notifications go to one at once, and when none does. Whoever is kept away waits, and is not lost.

An endpoint is an account's server: scheme, host and port. Three things keep a notification away. The endpoint's window
is full: it opens with every answer and shrinks with every one that does not come. It keeps us waiting, while half the
worker is waiting for such endpoints. Or its circuit is open: it did not answer several times in a row, so that only one
notification goes there now and then, to see. Whoever has to wait a moment waits here; for longer the job is parked in
the endpoint's lane, costs nothing there, and is released as others come back. Instructions are not counted here.

Each process keeps its own picture, and learns it anew when it starts: only the parked jobs are kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from datetime import timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from localloop.core import clock
from localloop.jobs import release
from localloop.store import Database, Unavailable

log = logging.getLogger(__name__)

_REMEMBERED: Final = 4_096
_SHARE: Final = 0.1  # of the newest answer in the mean
_AWAY_S: Final = 0.1
_GUESS_S: Final = 0.01  # what an answer takes, before there was one
_PARKING_S: Final = 1.0  # until a job that was sent away is surely in its lane
_LOOK_S: Final = 0.1
_COMING_S: Final = 1.0  # released jobs that have not come by then went to another process


class Limits(Struct, frozen=True, kw_only=True):
    """How much an endpoint gets at once, and when it is left alone."""

    first_window: int = 8
    window: int = 32
    total: int = 128  # notifications under way, past which endpoints that are slow or unknown get no more
    slow_s: float = 1.0
    patience_s: float = 0.25  # who would have to wait for longer is parked
    troubles: int = 10  # in a row: then the circuit opens
    first_pause_s: float = 5.0
    longest_pause_s: float = 60.0
    longest_park_s: float = 600.0
    overdue: timedelta = timedelta(hours=1)  # then it is tried, open circuit or not


class Postponed(Exception):
    """Not now; the job may come again after these seconds, or when its lane is released."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"after {after_s:.3f} s")
        self.after_s = after_s


class Visitor(Struct, frozen=True):
    """Who wants to go to an endpoint."""

    job_id: int
    has_parked: bool = False
    may_probe: bool = False  # somebody asked for it, or it waits for too long: an open circuit is no reason


class Passage(Struct):
    """A notification under way. `is_trouble`: the endpoint did not answer, or had no time."""

    began: float
    is_trouble: bool | None = None  # None: nothing was learnt


class Endpoint:
    """What is known of one endpoint. `lane` is where its jobs are parked."""

    def __init__(self, lane: str, limits: Limits) -> None:
        self.lane = lane
        self.window = limits.first_window
        self.running: dict[int, Passage] = {}  # by job, the oldest first
        self.waiting: deque[tuple[int, asyncio.Future[Passage | None]]] = deque()
        self.mean_s = _GUESS_S
        self.is_proven = False
        self.troubles = 0
        self.pause_s = 0.0  # 0: the circuit is closed
        self.opens_at = 0.0
        self.probe: int | None = None
        self.is_promised = False  # somebody will come when the pause is over
        self.parked = 0  # at most
        self.parked_at = 0.0
        self.looks_at = 0.0  # while others are under way, not earlier
        self.is_looked_after = False
        self.coming = 0
        self.released_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open: nobody passes but a probe."""
        return self.pause_s > 0

    @property
    def is_idle(self) -> bool:
        """Whether it may be forgotten."""
        return not (self.running or self.waiting or self.parked or self.troubles)

    def takes(self, now: float) -> float:
        """How long an answer takes, as far as is known: the one that is awaited for longest counts, too, less the time
        for which we may have been away ourselves."""
        oldest = next(iter(self.running.values()), None)
        return self.mean_s if oldest is None else max(self.mean_s, now - oldest.began - _AWAY_S)

    def drains_in(self, now: float, ahead: int) -> float:
        """How long until this many have gone."""
        return ahead * self.takes(now) / self.window


class Gate:
    """Lets notifications through to their endpoints, or raises Postponed."""

    def __init__(self, database: Database, limits: Limits | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()
        self._endpoints: dict[str, Endpoint] = {}
        self._total = 0
        self._looking: set[asyncio.Task[None]] = set()

    def endpoint(self, account_sid: str, url: str) -> Endpoint:
        """The endpoint of a URL; every URL has one, however broken."""
        lane = lane_of(account_sid, url)
        known = self._endpoints.get(lane)
        if known is None:
            if len(self._endpoints) >= _REMEMBERED:
                self._endpoints = {key: each for key, each in self._endpoints.items() if not each.is_idle}
            known = self._endpoints[lane] = Endpoint(lane, self._limits)
        return known

    async def relieve(self, endpoint: Endpoint) -> None:
        """Release as many parked jobs as will soon find room; with an open circuit one, at the end of its pause."""
        if endpoint.parked <= 0:
            return
        now = asyncio.get_running_loop().time()
        if now < endpoint.looks_at and (endpoint.running or endpoint.waiting):
            return
        if endpoint.is_open:
            if not endpoint.is_promised:
                endpoint.is_promised = True
                pause = timedelta(seconds=max(0.0, endpoint.opens_at - now))
                endpoint.is_promised = await self._release(endpoint, 1, pause) > 0
            return
        if now - endpoint.released_at > _COMING_S:
            endpoint.coming = 0
        room = 2 * endpoint.window - len(endpoint.running) - len(endpoint.waiting) - endpoint.coming
        if 2 * room >= endpoint.window:
            endpoint.coming += room
            endpoint.released_at = now
            count = await self._release(endpoint, room, timedelta())
            endpoint.coming = max(0, endpoint.coming - (room - count))  # some may have come already

    async def _release(self, endpoint: Endpoint, most: int, after: timedelta) -> int:
        try:
            count = await release(self._database, endpoint.lane, most, clock.now() + after)
        except Unavailable as error:
            log.warning("parked notifications wait on (%s)", error)
            self._look_later(endpoint)
            return 0
        endpoint.parked = max(0, endpoint.parked - count)
        if count < most and endpoint.parked:
            now = asyncio.get_running_loop().time()
            endpoint.looks_at = now + _LOOK_S
            if now - endpoint.parked_at > _PARKING_S:
                endpoint.parked = 0
            else:
                self._look_later(endpoint)
        return count

    def _look_later(self, endpoint: Endpoint) -> None:
        """Who was sent away a moment ago may not be in the lane yet, and perhaps nobody else will come by."""
        if not endpoint.is_looked_after:
            endpoint.is_looked_after = True
            look = asyncio.create_task(self._look(endpoint), name="webhooks-lane")
            self._looking.add(look)
            look.add_done_callback(self._looking.discard)

    async def _look(self, endpoint: Endpoint) -> None:
        await asyncio.sleep(_PARKING_S)
        endpoint.is_looked_after = False
        await self.relieve(endpoint)

    async def close(self) -> None:
        """Look after nobody any more."""
        for look in self._looking:
            look.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)

    async def enter(self, endpoint: Endpoint, visitor: Visitor) -> Passage:
        """May go, or Postponed; whoever entered has to `leave`."""
        now = asyncio.get_running_loop().time()
        if visitor.has_parked:
            # Released, or its time was over: that is not known, so `parked` may be more than there are, never less.
            endpoint.coming = max(0, endpoint.coming - 1)
        if endpoint.is_open and not visitor.may_probe:
            if now < endpoint.opens_at or endpoint.probe is not None:
                raise self._kept_away(endpoint, now)
            endpoint.probe = visitor.job_id
            return self._begin(endpoint, visitor.job_id, now)
        # Whoever is parked has no right of way: to park all that come later would cost more than it is worth.
        if not endpoint.waiting and self._has_room(endpoint, now):
            return self._begin(endpoint, visitor.job_id, now)
        if not self._is_short_wait(endpoint, now):
            raise self._kept_away(endpoint, now)
        return await self._wait(endpoint, visitor)

    def _has_room(self, endpoint: Endpoint, now: float) -> bool:
        if len(endpoint.running) >= endpoint.window:
            return False
        is_quick = endpoint.is_proven and endpoint.takes(now) < self._limits.slow_s
        return is_quick or self._total < self._limits.total

    def _is_short_wait(self, endpoint: Endpoint, now: float) -> bool:
        is_full = len(endpoint.running) >= endpoint.window
        return is_full and endpoint.drains_in(now, len(endpoint.waiting) + 1) < self._limits.patience_s

    async def _wait(self, endpoint: Endpoint, visitor: Visitor) -> Passage:
        """Until somebody leaves and hands over."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Passage | None] = loop.create_future()
        place = (visitor.job_id, future)
        endpoint.waiting.append(place)
        # A third of the price of asyncio.timeout, and nearly everybody waits here when much is to do.
        timer = loop.call_later(2 * self._limits.patience_s, _give_up, future)
        try:
            passage = await future
        except asyncio.CancelledError:
            self._withdraw(endpoint, place)
            raise
        finally:
            timer.cancel()
        if passage is None:
            self._withdraw(endpoint, place)
            raise self._kept_away(endpoint, loop.time())
        return passage

    def _withdraw(self, endpoint: Endpoint, place: tuple[int, asyncio.Future[Passage | None]]) -> None:
        """No longer waiting; a passage that came in the same moment goes to the next."""
        if place in endpoint.waiting:
            endpoint.waiting.remove(place)
        elif not place[1].cancelled() and (passage := place[1].result()) is not None:
            self.leave(endpoint, place[0], passage)

    def _begin(self, endpoint: Endpoint, job_id: int, now: float) -> Passage:
        self._total += 1
        passage = endpoint.running[job_id] = Passage(now)
        return passage

    def leave(self, endpoint: Endpoint, job_id: int, passage: Passage) -> None:
        """No longer under way: what it was like is learnt, and the next one goes."""
        self._total -= 1
        del endpoint.running[job_id]
        now = asyncio.get_running_loop().time()
        was_probe = endpoint.probe == job_id
        if was_probe:
            endpoint.probe = None
            endpoint.is_promised = False
        if passage.is_trouble is not None:
            endpoint.mean_s += _SHARE * (now - passage.began - endpoint.mean_s)
            if passage.is_trouble:
                self._take_trouble(endpoint, now, was_probe)
            else:
                self._take_answer(endpoint)
        while endpoint.waiting and len(endpoint.running) < endpoint.window and not endpoint.is_open:
            next_id, future = endpoint.waiting.popleft()
            if not future.done():
                future.set_result(self._begin(endpoint, next_id, now))

    def _take_answer(self, endpoint: Endpoint) -> None:
        if endpoint.is_open:
            log.info("%s answers again", endpoint.lane)
        endpoint.is_proven = True
        endpoint.troubles = 0
        endpoint.pause_s = 0.0
        endpoint.window = min(endpoint.window + 1, self._limits.window)

    def _take_trouble(self, endpoint: Endpoint, now: float, was_probe: bool) -> None:
        endpoint.troubles += 1
        if endpoint.troubles == 1:
            endpoint.window = max(1, endpoint.window // 2)
        if endpoint.troubles < self._limits.troubles or (endpoint.is_open and not was_probe):
            return
        pause_s = 2 * endpoint.pause_s or self._limits.first_pause_s
        endpoint.pause_s = min(pause_s, self._limits.longest_pause_s)
        endpoint.opens_at = now + endpoint.pause_s
        endpoint.is_promised = False
        log.warning("%s does not answer: notifications wait %g s", endpoint.lane, endpoint.pause_s)

    def _kept_away(self, endpoint: Endpoint, now: float) -> Postponed:
        endpoint.parked += 1
        endpoint.parked_at = now
        queue_s = max(1.0, 2 * endpoint.drains_in(now, endpoint.parked))
        if not endpoint.is_open:
            return Postponed(min(queue_s, self._limits.longest_park_s))
        left_s = max(0.0, endpoint.opens_at - now)
        if not endpoint.is_promised and endpoint.probe is None:
            endpoint.is_promised = True
            return Postponed(left_s)
        return Postponed(left_s + min(queue_s + self._limits.first_pause_s, self._limits.longest_park_s))


def _give_up(future: asyncio.Future[Passage | None]) -> None:
    if not future.done():
        future.set_result(None)


@lru_cache(maxsize=_REMEMBERED)
def lane_of(account_sid: str, url: str) -> str:
    """Account, scheme, host and port."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"{account_sid} {parts.scheme}://{(parts.hostname or '').lower()}:{port}"
    except ValueError:
        return f"{account_sid} ?"
