"""Kept connections: by origin and certificates' rules, so many at once to one place, and none for longer than servers
keep them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Final, TypeAlias

from localloop.webhooks.connection import Connection
from localloop.webhooks.connector import KEEP_ALIVE_S, Timings
from localloop.webhooks.opening import Opener
from localloop.webhooks.target import Target

Place: TypeAlias = tuple[tuple[str, str, int], ssl.SSLContext | None]
_SWEEP_S: Final = KEEP_ALIVE_S / 2


class _Shelf:
    """The connections of one place."""

    __slots__ = ("idle", "taken", "waiting")

    def __init__(self) -> None:
        self.idle: list[Connection] = []
        self.taken = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Pool:
    """Lends connections; whoever takes one gives it back, however it went. `per_host`: 0 is without limit."""

    def __init__(self, opener: Opener, per_host: int = 0) -> None:
        self._opener = opener
        self._per_host = per_host
        self._shelves: dict[Place, _Shelf] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    def close(self) -> None:
        """Those that are lent close when they come back."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for shelf in self._shelves.values():
            while shelf.idle:
                shelf.idle.pop().close()

    async def take(self, reached: Target, place: Place, timings: Timings, left_s: float) -> Connection:
        """A kept connection or a new one. Raises Failure, or TimeoutError when no time is left."""
        shelf = self._shelves.get(place)
        if shelf is None:
            shelf = self._shelves[place] = _Shelf()
        if not self._per_host or shelf.taken < self._per_host:
            shelf.taken += 1
        else:
            async with asyncio.timeout(left_s):
                await self._turn(place, shelf)
        kept = self._kept(shelf)
        if kept is not None:
            timings.reused = True
            return kept
        try:
            async with asyncio.timeout(left_s - timings.since_start()):
                return await self._opener.open(reached, place[1], timings)
        except BaseException:
            self._leave(place, shelf)
            raise

    def give_back(self, place: Place, connection: Connection) -> None:
        shelf = self._shelves[place]
        if self._is_closed:
            connection.close()
        elif connection.is_reusable:
            connection.idle_since = asyncio.get_running_loop().time()
            shelf.idle.append(connection)
            self._sweep_later()
        self._leave(place, shelf)

    def _kept(self, shelf: _Shelf) -> Connection | None:
        """The one that was used last."""
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE_S
        while shelf.idle:
            connection = shelf.idle.pop()
            if connection.is_reusable and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    async def _turn(self, place: Place, shelf: _Shelf) -> None:
        """Wait until a place is handed over."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        shelf.waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                self._leave(place, shelf)  # it was handed over in the same moment
            raise

    def _leave(self, place: Place, shelf: _Shelf) -> None:
        """One that is not taken any more makes room for who waits for it; of a place with nothing left nothing is kept,
        or every server that keeps no connections would be remembered for ever."""
        while shelf.waiting:
            future = shelf.waiting.popleft()
            if not future.done():
                future.set_result(None)
                return
        shelf.taken -= 1
        if not (shelf.idle or shelf.taken):
            del self._shelves[place]

    def _sweep_later(self) -> None:
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE_S
        for place, shelf in tuple(self._shelves.items()):
            for connection in shelf.idle:
                if connection.idle_since <= oldest:
                    connection.close()
            shelf.idle = [connection for connection in shelf.idle if connection.is_reusable]
            if not (shelf.idle or shelf.taken):
                del self._shelves[place]
        if any(shelf.idle for shelf in self._shelves.values()):
            self._sweep_later()
