"""First attempts of one resource's notifications, in the order of their jobs: `sent` goes out before `delivered`.

Twilio does not promise an order, and retries keep none, but a program that hears of `delivered` first is surprised.
Whoever follows another (the first of a resource does not ask) waits until no older job of its key still awaits its
first attempt: for its end when it runs in this process, by looking again when another process has it. Patience ends
a little after the longest delivery, so a worker that died holds nobody up for longer. Where an older job is parked, or
too many wait already, whoever follows is postponed, too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, TypeAlias

from localloop.store import Database, Executor
from localloop.store.reader import BatchReader
from localloop.webhooks.endpoints import Postponed

PATIENCE_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 0.25
_REMEMBERED: Final = 8_192
_MOST_WAITING: Final = 64  # of a worker's places
_AWAY_S: Final = 1.0
_OLDER: Final = """
select k.n, j.id, j.lane is not null and not j.leased as is_parked
from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as k (account_sid, key, id, n)
join jobs j on j.key = k.key and j.account_sid = k.account_sid and j.id < k.id
where j.attempts = 0 or (j.attempts = 1 and j.leased)
"""

Place: TypeAlias = tuple[str, str, int]  # an account, a key of its jobs, and the id of one of them
Older: TypeAlias = tuple[int, bool]  # a job's id, and whether it is parked


class Turn:
    """One job's place among the first attempts of its resource. Not a generator: each notification passes here."""

    __slots__ = ("_follows", "_place", "_sequence")

    def __init__(self, sequence: FirstAttempts, place: Place, follows: bool) -> None:
        self._sequence = sequence
        self._place = place
        self._follows = follows

    async def __aenter__(self) -> None:
        self._sequence.begin(self._place[2])
        if self._follows:
            try:
                await self._sequence.wait(self._place)
            except BaseException as error:
                self._sequence.end(self._place[2], is_attempted=not isinstance(error, Postponed))
                raise

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        is_attempted = kind is None or not issubclass(kind, Postponed)
        self._sequence.end(self._place[2], is_attempted=is_attempted)


class FirstAttempts:
    """Who is at it in this process, and who was lately."""

    def __init__(self, database: Database, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._older: BatchReader[Place, list[Older]] = BatchReader(database, _older)
        self._running: dict[int, asyncio.Future[None]] = {}
        self._over: deque[int] = deque()  # attempted here; their rows may not have gone yet
        self._is_over: set[int] = set()
        self._waiting = 0

    def turn(self, place: Place, *, follows: bool) -> Turn:
        """Hold the place while attempting (`async with`); Postponed when its turn does not come soon, or when raised
        within. Enter it before anything else is awaited: jobs start in their order."""
        return Turn(self, place, follows)

    def begin(self, job_id: int) -> None:
        self._running[job_id] = asyncio.get_running_loop().create_future()

    def end(self, job_id: int, *, is_attempted: bool) -> None:
        done = self._running.pop(job_id)
        if is_attempted:
            self._remember(job_id)
        done.set_result(None)

    async def close(self) -> None:
        await self._older.close()

    async def wait(self, place: Place) -> None:
        """Until no older job of its key awaits its first attempt."""
        if self._waiting >= _MOST_WAITING:
            raise Postponed(_AWAY_S)
        self._waiting += 1
        try:
            await self._wait_for_older(place)
        finally:
            self._waiting -= 1

    async def _wait_for_older(self, place: Place) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._patience_s
        pause = _FIRST_PAUSE_S
        while (left := ends - loop.time()) > 0:
            ahead = await self._older.read(place)
            if any(is_parked for _, is_parked in ahead):
                raise Postponed(_AWAY_S)
            older = [each for each, _ in ahead if each not in self._is_over]
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


async def _older(reader: Executor, places: Sequence[Place]) -> list[list[Older]]:
    """The jobs that each place has to let go first."""
    older: list[list[Older]] = [[] for _ in places]
    for row in await reader.fetch(_OLDER, *map(list, zip(*places, strict=True))):
        older[row["n"] - 1].append((row["id"], row["is_parked"]))
    return older
