"""The only source of time: every world has a clock that is real, frozen, offset from the real one, or automatic.

An automatic clock runs at an offset as well, and is moved on by whoever waits for something while nothing happens.

A world's name is the SID of its main account; the empty name is real time. Nothing else in this house reads
the system's clock (a house test checks it), so a test advances time instead of sleeping. Worlds are pushed in
here by the store; readers see one immutable `WorldTime` at a time, so no lock is needed.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Mode = Literal["real", "frozen", "offset", "auto"]
_RUNNING = ("offset", "auto")


class WorldTime(Struct, frozen=True):
    """How one world's time follows from real time."""

    mode: Mode = "real"
    offset: timedelta = timedelta()
    frozen_at: datetime | None = None

    def at(self, real: datetime) -> datetime:
        """This world's time at a real moment."""
        if self.mode in _RUNNING:
            return real + self.offset
        if self.mode == "frozen" and self.frozen_at is not None:
            return self.frozen_at
        return real

    def advanced(self, by: timedelta) -> WorldTime:
        """The same clock, moved: a frozen one stays frozen, a running one keeps running."""
        if self.mode == "frozen" and self.frozen_at is not None:
            return replace(self, frozen_at=self.frozen_at + by)
        if self.mode == "auto":
            return automatic(self.offset + by)
        return running(self.offset + by)

    def shows(self, moment: datetime) -> WorldTime:
        """The same clock, showing this moment now."""
        if self.mode == "frozen":
            return frozen(moment)
        offset = _aware(moment) - now()
        return automatic(offset) if self.mode == "auto" else running(offset)


REAL = WorldTime()


def frozen(at: datetime) -> WorldTime:
    """A clock that stands still at this moment until it is moved."""
    return WorldTime("frozen", timedelta(), _aware(at))


def running(offset: timedelta) -> WorldTime:
    """A clock that runs, this far ahead of real time (or behind it)."""
    return WorldTime("offset", offset) if offset else REAL


def automatic(offset: timedelta = timedelta()) -> WorldTime:
    """A clock that runs like that, and leaps on while somebody waits and nothing happens."""
    return WorldTime("auto", offset)


def running_from(moment: datetime) -> WorldTime:
    """A clock that runs and shows this moment now."""
    return running(_aware(moment) - now())


_worlds: dict[str, WorldTime] = {}
_moves: dict[str, int] = {}  # the last move of each that is known


def now(world: str = "") -> datetime:
    """The time in this world, aware and in UTC; a world that nobody has set runs in real time."""
    real = datetime.now(UTC)
    clock = _worlds.get(world)
    return real if clock is None else clock.at(real)


def world_time(world: str) -> WorldTime:
    """The clock of this world."""
    return _worlds.get(world, REAL)


def set_world(world: str, clock: WorldTime, move: int = 0) -> None:
    """Give this world its clock, from now on and in this process only; nothing happens when a later move is known."""
    if not world:
        raise ValueError("the unnamed world is real time and cannot be set")
    if move:
        if move < _moves.get(world, 0):
            return
        _moves[world] = move
    if clock.mode == "real":
        _worlds.pop(world, None)
    else:
        _worlds[world] = clock


def moved() -> tuple[str, ...]:
    """The worlds that do not go by real time."""
    return tuple(_worlds)


def forget(world: str) -> None:
    """Return this world to real time."""
    _worlds.pop(world, None)
    _moves.pop(world, None)


def real_due(world: str, due: datetime) -> datetime | None:
    """When, in real time, a due time of this world comes; None while the world is frozen before it."""
    clock = _worlds.get(world)
    if clock is None:
        return due
    if clock.mode in _RUNNING:
        return due - clock.offset
    if clock.frozen_at is not None and due > clock.frozen_at:
        return None
    return min(due, now())


def unix_ms() -> int:
    """Real milliseconds since 1970: for ids, which must never follow a virtual clock."""
    return time.time_ns() // 1_000_000


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone names no moment")
    return moment.astimezone(UTC)
