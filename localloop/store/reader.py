"""Grouped reads: concurrent callers share one query, and each gets the answer to its own question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from typing import Generic, TypeVar

from localloop.store.database import Database, Executor, Unavailable

K = TypeVar("K")
V = TypeVar("V")


class BatchReader(Generic[K, V]):
    """`answer(database, questions)` returns an answer for each question, in order. Nobody waits for company: what came
    while the last query ran is asked together in the next."""

    def __init__(
        self,
        database: Database,
        answer: Callable[[Executor, Sequence[K]], Awaitable[Sequence[V]]],
        *,
        max_batch: int = 256,
        lanes: int = 2,
    ) -> None:
        self._database = database
        self._answer = answer
        self._max_batch = max_batch
        self._free = lanes
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._context = copy_context()  # a batch speaks for many requests, not for the one that began it

    async def read(self, question: K) -> V:
        """The answer; raises what the query raised."""
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._free and len(self._waiting) <= self._max_batch:
            self._free -= 1
            task = asyncio.create_task(self._run(), name="store-reader", context=self._context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def close(self) -> None:
        """Answer nobody any more."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _refuse(self._waiting, Unavailable("the reader was closed"))
        self._waiting = []

    async def _run(self) -> None:
        # Free in the step that finds nothing more to do: a task is done a step later, and who asks between would wait.
        try:
            await self._ask()
        finally:
            self._free += 1

    async def _ask(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._max_batch]
            del self._waiting[: self._max_batch]
            try:
                answers = await self._answer(self._database, [question for question, _ in batch])
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
            except Exception as error:  # noqa: BLE001 - the edge: it belongs to those who asked
                _refuse(batch, error)
            finally:
                _refuse(batch, Unavailable("the reader was stopped"))


def _refuse(batch: Sequence[tuple[K, asyncio.Future[V]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
