"""What the processes of one machine know in common: requests in flight, how often something was revoked, and which
moves of clocks each has heard of.

One small file, mapped by every process. Each process counts in a column of its own, which nobody else writes; to
decide about one more request it adds the columns up while it holds a lock. The locks are `fcntl` record locks,
which the kernel gives back when a process dies, so the column of a killed process is known to be void by the lock
on it being free: its counts vanish when somebody would be refused because of them, or takes the column over.

The supervisor calls `create` before it forks; each api process opens the file itself, once (closing a second
descriptor of the same file would drop all its locks: that is how POSIX wants it).
"""

from __future__ import annotations

import fcntl
import mmap
import os
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from time import monotonic
from typing import Final

COLUMNS: Final = 64
ROWS: Final = 8192
PROBES: Final = 64
MAGIC: Final = 0x4C4F4F504C4D5032  # also the version of the layout

# Header: magic, revocations, columns in use up to (8 bytes each), then a byte per column that is in use, and 8 bytes
# per column that say which moves of clocks its process has heard of.
_MAGIC, _REVOCATIONS, _WIDTH = 0, 1, 2
# Then how many worlds are held, and until when at the longest: a moment, since who holds one may die.
_HELD, _HELD_UNTIL = 3, 4
_FAULTS = 5  # how often somebody changed what goes wrong on purpose
_IN_USE: Final = 64
_HEARD: Final = (_IN_USE + COLUMNS) // 8
_EVERYTHING: Final = (1 << 64) - 1  # what a process has heard that does not go by clocks yet
_HEADER: Final = 4096
# Row: 16 bytes of key, a moment (double), a count (16 bits) per column.
_KEY: Final = 16
_ROW: Final = _KEY + 8 + 2 * COLUMNS
_SIZE: Final = _HEADER + ROWS * _ROW
_UNUSED: Final = bytes(_KEY)
# Record locks: byte 0 guards the table, byte 1 + n belongs to whoever owns column n.
_TABLE: Final = 0
_FIRST_COLUMN: Final = 1

_opened: dict[tuple[int, int], int] = {}  # (device, inode) → process that has it open


def create(path: Path) -> None:
    """A fresh table, before any process opens it."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.ftruncate(descriptor, _SIZE)
        os.pwrite(descriptor, MAGIC.to_bytes(8, "little"), 0)
    finally:
        os.close(descriptor)
    fresh.rename(path)


class SharedTable:
    """This process's place in the table of its machine. Satisfies `admission.Counts` and `Revocations`."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR)
        self._identity = _claim_identity(self._descriptor, path)
        self._map = mmap.mmap(self._descriptor, _SIZE)
        whole = memoryview(self._map)
        self._bytes, self._words = whole, whole.cast("Q")
        self._moments, self._counts = whole.cast("d"), whole.cast("H")
        self._active: dict[str, list[int]] = {}  # key → [index of its row's first count, requests here]
        if self._words[_MAGIC] != MAGIC:
            raise RuntimeError(f"{path} is not a table of this version")
        self.hold()
        try:
            self._column = self._claim_column()
        finally:
            self.release()

    def close(self) -> None:
        """Gives the column back."""
        self.hold()
        self._clear(self._column)
        self.release()
        for view in (self._words, self._moments, self._counts, self._bytes):
            view.release()
        self._map.close()
        os.close(self._descriptor)  # releases the locks
        _opened.pop(self._identity, None)

    # Counts, all but `remove` to be called between `hold` and `release`

    def hold(self) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, _TABLE)

    def release(self) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _TABLE)

    def count(self, key: str) -> int:
        """Requests in flight in all processes."""
        first = self._row(key)
        return sum(self._counts[first : first + self._words[_WIDTH]])

    def add(self, key: str) -> None:
        first = self._row(key)
        self._counts[first + self._column] += 1
        self._active.setdefault(key, [first, 0])[1] += 1

    def remove(self, key: str) -> None:
        """Needs no lock: nobody else writes this column, and a row in use stays where it is."""
        place = self._active[key]
        self._counts[place[0] + self._column] -= 1
        place[1] -= 1
        if not place[1]:
            del self._active[key]

    def due(self, key: str) -> float:
        """When, in monotonic seconds, the next request of a paced key may come."""
        return self._moments[_moment_of(self._row(key))]

    def set_due(self, key: str, due: float) -> None:
        self._moments[_moment_of(self._row(key))] = due

    def sweep(self) -> bool:
        """Forgets what dead processes counted; whether there were any."""
        dead = [column for column in range(self._words[_WIDTH]) if self._is_dead(column)]
        for column in dead:
            self._clear(column)
        return bool(dead)

    # Revocations

    def bump(self) -> None:
        """From when this returns, `current` is another number in every process of the machine."""
        self.hold()
        try:
            self._words[_REVOCATIONS] += 1
        finally:
            self.release()

    def current(self) -> int:
        return self._words[_REVOCATIONS]

    # Clocks

    def hear(self, move: int) -> None:
        """This process goes by every move of a clock up to this one."""
        self._words[_HEARD + self._column] = move

    def is_heard(self, move: int) -> bool:
        """Whether all processes do that live."""
        return all(
            self._words[_HEARD + column] >= move or self._is_dead(column)
            for column in range(self._words[_WIDTH])
            if self._bytes[_IN_USE + column]
        )

    # Worlds that are held (`rest.gate`)

    @property
    def is_shut(self) -> bool:
        until = self._moments[_HELD_UNTIL]
        return until != 0.0 and monotonic() < until

    def shut(self, seconds: float) -> None:
        self.hold()
        try:
            self._words[_HELD] = self._words[_HELD] + 1 if self.is_shut else 1
            self._moments[_HELD_UNTIL] = monotonic() + seconds
        finally:
            self.release()

    def reopen(self) -> None:
        self.hold()
        try:
            self._words[_HELD] = max(0, self._words[_HELD] - 1)
            if not self._words[_HELD]:
                self._moments[_HELD_UNTIL] = 0.0
        finally:
            self.release()

    @property
    def faults(self) -> FaultChanges:
        """How often somebody changed what goes wrong on purpose."""
        return FaultChanges(self, self._words)

    def bump_faults(self) -> None:
        self.hold()
        try:
            self._words[_FAULTS] += 1
        finally:
            self.release()

    # Columns

    def _claim_column(self) -> int:
        for column in range(COLUMNS):
            if self._try_lock(column):
                self._clear(column)
                self._words[_HEARD + column] = _EVERYTHING
                self._bytes[_IN_USE + column] = 1
                self._words[_WIDTH] = max(self._words[_WIDTH], column + 1)
                return column
        raise RuntimeError(f"more than {COLUMNS} processes on one table")

    def _is_dead(self, column: int) -> bool:
        if column == self._column or not self._bytes[_IN_USE + column] or not self._try_lock(column):
            return False
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _FIRST_COLUMN + column)
        return True

    def _try_lock(self, column: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _FIRST_COLUMN + column)
        except OSError:  # EAGAIN or EACCES: somebody lives there
            return False
        return True

    def _clear(self, column: int) -> None:
        first = _first_count(0) + column
        self._counts[first :: _ROW // 2] = memoryview(bytes(2 * ROWS)).cast("H")
        self._bytes[_IN_USE + column] = 0

    # Rows

    def _row(self, key: str) -> int:
        """The index of the first count of the key's row, which becomes its own if it had none.

        Raises Full when every row that it could have is in use.
        """
        place = self._active.get(key)
        if place is not None:
            return place[0]
        digest = _digest(key)
        row = self._find(digest)
        if row is None and self.sweep():
            row = self._find(digest)
        if row is None:
            raise Full
        return _first_count(row)

    def _find(self, digest: bytes) -> int | None:
        free = None
        start = int.from_bytes(digest[:4], "little")
        for row in range(start, start + PROBES):
            row %= ROWS
            at = _HEADER + row * _ROW
            found = self._bytes[at : at + _KEY]
            if found == digest:
                return row
            if free is None and self._is_free(row):
                free = row
            if found == _UNUSED:
                break
        if free is not None:
            at = _HEADER + free * _ROW
            self._moments[_moment_of(_first_count(free))] = 0.0
            self._bytes[at : at + _KEY] = digest
        return free

    def _is_free(self, row: int) -> bool:
        first = _first_count(row)
        return (
            not any(self._counts[first : first + self._words[_WIDTH]])
            and self._moments[_moment_of(first)] <= monotonic()
        )


class FaultChanges:
    """Another counter of a table, for those who ask for a counter."""

    __slots__ = ("_table", "_words")

    def __init__(self, table: SharedTable, words: memoryview[int]) -> None:
        self._table, self._words = table, words

    def bump(self) -> None:
        self._table.bump_faults()

    def current(self) -> int:
        return self._words[_FAULTS]


class LocalRevocations:
    """The counters of the only process there is."""

    def __init__(self) -> None:
        self._current = 0
        self._faults: LocalRevocations | None = None

    @property
    def faults(self) -> LocalRevocations:
        if self._faults is None:
            self._faults = LocalRevocations()
        return self._faults

    def bump(self) -> None:
        self._current += 1

    def current(self) -> int:
        return self._current


class Full(Exception):
    """No row is left for another account."""


def _claim_identity(descriptor: int, path: Path) -> tuple[int, int]:
    status = os.fstat(descriptor)
    identity = (status.st_dev, status.st_ino)
    if _opened.get(identity) == os.getpid():
        os.close(descriptor)
        raise RuntimeError(f"{path} is open in this process already")
    _opened[identity] = os.getpid()
    return identity


def _first_count(row: int) -> int:
    return (_HEADER + row * _ROW + _KEY + 8) // 2


def _moment_of(first_count: int) -> int:
    return (first_count * 2 - 8) // 8


@lru_cache(maxsize=8192)
def _digest(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=_KEY).digest()
