"""The live feed: server-sent events of what is new in a world.

One task per scope watches, only while somebody reads. All readers of a scope share its looks and their encoded bytes.
A reader that is slow has a few batches waiting; past those they are dropped and counted as skipped.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Final

import asyncpg
import structlog

from localloop.console.queries import Scope
from localloop.console.watching import Batch, Watcher, caught_up
from localloop.rest.wire import AsgiApp, Receive, Send
from localloop.rest.wire import Scope as AsgiScope
from localloop.store import Database, Unavailable

log = structlog.get_logger("console")
TICK_S: Final = 0.25
_LONGEST_TICK_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
_SEND_TIMEOUT_S: Final = 60.0
_WAITING: Final = 8
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
StillSignedIn = Callable[[], Awaitable[bool]]


class Reader:
    """One open feed: what waits for it, and what it missed."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._missed: Counter[str] = Counter()
        self._woken = asyncio.Event()
        self.is_over = False

    def offer(self, batch: Batch) -> None:
        if len(self._batches) >= _WAITING:
            for dropped in self._batches:
                self._missed.update(dropped.told)
                self._missed.update(dropped.skipped)
            self._batches.clear()
        self._batches.append(batch)
        self._woken.set()

    def end(self) -> None:
        self.is_over = True
        self._woken.set()

    async def wait(self, seconds: float) -> bytes:
        """Every event that waits, as bytes; b"" when none came in time or it is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return b""
        self._woken.clear()
        events = []
        while self._batches and not self.is_over:
            events.append(self._batches.popleft().event(self._missed))
            self._missed.clear()
        return b"".join(events)


class _Watch:
    """The readers of one scope, and the task that looks for them."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self.readers: set[Reader] = set()
        self.task: asyncio.Task[None] | None = None
        self._watcher = Watcher(database, scope)

    async def run(self) -> None:
        """For as long as somebody reads. However it ends, nobody is left waiting: browsers come again."""
        try:
            await self._look_on()
        finally:
            for reader in self.readers:
                reader.end()

    async def _look_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self.readers:
            began = loop.time()
            try:
                batch = await self._watcher.look()
            except (Unavailable, TimeoutError, asyncpg.PostgresError) as error:
                log.warning("the feed could not look", error=str(error) or type(error).__name__)
                batch = None
            if batch is not None:
                for reader in self.readers:
                    reader.offer(batch)
            # Where looking takes long, the machine has better things to do: a tenth of the time is for looking.
            taken = loop.time() - began
            await asyncio.sleep(min(max(TICK_S - taken, 9 * taken), _LONGEST_TICK_S))


class Feeds:
    """The feeds of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: dict[Scope, _Watch] = {}
        self._is_over = False
        self._context = copy_context()  # a look is for many readers, not for the request that began it

    @property
    def watching(self) -> int:
        """How many scopes are looked at."""
        return len(self._watches)

    def stream(self, scope: Scope, last_cursor: str, is_signed_in: StillSignedIn) -> AsgiApp:
        """The answer to a request for the feed, from the event after `last_cursor`."""
        return partial(self._stream, (scope, last_cursor, is_signed_in))

    def end(self) -> None:
        """End every feed; those who come later get one event and the end."""
        self._is_over = True
        for watch in self._watches.values():
            for reader in watch.readers:
                reader.end()

    async def close(self) -> None:
        self.end()
        tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watches.clear()

    async def _stream(
        self,
        asked: tuple[Scope, str, StillSignedIn],
        _scope: AsgiScope,
        receive: Receive,
        send: Send,
    ) -> None:
        scope, last_cursor, is_signed_in = asked
        with self._reading(scope) as reader:
            first = await caught_up(self._database, scope, last_cursor)
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await _send(send, b"retry: 1000\n\n" + first.event())
            async with asyncio.TaskGroup() as group:
                leaving = group.create_task(_until_gone(receive, reader))
                await self._tell(reader, send, is_signed_in)
                leaving.cancel()

    async def _tell(self, reader: Reader, send: Send, is_signed_in: StillSignedIn) -> None:
        """Until the reader leaves, signs out or takes nothing more."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            while not reader.is_over and not self._is_over:
                events = await reader.wait(HEARTBEAT_S)
                if loop.time() - asked >= HEARTBEAT_S:
                    asked = loop.time()
                    if not await _is_still(is_signed_in):
                        break
                async with asyncio.timeout(_SEND_TIMEOUT_S):
                    await _send(send, events or b": still here\n\n")
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("a reader of the feed takes nothing any more")

    @contextmanager
    def _reading(self, scope: Scope) -> Iterator[Reader]:
        """A reader among those of its scope; the first one starts the looking, the last one ends it."""
        watch = self._watches.get(scope)
        if watch is None:
            watch = self._watches[scope] = _Watch(self._database, scope)
        reader = Reader()
        watch.readers.add(reader)
        if watch.task is None:
            watch.task = asyncio.create_task(watch.run(), name="console-feed", context=self._context)
        try:
            yield reader
        finally:
            watch.readers.discard(reader)
            if not watch.readers and self._watches.get(scope) is watch:
                del self._watches[scope]
                watch.task.cancel()


async def _send(send: Send, events: bytes) -> None:
    await send({"type": "http.response.body", "body": events, "more_body": True})


async def _until_gone(receive: Receive, reader: Reader) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.end()


async def _is_still(is_signed_in: StillSignedIn) -> bool:
    """A database that is away signs nobody out."""
    try:
        return await is_signed_in()
    except Unavailable:
        return True
