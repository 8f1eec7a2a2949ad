"""One dedicated connection that hears NOTIFY, and finds its way back after the database was away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Final

import asyncpg
from msgspec import Struct

log = logging.getLogger(__name__)

_TIMEOUT: Final = 5.0
_HEARTBEAT: Final = 15.0
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0
_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Subscription(Struct, eq=False):
    """One callback on one channel; `close` ends it."""

    channel: str
    callback: Callable[[str], None]
    resync: Callable[[], None] | None
    _end: Callable[[Subscription], None]

    def close(self) -> None:
        self._end(self)


class Listener:
    """Owns the listening connection and the task that keeps it; both exist from the first subscription on."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._task: asyncio.Task[None] | None = None
        self._connection: Any = None
        self._changed = asyncio.Event()
        self._heard: set[str] = set()  # channels that the connection listens on
        self._ready = asyncio.Condition()

    async def add(
        self, channel: str, callback: Callable[[str], None], resync: Callable[[], None] | None
    ) -> Subscription:
        """Subscribe, and return once the channel is heard (or after the time-out, while the database is
        away)."""
        subscription = Subscription(channel, callback, resync, self._remove)
        self._subscriptions.setdefault(channel, []).append(subscription)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="store-listener")
        self._changed.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TIMEOUT), self._ready:
                await self._ready.wait_for(lambda: channel in self._heard)
        return subscription

    async def close(self) -> None:
        """End the task and the connection."""
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _remove(self, subscription: Subscription) -> None:
        others = self._subscriptions.get(subscription.channel, [])
        if subscription in others:
            others.remove(subscription)

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        again = False
        while True:
            try:
                self._connection = await asyncpg.connect(
                    self._dsn, timeout=_TIMEOUT, command_timeout=_TIMEOUT
                )
                await self._hear()
                if again:
                    self._resync()
                again, pause = True, _FIRST_PAUSE
                await self._stay()
            except _AWAY as error:
                log.info("the listening connection is lost: %s", error or type(error).__name__)
            finally:
                await self._hang_up()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _stay(self) -> None:
        """Until the connection is lost: take up new channels, and ask now and then whether it still lives."""
        self._connection.add_termination_listener(lambda _: self._changed.set())
        while not self._connection.is_closed():
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await self._changed.wait()
            except TimeoutError:
                await self._connection.execute("select 1")
            await self._hear()

    async def _hear(self) -> None:
        self._changed.clear()
        for channel in self._subscriptions.keys() - self._heard:
            await self._connection.add_listener(channel, self._dispatch)
            self._heard.add(channel)
        async with self._ready:
            self._ready.notify_all()

    async def _hang_up(self) -> None:
        self._heard.clear()
        connection, self._connection = self._connection, None
        if connection and not connection.is_closed():
            connection.terminate()

    def _dispatch(self, _connection: object, _pid: int, channel: str, payload: str) -> None:
        for subscription in tuple(self._subscriptions.get(channel, ())):
            _call(subscription.callback, payload)

    def _resync(self) -> None:
        for subscriptions in tuple(self._subscriptions.values()):
            for subscription in tuple(subscriptions):
                if subscription.resync:
                    _call(subscription.resync)


def _call(callback: Callable[..., None], *args: str) -> None:
    try:
        callback(*args)
    except Exception:  # the edge: one subscriber's bug is not the others'
        log.exception("a subscriber of notices failed")
