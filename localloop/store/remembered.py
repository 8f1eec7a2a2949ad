"""What is asked for with every message and changes seldom: read once per key, and kept until somebody changes it.

A change moves a counter that all processes of the machine share, after the commit and before the answer; other machines
hear a notification. A value that was read before the counter moved is never used after it, and none is older than
`MAX_AGE_S` whatever got lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final, Generic, Protocol, TypeVar

from localloop.store.database import Database, Executor, Unit
from localloop.store.listen import Subscription
from localloop.store.reader import BatchReader

K = TypeVar("K")
V = TypeVar("V")

MAX_AGE_S: Final = 5.0
MAX_ENTRIES: Final = 50_000


class Changes(Protocol):
    """A counter shared by every process of this machine."""

    def current(self) -> int: ...

    def bump(self) -> object: ...


class Remembered(Generic[K, V]):
    """`read(database, keys)` returns a value for each key, in order; callers that ask together share it."""

    def __init__(
        self,
        database: Database,
        channel: str,
        changes: Changes,
        read: Callable[[Executor, Sequence[K]], Awaitable[Sequence[V]]],
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._database = database
        self._channel = channel
        self._changes = changes
        self._reader: BatchReader[K, V] = BatchReader(database, read)
        self._now = now
        self._seen = changes.current()
        self._epoch = 0
        self._entries: dict[K, tuple[float, V]] = {}
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Hear of changes that other machines make."""
        self._subscription = await self._database.listen(self._channel, lambda _: self._clear(), self._clear)

    async def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
        await self._reader.close()

    async def get(self, key: K) -> V:
        known = self._entry(key)
        if known is not None:
            return known[1]
        epoch = self._epoch
        value = await self._reader.read(key)
        self._entry(key)  # notices what changed while we read
        if epoch == self._epoch:
            if len(self._entries) >= MAX_ENTRIES:
                self._entries = {}
            self._entries[key] = (self._now() + MAX_AGE_S, value)
        return value

    def known(self, key: K) -> V | None:
        """The value if it is known here and now; None says nothing."""
        entry = self._entry(key)
        return None if entry is None else entry[1]

    def changed(self, unit: Unit) -> None:
        """Say in a unit of work that it changes what is remembered: nobody relies on it after its commit."""
        unit.notify(self._channel)
        unit.after_commit(self.moved)

    def moved(self) -> None:
        """The change is committed."""
        self._changes.bump()
        self._clear()

    def _entry(self, key: K) -> tuple[float, V] | None:
        if self._changes.current() != self._seen:
            self._clear()
            return None
        entry = self._entries.get(key)
        return entry if entry is not None and entry[0] >= self._now() else None

    def _clear(self) -> None:
        self._seen = self._changes.current()
        self._entries = {}
        self._epoch += 1
