"""A limit over many senders: how much may start in each second, whoever sends it.

The slots of one sender come in order, so one number says when the next is free (`pace`). Over many senders they do not:
one has a queue of hours, and its next may send at once. So the seconds that have less room than all are rows, and a
message takes the first that has room, from its sender's slot on. Seconds that are full up to some moment are told by
the limit's own row in `pace`, which also makes those that take from it wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from msgspec import Struct

_LOCK: Final = """
insert into pace (key, next_at) values ($1, $2)
on conflict (key) do update set next_at = greatest(pace.next_at, excluded.next_at) returning next_at
"""
_USED: Final = "select at, used from pace_seconds where key = $1 and at >= $2 order by at"
_KEEP: Final = """
insert into pace_seconds (key, at, used) select $1, * from unnest($2::timestamptz[], $3::float8[]) as s (at, used)
on conflict (key, at) do update set used = excluded.used
"""
_FULL: Final = """
with passed as (delete from pace_seconds where key = $1 and at < $2)
update pace set next_at = $2 where key = $1
"""
_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


class Connection(Protocol):
    """A unit of work, or the connection that a group commit hands to its flush."""

    async def fetch(self, sql: str, *args: Any) -> Any: ...

    async def fetchval(self, sql: str, *args: Any) -> Any: ...

    async def execute(self, sql: str, *args: Any) -> str: ...


class Wish(Struct, frozen=True):
    """So many units, not before `earliest`, and not before the end of what the same sender wished before."""

    sender: str
    earliest: datetime
    units: int
    interval: timedelta  # how long the sender is busy with it


class Throughput:
    """The seconds of one limit, as one transaction sees and fills them."""

    def __init__(self, rate: float, full_until: datetime, used: dict[datetime, float]) -> None:
        self.span = max(_SECOND, _SECOND / rate)
        self.capacity = rate * self.span.total_seconds()
        self.full_until = full_until
        self.used = used
        self.changed: set[datetime] = set()

    def second_of(self, moment: datetime) -> datetime:
        """The beginning of the second (or longer, for rates below one) that this moment is in."""
        return moment - (moment - _EPOCH) % self.span

    def take(self, earliest: datetime, units: int, latest: datetime) -> datetime | None:
        """When it may start; None, and nothing is taken, when that were too late."""
        at = max(self.second_of(earliest), self.full_until)
        while self.used.get(at, 0.0) >= self.capacity:
            at += self.span
        start = max(at, earliest)
        if start > latest:
            return None
        left = float(units)
        while left > 0:
            taken = min(left, self.capacity - self.used.get(at, 0.0))
            if taken > 0:
                self.used[at] = self.used.get(at, 0.0) + taken
                self.changed.add(at)
                left -= taken
            at += self.span
        return start

    def close_ranks(self, now: datetime) -> datetime:
        """Until when every second is full or over."""
        until = max(self.full_until, self.second_of(now))
        while self.used.get(until, 0.0) >= self.capacity:
            until += self.span
        return until


async def share(
    connection: Connection, key: str, rate: float, wishes: Sequence[Wish], bounds: tuple[datetime, datetime]
) -> list[datetime | None]:
    """When each may start, `bounds` being now and the latest; None where there is no room until then.

    Must run in the transaction that took the senders' slots, after it took them.
    """
    now, latest = bounds
    first = min(now, *(wish.earliest for wish in wishes))
    throughput = Throughput(rate, await connection.fetchval(_LOCK, key, _EPOCH), {})
    rows = await connection.fetch(_USED, key, throughput.second_of(first))
    throughput.used = {row["at"]: row["used"] for row in rows}
    starts = list(_starts(throughput, wishes, latest))
    changed = sorted(throughput.changed)
    await connection.execute(_KEEP, key, changed, [throughput.used[at] for at in changed])
    until = throughput.close_ranks(now)
    if until > throughput.full_until:
        await connection.execute(_FULL, key, until)
    return starts


def _starts(throughput: Throughput, wishes: Sequence[Wish], latest: datetime) -> Iterable[datetime | None]:
    free: dict[str, datetime] = {}  # from when each sender is
    for wish in wishes:
        earliest = max(wish.earliest, free.get(wish.sender, wish.earliest))
        start = throughput.take(earliest, wish.units, latest)
        if start is not None and wish.interval:
            free[wish.sender] = start + wish.interval
        yield start
