"""Month partitions of the large tables, by the time in the id: made ahead of time, dropped when they are old.

The default partition takes what no month takes, so nothing is ever refused; rows in it mean that partitions
were not made in time, and the metrics say so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from localloop.core import clock, sids
from localloop.store.database import Database, Executor, Unit

TABLES: Final = ("messages", "calls", "deliveries")
_AHEAD: Final = 2  # months beyond the current one
_FILL: Final = {"messages": 65, "calls": 70}  # per cent of a page, where rows change a few times and stay
_LOCK: Final = 0x7061727473  # any fixed number: "parts"


async def ensure(database: Database) -> list[str]:
    """Make the partitions of this month and the next two; returns the new ones' names. At start, and
    daily."""
    first = clock.now()
    months = [_month(first, ahead) for ahead in range(_AHEAD + 1)]
    wanted = {_name(table, month): (table, month) for table in TABLES for month in months}
    missing = await _missing(database, list(wanted))
    for name in missing:
        async with database.unit() as unit:
            await unit.execute("select pg_advisory_xact_lock($1)", _LOCK)
            if await _missing(unit, [name]):
                await _make(unit, name, *wanted[name])
    return missing


async def rows_in_default(database: Database) -> dict[str, int]:
    """How many rows each table's default partition holds (counted up to 1,000): anything but 0 is an
    alarm."""
    counts = {}
    for table in TABLES:
        sql = f"select count(*) from (select 1 from {table}_default limit 1000) as strays"
        counts[table] = await database.fetchval(sql)
    return counts


async def drop_before(database: Database, table: str, moment: datetime) -> list[str]:
    """Drop the partitions that end at or before this moment: retention. Returns their names."""
    if table not in TABLES:
        raise ValueError(f"{table} has no partitions")
    rows = await database.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass", table
    )
    oldest = _name(table, _month(moment, 0))
    names = sorted(name for row in rows if (name := row["name"]) != f"{table}_default" and name < oldest)
    for name in names:
        await database.execute(f"drop table {name}")
    return names


async def _missing(executor: Executor, names: list[str]) -> list[str]:
    rows = await executor.fetch(
        "select name from unnest($1::text[]) as n (name) where to_regclass(name) is null", names
    )
    return [row["name"] for row in rows]


async def _make(unit: Unit, name: str, table: str, month: datetime) -> None:
    """Make the partition and attach it, with what strayed into the default one; its rows move in this
    transaction."""
    start, end = sids.bound(month), sids.bound(_month(month, 1))
    fill = f" with (fillfactor = {_FILL[table]})" if table in _FILL else ""
    await unit.execute(f"create table {name} (like {table} including all){fill}")
    moved = f"with moved as (delete from {table}_default where id >= $1 and id < $2 returning *) "
    await unit.execute(f"{moved} insert into {name} select * from moved", start, end)
    await unit.execute(
        f"alter table {table} attach partition {name} for values from ('{start}') to ('{end}')"
    )


def _month(moment: datetime, ahead: int) -> datetime:
    """The first moment of the month that many months later."""
    months = moment.year * 12 + moment.month - 1 + ahead
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _name(table: str, month: datetime) -> str:
    return f"{table}_{month:%Y_%m}"
