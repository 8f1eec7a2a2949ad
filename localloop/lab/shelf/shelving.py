"""The shelf itself: a schema of the database with a table beside each table of a world, made when it is first needed.

What production runs has none of it. After a new version changed a table, what was saved before no longer fits: it is
let go, and the log says so.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from localloop.lab.shelf.statements import SCHEMA, Columns
from localloop.lab.shelf.tables import STATE
from localloop.store import Database, Unit

log = structlog.get_logger("lab")

_LOCK: Final = 0x7368656C66  # any fixed number: "shelf"
_COLUMNS: Final = """
select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns,
  array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum) as types
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = any($2) and a.attnum > 0 and not a.attisdropped
group by c.relname
"""
_OWN: Final = f"""
create schema if not exists {SCHEMA};
create table if not exists {SCHEMA}.snapshots (
  sid           text primary key,                 -- WS…
  world_sid     text not null,
  name          text,
  accounts      text[] not null,                  -- that it had then, the main account first
  resources     jsonb not null,                   -- how many rows of each table
  date_created  timestamptz not null,             -- in the world's time
  saved_at      timestamptz not null
);
create unique index if not exists snapshots_name on {SCHEMA}.snapshots (world_sid, name);
create table if not exists {SCHEMA}.made_worlds ( -- by /lab/v1/Worlds
  world_sid     text primary key,
  made_by       text not null,                    -- the world that asked for it
  start_sid     text not null,                    -- the snapshot of its start; of a fork, of what it was forked from
  accounts      text[] not null,                  -- of a fork: its accounts,
  replaces      text[] not null,                  -- and whose places they took
  fingerprint   text not null,                    -- of the part of a seed file that it started with
  date_created  timestamptz not null
);
create index if not exists made_worlds_start on {SCHEMA}.made_worlds (start_sid);
create index if not exists made_worlds_by on {SCHEMA}.made_worlds (made_by, world_sid);
create table if not exists {SCHEMA}.chunks (      -- of files that are being loaded
  load_sid      text not null,
  world_sid     text not null,
  number        integer not null,
  content       bytea not null,
  date_created  timestamptz not null,
  primary key (load_sid, number)
);
create or replace function {SCHEMA}.translated(words text, old text[], new text[]) returns text
language plpgsql immutable strict as $body$
begin
  if strpos(words, 'AC') > 0 then
    for n in 1 .. cardinality(old) loop
      words := replace(words, old[n], new[n]);
    end loop;
  end if;
  return words;
end $body$;
create or replace function {SCHEMA}.renamed(words text, old text[], new text[]) returns text
language plpgsql immutable strict as $body$
begin
  for n in 1 .. cardinality(old) loop
    words := replace(words, old[n], new[n]);
  end loop;
  return words;
end $body$;
"""


class Shelving:
    """Knows the columns of a world's tables, and that the shelf has the same."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._columns: Columns | None = None
        self._making = asyncio.Lock()

    async def columns(self) -> Columns:
        """Of each table of a world; makes the shelf at the first call."""
        if self._columns is None:
            async with self._making:
                if self._columns is None:
                    self._columns = await self._make()
        return self._columns

    async def _make(self) -> Columns:
        async with self._database.unit() as unit:
            await unit.execute("select pg_advisory_xact_lock($1)", _LOCK)
            await unit.execute(_OWN)
            wanted = await _columns(unit, "public")
            found = await _columns(unit, SCHEMA)
            if any(list(found[name])[1:] != list(wanted[name]) for name in found):
                await _start_over(unit)
                found = {}
            for name in wanted.keys() - found.keys():
                await unit.execute(_like(name))
        return wanted


async def _columns(unit: Unit, schema: str) -> Columns:
    rows = await unit.fetch(_COLUMNS, schema, [table.name for table in STATE])
    return {row["name"]: list(zip(row["columns"], row["types"], strict=True)) for row in rows}


async def _start_over(unit: Unit) -> None:
    gone = await unit.fetch(
        f"select sid from {SCHEMA}.snapshots union all select start_sid from {SCHEMA}.made_worlds"
    )
    await unit.execute("delete from object_holders where account_sid = any($1)", [row["sid"] for row in gone])
    await unit.execute(f"drop schema {SCHEMA} cascade")
    await unit.execute(_OWN)
    log.warning("the tables have changed: snapshots of the older version are let go", snapshots=len(gone))


def _like(name: str) -> str:
    return (
        f"create table {SCHEMA}.{name} (snapshot_sid text not null, like public.{name});"
        f"create index {name}_snapshot on {SCHEMA}.{name} (snapshot_sid)"
    )
