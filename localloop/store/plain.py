"""Records of plain resources: one table for every kind, in the order of their creation, unique names beside it.

A record is kept by (account, kind, id, innermost parent) and carries the ids of all its parents, so that other
paths can show it too. A page starts at a position, never at a count: page 200 costs what page 1 costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from localloop.store import answers
from localloop.store.answers import KeptAnswer, KeyTaken
from localloop.store.database import Database, Executor
from localloop.store.listing import BadCursor, Filter, Listing, Select, position_of
from localloop.store.writer import BatchWriter

__all__ = ["BadCursor", "Filter", "Listing", "NameTaken", "PlainStore", "Record"]

_COLUMNS: Final = (
    "account_sid, kind, sid, parent_sid, parents, position, version, data, date_created, date_updated"
)
_SEPARATOR: Final = "\x1f"  # between parents on their way in: unnest would flatten an array of arrays

_GET: Final = f"""
select {_COLUMNS} from resources
where account_sid = $1 and kind = $2 and sid = $3 and ($4::text is null or parent_sid = $4 or $4 = any(parents))
order by position limit 1
"""
_BY_NAME: Final = f"""
select {_COLUMNS} from resources where (account_sid, kind, sid, parent_sid) in (
  select account_sid, kind, sid, parent_sid from resource_names
  where account_sid = $1 and kind = $2 and ($3::text is null or parent_sid = $3) and name = $4
)
order by position limit 1
"""
_HOLDER: Final = """
select sid from resource_names where (account_sid, kind, parent_sid, field, name) = ($1, $2, $3, $4, $5)
"""
_INSERT: Final = f"""
insert into resources ({_COLUMNS})
select account_sid, kind, sid, parent_sid, string_to_array(parents, e'\\x1f'), position, version, data,
  date_created, date_updated
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::int[], $8::jsonb[],
  $9::timestamptz[], $10::timestamptz[]) as r ({_COLUMNS})
"""
_INSERT_NAMES: Final = """
insert into resource_names (account_sid, kind, parent_sid, field, name, sid)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
"""
_UPDATE: Final = f"""
update resources set data = (data || $5::jsonb) - $6::text[], version = version + 1, date_updated = $7
where account_sid = $1 and kind = $2 and sid = $3 and parent_sid = $4 and ($8::int is null or version = $8)
returning {_COLUMNS}
"""
_FORGET_NAMES: Final = """
delete from resource_names where (account_sid, kind, sid, parent_sid) = ($1, $2, $3, $4) and field = any($5::text[])
"""
_DELETE: Final = """
with gone as (
  delete from resources where account_sid = $1 and kind = $2 and sid = $3 and parent_sid = $4
  and ($5::int is null or version = $5) returning kind, sid, parent_sid, parents
), below as (
  delete from resources r using gone g
  where r.account_sid = $1 and r.parents <> '{}' and r.parents @> (g.parents || g.sid)
  and g.sid <> all(g.parents) -- a singleton has its parent's id, and nothing below it
  returning r.kind, r.sid, r.parent_sid
), every as (
  select kind, sid, parent_sid from gone union all select kind, sid, parent_sid from below
), nameless as (
  delete from resource_names n using every e
  where n.account_sid = $1 and n.kind = e.kind and n.sid = e.sid and n.parent_sid = e.parent_sid
)
select count(*) from gone
"""


class Record(Struct, frozen=True, kw_only=True):
    """One plain resource. `parents` are the ids of all its parents, outermost first; `parent_sid` is the last."""

    account_sid: str
    kind: str
    sid: str
    parent_sid: str = ""
    parents: tuple[str, ...] = ()
    position: UUID
    version: int = 0
    data: dict[str, Any]
    date_created: datetime
    date_updated: datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.account_sid, self.kind, self.sid, self.parent_sid


class _New(Struct, frozen=True):
    """A record to be kept, its names, and the answer that is kept with it."""

    record: Record
    names: Mapping[str, str]
    kept: KeptAnswer | None


class NameTaken(Exception):
    """Another record of this kind under the same parent has this name (or, with the field `sid`, this id)."""

    def __init__(self, field: str, name: str) -> None:
        super().__init__(f"{field} {name!r} is taken")
        self.field, self.name = field, name


class PlainStore:
    """Keeps, finds, lists and removes records. Creates of one moment share a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._creates: BatchWriter[_New, None] = BatchWriter(database, _insert)

    async def close(self) -> None:
        """Write what waits."""
        await self._creates.close()

    async def create(
        self, record: Record, names: Mapping[str, str] | None = None, kept: KeptAnswer | None = None
    ) -> None:
        """Keep a new record; `names` are the fields that must be unique among its siblings. Raises NameTaken, and
        KeyTaken where the answer that is kept with it has a key that somebody else's work has."""
        names = names or {}
        for field, name in names.items():
            # Asked first, so that a client who insists on a taken name does not split everybody's batches.
            if await self._is_taken(record, field, name):
                raise NameTaken(field, name)
        try:
            await self._creates.write(_New(record, names, kept))
        except asyncpg.UniqueViolationError as error:
            raise _name_taken(error, record, names) from None

    async def get(self, account_sid: str, kind: str, sid: str, parent: str | None = None) -> Record | None:
        """The record of this id, under this parent (any of its parents) when one is given; "" is the account."""
        row = await self._database.fetchrow(_GET, account_sid, kind, sid, parent)
        return _record(row) if row else None

    async def by_name(self, account_sid: str, kind: str, parent: str | None, name: str) -> Record | None:
        """The record that has this unique name, whatever the field."""
        row = await self._database.fetchrow(_BY_NAME, account_sid, kind, parent, name)
        return _record(row) if row else None

    async def page(self, listing: Listing) -> tuple[list[Record], bool, bool]:
        """One page in the order of the list, and whether rows follow and precede it. Raises BadCursor."""
        select = Select(listing)
        backward = listing.before is not None
        cursor = listing.before if backward else listing.after
        ascending = listing.descending == backward
        if cursor is not None:
            select.beyond(position_of(cursor), ascending)
        sql, args = select.statement(_COLUMNS, ascending, listing.limit + 1)
        rows = [_record(row) for row in await self._rows(listing, sql, args)]
        beyond, rows = len(rows) > listing.limit, rows[: listing.limit]
        if backward:
            return rows[::-1], True, beyond
        return rows, beyond, listing.after is not None

    async def update(
        self,
        record: Record,
        data: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
        *,
        at: datetime,
        expected: int | None = None,
    ) -> Record | None:
        """Write the fields in which `data` differs from the record: writers of different fields do not undo each
        other. None when the record is gone or, with `expected`, has another version by now. Raises NameTaken."""
        names = names or {}
        changed = {field: value for field, value in data.items() if record.data.get(field, ...) != value}
        removed = [field for field in record.data if field not in data]
        named = [f for f in (*changed, *removed) if f in names or data.get(f) in (None, "")]
        args = (*record.key, changed, removed, at, expected)
        if not named:
            row = await self._database.fetchrow(_UPDATE, *args)
            return _record(row) if row else None
        async with self._database.unit() as unit:
            row = await unit.fetchrow(_UPDATE, *args)
            if row is not None:
                await _rename(unit, record, named, names)
        return _record(row) if row else None

    async def delete(
        self, account_sid: str, kind: str, sid: str, parent_sid: str = "", expected: int | None = None
    ) -> bool:
        """Remove the record, its names and all its descendants. False when it is gone or has another version."""
        return await remove(self._database, (account_sid, kind, sid, parent_sid), expected)

    async def _rows(self, listing: Listing, sql: str, args: list[Any]) -> list[asyncpg.Record]:
        if listing.home or listing.parent is None:
            return await self._database.fetch(sql, *args)
        async with self._database.unit() as unit:
            # Whether a view's parent has a few records or most decides the index, so its value must be seen.
            await unit.execute("set local plan_cache_mode = force_custom_plan")
            return await unit.fetch(sql, *args)

    async def _is_taken(self, record: Record, field: str, name: str) -> bool:
        account_sid, kind, _, parent_sid = record.key
        holder = await self._database.fetchval(_HOLDER, account_sid, kind, parent_sid, field, name)
        return holder is not None


async def remove(executor: Executor, key: tuple[str, str, str, str], expected: int | None = None) -> bool:
    """Remove a record with its names and descendants, in a unit of work that removes what hangs on it elsewhere."""
    return bool(await executor.fetchval(_DELETE, *key, expected))


async def _insert(connection: Any, items: Sequence[_New]) -> Sequence[Exception | None]:
    """A name or id that is taken fails the batch, and the writer finds whose it was; a key that is taken does not."""
    kept = [item.kept for item in items if item.kept is not None]
    if not kept:
        await _insert_records(connection, items)
        return [None] * len(items)
    claims = await answers.keep(connection, kept)
    refused = [item.kept is not None and item.kept.claim not in claims for item in items]
    await _insert_records(connection, [item for item, late in zip(items, refused, strict=True) if not late])
    return [KeyTaken() if late else None for late in refused]


async def _insert_records(connection: Any, items: Sequence[_New]) -> None:
    names = sorted(
        (item.record.account_sid, item.record.kind, item.record.parent_sid, field, name, item.record.sid)
        for item in items
        for field, name in item.names.items()
    )
    if names:
        await connection.execute(_INSERT_NAMES, *map(list, zip(*names, strict=True)))
    rows = [_row(item.record) for item in items]
    if rows:
        await connection.execute(_INSERT, *map(list, zip(*rows, strict=True)))


async def _rename(unit: Executor, record: Record, fields: Sequence[str], names: Mapping[str, str]) -> None:
    """Replace the names of these fields."""
    await unit.execute(_FORGET_NAMES, *record.key, list(fields))
    wanted = {field: names[field] for field in fields if field in names}
    account_sid, kind, sid, parent_sid = record.key
    rows = [(account_sid, kind, parent_sid, field, name, sid) for field, name in sorted(wanted.items())]
    if rows:
        try:
            await unit.execute(_INSERT_NAMES, *map(list, zip(*rows, strict=True)))
        except asyncpg.UniqueViolationError as error:
            raise _name_taken(error, record, wanted) from None


def _name_taken(error: asyncpg.UniqueViolationError, record: Record, names: Mapping[str, str]) -> NameTaken:
    if error.table_name == "resource_names":
        for field, name in names.items():
            if len(names) == 1 or f", {field}, {name})" in (error.detail or ""):
                return NameTaken(field, name)
    return NameTaken("sid", record.sid)


def _row(record: Record) -> tuple[Any, ...]:
    return (
        *record.key,
        _SEPARATOR.join(record.parents),
        record.position,
        record.version,
        record.data,
        record.date_created,
        record.date_updated,
    )


def _record(row: asyncpg.Record) -> Record:
    fields = dict(row)
    fields["parents"] = tuple(fields["parents"])
    return Record(**fields)
