"""Who may start now: the moment at which a sender really starts is held against its last one.

The slots of `pace` are apart as they should be, but a job that runs late starts nearer to the next than its rate
allows; after an hour without workers, thousands of one sender are due at once. So each start is claimed, from a row
that says when the sender is free again. Whoever finds it busy for a moment waits for it; whoever would wait longer is
told a later turn, each another, so that a crowd does not come back together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from msgspec import Struct

PATIENCE: Final = timedelta(milliseconds=250)
# What `excluded.next_turn` is beyond its end is for those who came along and have to come again.
_CLAIM: Final = """
insert into starts as s (key, by, at, gap, next_turn)
select key, by, at, gap, at + gap + rest
from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::interval[], $5::interval[]) as r (key, by, at, gap, rest)
order by key
on conflict (key) do update set
  by = case when s.at + s.gap <= excluded.at then excluded.by else s.by end,
  at = case when s.at + s.gap <= excluded.at then excluded.at else s.at end,
  gap = case when s.at + s.gap <= excluded.at then excluded.gap else s.gap end,
  next_turn = excluded.next_turn - excluded.at - excluded.gap + case
    when s.at + s.gap <= excluded.at then greatest(s.next_turn, excluded.at + excluded.gap)
    when s.at + s.gap <= excluded.at + $6::interval then greatest(s.next_turn, s.at + s.gap)
    else greatest(s.next_turn, s.at + s.gap) + excluded.gap end
returning key, by, at, at + gap as free_at, next_turn
"""


class Connection(Protocol):
    """The database, or a unit of work."""

    async def fetch(self, sql: str, *args: Any) -> Any: ...


class Claim(Struct, frozen=True):
    """To start at this moment, and to be busy for so long."""

    key: str
    by: int  # a job's id
    at: datetime
    gap: timedelta


class Turn(Struct, frozen=True):
    """Granted: it starts at this moment. Else it may ask again then."""

    is_granted: bool
    at: datetime


async def claim(connection: Connection, claims: Sequence[Claim]) -> list[Turn]:
    """The turn of each, at most one of a key being granted."""
    companies: defaultdict[str, list[int]] = defaultdict(list)
    for index, each in enumerate(claims):
        companies[each.key].append(index)
    wanted = [_first(claims, indexes) for _, indexes in sorted(companies.items())]
    rows = await connection.fetch(_CLAIM, *map(list, zip(*wanted, strict=True)), PATIENCE)
    turns: dict[int, Turn] = {}
    for row in rows:
        turns |= _turns(claims, companies[row["key"]], row)
    return [turns[index] for index in range(len(claims))]


def _first(
    claims: Sequence[Claim], indexes: Sequence[int]
) -> tuple[str, int, datetime, timedelta, timedelta]:
    """The claim that is made for all of a key, and how long those take that have to come again."""
    first = claims[indexes[0]]
    rest = sum((claims[index].gap for index in indexes[1:]), timedelta())
    return first.key, first.by, first.at, first.gap, rest


def _turns(claims: Sequence[Claim], indexes: Sequence[int], row: Any) -> dict[int, Turn]:
    free_at, at = row["free_at"], row["next_turn"]
    turns: dict[int, Turn] = {}
    for index in reversed(indexes[1:]):
        at -= claims[index].gap
        turns[index] = Turn(False, at)
    first = claims[indexes[0]]
    if row["by"] == first.by:
        turns[indexes[0]] = Turn(True, row["at"])
    elif free_at - first.at <= PATIENCE:
        turns[indexes[0]] = Turn(False, free_at)
    else:
        turns[indexes[0]] = Turn(False, at - first.gap)
    return turns
