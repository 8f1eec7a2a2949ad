"""First attempts of one resource's notifications, in the order of their jobs: `sent` goes out before `delivered`.

Twilio does not promise an order, and retries keep none, but a program that hears of `delivered` first is surprised.
Whoever follows another (the first of a resource does not ask) waits until no older job of its key still awaits its
first attempt: for its end when it runs in this process, by looking again when another process has it. Patience ends
a little after the longest delivery, so a worker that died holds nobody up for longer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeAlias

from localloop.store import Database, Executor
from localloop.store.reader import BatchReader

PATIENCE_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 0.25
_REMEMBERED: Final = 8_192
_OLDER: Final = """
select k.n, j.id from unnest($1::text[], $2::bigint[]) with ordinality as k (key, id, n)
join jobs j on j.key = k.key and j.id < k.id
where j.attempts = 0 or (j.attempts = 1 and j.leased)
"""

Place: TypeAlias = tuple[str, int]  # a key, and the id of one of its jobs


class FirstAttempts:
    """Who is at it in this process, and who was lately."""

    def __init__(self, database: Database, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._older: BatchReader[Place, list[int]] = BatchReader(database, _older)
        self._running: dict[int, asyncio.Future[None]] = {}
        self._over: deque[int] = deque()  # attempted here; their rows may not have gone yet
        self._is_over: set[int] = set()

    @contextlib.asynccontextmanager
    async def turn(self, place: Place, *, follows: bool) -> AsyncIterator[None]:
        """Hold the place while attempting. Enter it before anything else is awaited: jobs start in their order."""
        job_id = place[1]
        done = asyncio.get_running_loop().create_future()
        self._running[job_id] = done
        try:
            if follows:
                await self._wait(place)
            yield
        finally:
            del self._running[job_id]
            self._remember(job_id)
            done.set_result(None)

    async def close(self) -> None:
        await self._older.close()

    async def _wait(self, place: Place) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._patience_s
        pause = _FIRST_PAUSE_S
        while (left := ends - loop.time()) > 0:
            older = [each for each in await self._older.read(place) if each not in self._is_over]
            if not older:
                return
            here = [self._running[each] for each in older if each in self._running]
            if here:
                await asyncio.wait(here, timeout=left)
            else:
                await asyncio.sleep(min(pause, left))
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _remember(self, job_id: int) -> None:
        self._over.append(job_id)
        self._is_over.add(job_id)
        if len(self._over) > _REMEMBERED:
            self._is_over.discard(self._over.popleft())


async def _older(reader: Executor, places: Sequence[Place]) -> list[list[int]]:
    """The jobs that each place has to let go first."""
    older: list[list[int]] = [[] for _ in places]
    for row in await reader.fetch(_OLDER, [key for key, _ in places], [job_id for _, job_id in places]):
        older[row["n"] - 1].append(row["id"])
    return older
