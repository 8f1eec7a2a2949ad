"""Pacing: every sender has a row that says when its next slot is, and a message takes its slot when it is
queued.

Virtual scheduling (the leaky bucket of ITU-T I.371): no timer and no live object per sender, and the waiting
time is known when the message is accepted. Slots are in the time that the caller names, the world's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from msgspec import Struct

_RESERVE: Final = """
insert into pace as p (key, next_at)
select key, $4::timestamptz + gap * slots
from unnest($1::text[], $2::int[], $3::interval[]) as r (key, slots, gap) order by key
on conflict (key) do update
  set next_at = greatest(p.next_at, $4::timestamptz) + (excluded.next_at - $4::timestamptz)
returning key, next_at
"""
_DELAY: Final = """
update pace p set next_at = p.next_at + r.span from unnest($1::text[], $2::interval[]) as r (key, span)
where p.key = r.key
"""


# Limits over many senders have seconds of their own, which begin anew.
_REWIND: Final = """
with seconds as (
  delete from pace_seconds where split_part(key, '|', 1) = any($1::text[]) returning key
), limits as (
  delete from pace where split_part(key, '|', 1) = any($1::text[]) and split_part(key, '|', 2) = 'account'
)
update pace set next_at = next_at - $2::interval
where split_part(key, '|', 1) = any($1::text[]) and split_part(key, '|', 2) <> 'account'
"""


class Connection(Protocol):
    """A unit of work, or the connection that a group commit hands to its flush."""

    async def fetch(self, sql: str, *args: Any) -> Any: ...

    async def execute(self, sql: str, *args: Any) -> str: ...


class Reservation(Struct, frozen=True):
    """Ask for slots of one sender, an interval apart; none of them later than `horizon` from now, if one is
    set."""

    key: str
    slots: int
    interval: timedelta
    horizon: timedelta | None = None


class Slots(Struct, frozen=True):
    """What was given: `count` slots, the first at `first`."""

    first: datetime
    interval: timedelta
    count: int

    def at(self, number: int) -> datetime:
        """The time of a slot, counted from 0."""
        return self.first + self.interval * number


async def reserve(
    connection: Connection, wanted: Iterable[Reservation], now: datetime
) -> Mapping[str, Slots]:
    """Take the slots of each key in the connection's transaction, at most one reservation per key.

    Keys are taken in order, so that batches wait for each other but never in a circle. Slots beyond the
    horizon are given back: fewer are returned, and the queue of that sender is full.
    """
    # One who sends without a pace would only make a row that many wait for.
    paced = sorted((w for w in wanted if w.slots > 0), key=lambda reservation: reservation.key)
    if not paced:
        return {}
    columns = ([w.key for w in paced], [w.slots for w in paced], [w.interval for w in paced])
    next_at = {row["key"]: row["next_at"] for row in await connection.fetch(_RESERVE, *columns, now)}
    given = {w.key: _given(w, next_at[w.key], now) for w in paced}
    await delay(connection, {w.key: -w.interval * (w.slots - given[w.key].count) for w in paced})
    return given


async def delay(connection: Connection, spans: Mapping[str, timedelta]) -> None:
    """Move the next slots of these keys, whose rows the transaction has locked, later; or earlier, to give back."""
    moved = sorted((key, span) for key, span in spans.items() if span)
    if moved:
        await connection.execute(_DELAY, *map(list, zip(*moved, strict=True)))


async def rewind(connection: Connection, owners: Iterable[str], by: timedelta) -> None:
    """Time was set back for the keys that begin with these names and `|`: who was free at its end is free now."""
    await connection.execute(_REWIND, list(owners), by)


def _given(wanted: Reservation, next_at: datetime, now: datetime) -> Slots:
    first = next_at - wanted.interval * wanted.slots
    count = wanted.slots
    if wanted.horizon is not None and wanted.interval:
        last = now + wanted.horizon
        count = max(0, min(count, (last - first) // wanted.interval + 1))
    return Slots(first, wanted.interval, count)
