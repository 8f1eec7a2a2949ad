"""A cache that is never trusted for long: until the revocation counter moves, and 5 seconds at most."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final, Generic, TypeVar

from localloop.products.accounts.vault import Revocations

MAX_AGE_S: Final = 5.0
MAX_ENTRIES: Final = 50_000
V = TypeVar("V")


class Fresh(Generic[V]):
    """Values by name. A value that was read before a revocation is never served after it.

    To fill it: take the `epoch`, read the database, `put` with that epoch. A revocation in between changes
    the epoch, and the value that may be from before it is dropped.
    """

    def __init__(self, revocations: Revocations, now: Callable[[], float] = monotonic) -> None:
        self._current = revocations.current
        self._now = now
        self._seen = revocations.current()
        self._epoch = 0
        self._entries: dict[str, tuple[float, V]] = {}

    def get(self, name: str) -> V | None:
        if self._current() != self._seen:
            self.clear()
            return None
        entry = self._entries.get(name)
        if entry is None or entry[0] < self._now():
            return None
        return entry[1]

    def epoch(self) -> int:
        if self._current() != self._seen:
            self.clear()
        return self._epoch

    def put(self, name: str, value: V, epoch: int) -> None:
        if epoch != self.epoch():
            return
        if len(self._entries) >= MAX_ENTRIES:
            self._entries = {}
        self._entries[name] = (self._now() + MAX_AGE_S, value)

    def clear(self) -> None:
        """Forget everything: something was revoked, here or on another machine."""
        self._seen = self._current()
        self._entries = {}
        self._epoch += 1
