"""A snapshot's own row: its name, what it holds, and when it was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.lab.shelf.statements import SCHEMA
from localloop.rest.request import PageRequest
from localloop.store import Executor

PREFIX: Final = "WS"
_COLUMNS: Final = "sid, world_sid, name, accounts, resources, date_created, saved_at"
_PUT: Final = f"insert into {SCHEMA}.snapshots ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)"
_FIND: Final = f"select {_COLUMNS} from {SCHEMA}.snapshots where world_sid = $1 and (sid = $2 or name = $2)"
_PAGE: Final = f"""
select {_COLUMNS} from {SCHEMA}.snapshots
where world_sid = $1 and ($2::text is null or sid < $2) and ($3::text is null or sid > $3)
"""


class NoSuchSnapshot(Exception):
    """The world has none of this SID or name."""


class NameTaken(Exception):
    """Another snapshot of the world has this name."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """`resources` counts the rows of each table that has any; `date_created` is in the world's time."""

    sid: str
    world_sid: str
    name: str | None
    accounts: Sequence[str]
    resources: Mapping[str, int]
    date_created: datetime
    saved_at: datetime


def of_row(row: Mapping[str, Any]) -> Snapshot:
    return Snapshot(**dict(row))


async def put(executor: Executor, snapshot: Snapshot) -> None:
    await executor.execute(
        _PUT,
        snapshot.sid,
        snapshot.world_sid,
        snapshot.name,
        list(snapshot.accounts),
        dict(snapshot.resources),
        snapshot.date_created,
        snapshot.saved_at,
    )


async def find(executor: Executor, world_sid: str, named: str, lock: str = "") -> Snapshot:
    """By SID or by name; held in a unit of work with `for share` or `for update`. Raises NoSuchSnapshot."""
    row = await executor.fetchrow(f"{_FIND} {lock}", world_sid, named)
    if row is None:
        raise NoSuchSnapshot(named)
    return of_row(row)


async def is_taken(executor: Executor, world_sid: str, name: str) -> bool:
    sql = f"select exists (select from {SCHEMA}.snapshots where world_sid = $1 and name = $2)"
    return bool(await executor.fetchval(sql, world_sid, name))


async def page(executor: Executor, world_sid: str, asked: PageRequest) -> tuple[list[Snapshot], bool]:
    """The newest first; and whether there are more in the direction of travel."""
    backwards = asked.before is not None
    order = "asc" if backwards else "desc"
    rows = await executor.fetch(
        f"{_PAGE} order by sid {order} limit $4", world_sid, asked.after, asked.before, asked.size + 1
    )
    found = [of_row(row) for row in rows[: asked.size]]
    return (found[::-1] if backwards else found), len(rows) > asked.size
