"""Group commit: concurrent callers share one durable transaction, and each still gets an answer of its own.

Callers' items wait in a queue; a lane takes up to 256 of them and commits them together. A batch that fails is
halved until the culprit stands alone and raises its error to its caller only. When the connection is lost, nobody
knows whether COMMIT was carried out, so every batch leaves a mark in its own transaction: the mark is there or it
is not, and waiting for its row's lock also waits for a backend that is still at it. (The status of a transaction
id would not do: after a crash the same id may be given out again.)
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from typing import Any, Final, Generic, TypeVar

import asyncpg

from localloop.store.database import Database, Unavailable, is_lost

T = TypeVar("T")
R = TypeVar("R")

_CONFLICTS: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
_CONFLICT_TRIES: Final = 5
_PAUSE: Final = 0.05
_CLOSING: Final = 10.0


class Overloaded(Unavailable):
    """More items wait than the writer takes; nothing was written."""


class _Entry(Generic[T, R]):
    __slots__ = ("future", "item")

    def __init__(self, item: T, future: asyncio.Future[R]) -> None:
        self.item = item
        self.future = future

    def answer(self, result: R | Exception) -> None:
        if self.future.done():
            return  # the caller has gone
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class _Lane:
    """One batch at a time, on whatever connection is free."""

    __slots__ = ("batch", "id", "marked")

    def __init__(self) -> None:
        self.id = uuid.uuid4()
        self.batch = 0
        self.marked = False  # has a row among the marks


class BatchWriter(Generic[T, R]):
    """`flush(connection, items)` writes the items in the transaction that it is given and returns a result for each,
    in order; a result that is an exception is raised to that item's caller, without failing the batch."""

    def __init__(
        self,
        database: Database,
        flush: Callable[[Any, Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        max_batch: int = 256,
        max_queue: int = 16_384,
        lanes: int = 2,
    ) -> None:
        self._database = database
        self._flush = flush
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._waiting: deque[_Entry[T, R]] = deque()
        self._idle = [_Lane() for _ in range(lanes)]
        self._lanes = lanes
        self._tasks: set[asyncio.Task[None]] = set()
        self._context = copy_context()  # a batch speaks for many requests, not for the one that began it
        self._closed = False

    async def write(self, item: T) -> R:
        """Return once the item is durable; raises its own error, Overloaded or Unavailable."""
        if self._closed:
            raise Unavailable("the writer is closed")
        if len(self._waiting) >= self._max_queue:
            raise Overloaded(f"{self._max_queue} writes are waiting already")
        entry: _Entry[T, R] = _Entry(item, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        # A second transaction at once only pays when it is full: otherwise both would be half empty.
        if self._idle and (len(self._idle) == self._lanes or len(self._waiting) >= self._max_batch):
            run = self._run(self._idle.pop())
            task = asyncio.create_task(run, name="store-writer", context=self._context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await entry.future

    async def close(self) -> None:
        """Take no more, and write what waits."""
        self._closed = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_CLOSING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().answer(Unavailable("the writer was closed"))
        marked = [lane.id for lane in self._idle if lane.marked]
        with contextlib.suppress(Unavailable):
            if marked:
                await self._database.execute("delete from batch_marks where lane = any($1)", marked)

    async def _run(self, lane: _Lane) -> None:
        try:
            while self._waiting:
                await self._write(lane, self._take())
        finally:
            self._idle.append(lane)

    def _take(self) -> list[_Entry[T, R]]:
        taken: list[_Entry[T, R]] = []
        while self._waiting and len(taken) < self._max_batch:
            entry = self._waiting.popleft()
            if not entry.future.done():
                taken.append(entry)
        return taken

    async def _write(self, lane: _Lane, entries: list[_Entry[T, R]]) -> None:
        """Commit the entries, halving what fails, until each has its answer."""
        parts = [entries] if entries else []
        try:
            while parts:
                part = parts.pop()
                try:
                    results = await self._commit(lane, part)
                except Unavailable:
                    parts.append(part)
                    raise
                except Exception as error:  # noqa: BLE001  it belongs to one of the callers
                    parts.extend(_halves(part, error))
                else:
                    for entry, result in zip(part, results, strict=True):
                        entry.answer(result)
        except Unavailable as error:
            _refuse(parts, error)
        finally:
            _refuse(parts, Unavailable("the writer was stopped"))

    async def _commit(self, lane: _Lane, entries: list[_Entry[T, R]]) -> Sequence[R | Exception]:
        """One durable transaction, again when it was a deadlock's victim or when the connection was lost."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._database.patience
        items = [entry.item for entry in entries]
        conflicts = 0
        lane.batch += 1
        while True:
            results: list[Sequence[R | Exception]] = []
            try:
                await self._transact(lane, items, results)
                return results[0]
            except _CONFLICTS:
                conflicts += 1
                if conflicts == _CONFLICT_TRIES:
                    raise
                await asyncio.sleep(random.uniform(0, _PAUSE))  # noqa: S311
            except Unavailable:
                if results and await self._is_committed(lane):
                    return results[0]
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(_PAUSE)

    async def _transact(self, lane: _Lane, items: list[T], results: list[Sequence[R | Exception]]) -> None:
        """`results` is filled when only COMMIT was left to do: from then on a lost connection leaves doubt."""
        async with self._database.connection() as connection:
            try:
                # Beginning and marking share a round trip. The values are our own, never a caller's.
                await connection.execute(
                    f"begin; insert into batch_marks values ('{lane.id}', {lane.batch}) "
                    f"on conflict (lane) do update set batch = excluded.batch"
                )
                lane.marked = True
                written = await self._flush(connection, items)
                if len(written) != len(items):
                    raise RuntimeError(f"flush answered {len(written)} of {len(items)} items")
                results.append(written)
                await connection.execute("commit")
            except BaseException as error:
                if is_lost(error):
                    _hang_up(connection)
                    raise Unavailable(f"the connection was lost: {error or 'time-out'}") from error
                results.clear()
                await _roll_back(connection)
                raise

    async def _is_committed(self, lane: _Lane) -> bool:
        """Whether the lane's last batch is in the database; waits for a backend that may still be committing it."""
        marked = await self._database.fetchval(
            "select batch from batch_marks where lane = $1 for update", lane.id
        )
        return bool(marked == lane.batch)


def _halves(part: list[_Entry[T, R]], error: Exception) -> list[list[_Entry[T, R]]]:
    """What is left to try of a part that failed: nothing of a single one, which gets the error; the first half is
    last, so that it is popped next."""
    if len(part) == 1:
        part[0].answer(error)
        return []
    middle = len(part) // 2
    return [part[middle:], part[:middle]]


def _refuse(parts: list[list[_Entry[T, R]]], error: Exception) -> None:
    for part in parts:
        for entry in part:
            entry.answer(error)
    parts.clear()


async def _roll_back(connection: Any) -> None:
    try:
        await connection.execute("rollback")
    except Exception as error:
        if not is_lost(error):
            raise
        _hang_up(connection)


def _hang_up(connection: Any) -> None:
    with contextlib.suppress(
        asyncpg.InterfaceError
    ):  # the pool may have noticed before us, and taken it back
        connection.terminate()
