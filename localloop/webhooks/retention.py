"""How long deliveries and alerts are kept: so many days, and no more than so many bytes, the oldest going first.

Whole months go with their partitions. What else is too old is found by its id, account by account. What is too much is
judged by a sample of pages, since counting a gigabyte every minute would cost more than keeping it; the oldest tenth of
what is allowed goes as well, so that it is not done at every look.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, sids
from localloop.store import Database, partitions

RETENTION: Final = "webhooks.retention"
EVERY: Final = timedelta(minutes=1)
_ALERTS: Final = timedelta(days=30)  # as long as Twilio lists them
_BATCH: Final = 2_000
_SAMPLE: Final = 20_000  # rows
_ROW: Final = 220  # bytes of a row and its index entries beyond its texts
_SPARE: Final = 0.9
_VACUUM_S: Final = 600.0
_PHYSICAL: Final = """
select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint from pg_partition_tree('deliveries') where isleaf
"""
# The newest id past which the sizes of a sample add up to the limit.
_CUT: Final = f"""
with sample as materialized (
  select id, {_ROW} + length(url) + coalesce(length(error), 0) + coalesce(pg_column_size(detail), 0) as size
  from deliveries tablesample system ($1)
), summed as (
  select id, sum(size) over (order by id desc) * 100 / $1 as newer from sample
)
select (select id from summed where newer > $2 * {_SPARE} order by id desc limit 1) as cut,
  (select max(newer) from summed) as live
"""
_NEXT_ACCOUNT: Final = "select account_sid from {table} where account_sid > $1 order by account_sid limit 1"
_DELETE: Final = """
with old as (select account_sid, id from {table} where account_sid = $1 and id < $2 order by id limit $3)
delete from {table} t using old where t.account_sid = old.account_sid and t.id = old.id
"""


class Bounds(Struct, frozen=True, kw_only=True):
    """What is kept; 0 bytes: no bound of size."""

    age: timedelta = timedelta(days=7)
    size: int = 1 << 30


async def prune(database: Database, bounds: Bounds) -> int:
    """Delete what is past the bounds; how many deliveries that were, but for whole months."""
    now = clock.now()
    oldest = now - bounds.age
    await partitions.drop_before(database, "deliveries", oldest)
    pruned = await _delete_below(database, "deliveries", sids.bound(oldest))
    await _delete_below(database, "alerts", sids.bound(now - _ALERTS))
    physical = await database.fetchval(_PHYSICAL)
    if not bounds.size or physical <= bounds.size:
        return pruned
    cut = await _cut(database, physical, bounds.size)
    if cut is None:
        return pruned
    excess = await _delete_below(database, "deliveries", UUID(int=cut.int + 1))
    if excess:
        # So that the space is used again; it is not waited for by anybody, and locks nothing.
        await database.execute("vacuum deliveries", timeout=_VACUUM_S)
    return pruned + excess


async def _cut(database: Database, physical: int, size: int) -> UUID | None:
    """The newest id that has to go; None while there is room."""
    percent = min(100.0, max(0.1, 100 * _SAMPLE * _ROW * 2 / max(physical, 1)))
    row = await database.fetchrow(_CUT, percent, float(size))
    if row is None or row["live"] is None or row["live"] <= size:
        return None
    cut: UUID | None = row["cut"]
    return cut


async def _delete_below(database: Database, table: str, bound: UUID) -> int:
    """In batches, so that nobody waits for a long transaction."""
    count = 0
    async for account_sid in _accounts(database, table):
        while True:
            deleted = await database.execute(_DELETE.format(table=table), account_sid, bound, _BATCH)
            number = int(deleted.rpartition(" ")[2])
            count += number
            if number < _BATCH:
                break
    return count


async def _accounts(database: Database, table: str) -> AsyncIterator[str]:
    """By hops over the index."""
    account_sid = await database.fetchval(_NEXT_ACCOUNT.format(table=table), "")
    while account_sid is not None:
        yield account_sid
        account_sid = await database.fetchval(_NEXT_ACCOUNT.format(table=table), account_sid)
