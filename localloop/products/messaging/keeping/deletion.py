"""Many messages deleted in the background: a record says how far it has come, and a worker goes on where one died."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from localloop.core import clock, sids
from localloop.jobs import Done, Job, NewJob, Outcome, Retry, enqueue
from localloop.products.messaging.keeping import batches
from localloop.products.messaging.keeping.batches import Filters
from localloop.store import Database, Executor, Unit

PREFIX: Final = "MD"
DELETE: Final = "messages.delete"
_TURN_S: Final = 20.0  # then others have theirs
_SHARE: Final = 0.5  # of the time that it rests
_COUNT_S: Final = 120.0
_COLUMNS: Final = (
    "account_sid, id, world_sid, filters, status, total, deleted, in_flight, reached,"
    " date_created, date_updated"
)
_INSERT: Final = """
insert into message_deletions (account_sid, id, world_sid, filters, date_created, date_updated)
values ($1, $2, $3, $4, $5, $5)
"""
_GET: Final = f"select {_COLUMNS} from message_deletions where account_sid = $1 and id = $2"
_PAGE: Final = f"""
select {_COLUMNS} from message_deletions where account_sid = $1 and ($2::uuid is null or id < $2)
order by id desc limit $3
"""
_BEGIN: Final = """
update message_deletions set status = 'in-progress', total = $3, date_updated = $4
where account_sid = $1 and id = $2 and status = 'queued'
"""
_ADVANCE: Final = """
update message_deletions set deleted = deleted + $3, in_flight = in_flight + $4, reached = $5, status = $6,
  date_updated = $7
where account_sid = $1 and id = $2
"""
_LOCK: Final = f"{_GET} for update"
_CANCEL: Final = """
update message_deletions set status = 'canceled', date_updated = $3
where account_sid = $1 and id = $2 and status in ('queued', 'in-progress')
"""


class Deletion(Struct, frozen=True, kw_only=True):
    """One of them."""

    account_sid: str
    id: UUID
    world_sid: str
    filters: Filters
    status: str  # queued | in-progress | completed | canceled
    total: int | None
    deleted: int
    in_flight: int
    reached: UUID | None
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid(PREFIX, self.id)


class Named(Struct, frozen=True):
    """The payload of its job."""

    sid: str


async def begin(unit: Unit, caller: tuple[str, str], filters: Filters, at: datetime) -> UUID:
    """Delete what there is now of this account (its SID, its world's); what comes later stays."""
    account_sid, world_sid = caller
    deletion_id = sids.new_id()
    kept = msgspec.to_builtins(filters)
    await unit.execute(_INSERT, account_sid, deletion_id, world_sid, kept, at)
    sid = sids.from_uuid(PREFIX, deletion_id)
    await enqueue(unit, [NewJob(DELETE, account_sid, "", Named(sid), clock.now(), sid)])
    return deletion_id


async def get(reader: Executor, account_sid: str, deletion_id: UUID) -> Deletion | None:
    row = await reader.fetchrow(_GET, account_sid, deletion_id)
    return None if row is None else _deletion(row)


async def page(reader: Executor, account_sid: str, after: UUID | None, limit: int) -> list[Deletion]:
    """Newest first."""
    return [_deletion(row) for row in await reader.fetch(_PAGE, account_sid, after, limit)]


async def cancel(executor: Executor, account_sid: str, deletion_id: UUID, at: datetime) -> bool:
    """False when it is over. What has gone has gone."""
    outcome = await executor.execute(_CANCEL, account_sid, deletion_id, at)
    return outcome.endswith(" 1")


async def work(database: Database, job: Job) -> Outcome:
    """The job's handler: windows for a while, and again until nothing is left."""
    deletion_id = sids.uuid_of(job.read(Named).sid)
    found = await get(database, job.account_sid, deletion_id)
    if found is None:
        return Done()
    if found.status == "queued":
        async with asyncio.timeout(_COUNT_S):
            total = await batches.count(database, found.account_sid, found.filters, found.id)
        await database.execute(_BEGIN, found.account_sid, found.id, total, clock.now(found.world_sid))
    ends = monotonic() + _TURN_S
    while monotonic() < ends:
        began = monotonic()
        async with database.unit() as unit:
            goes_on = await _window(unit, job.account_sid, deletion_id)
        if not goes_on:
            return Done()
        await asyncio.sleep((monotonic() - began) * _SHARE / (1 - _SHARE))
    return Retry(timedelta())


async def _window(unit: Unit, account_sid: str, deletion_id: UUID) -> bool:
    """Whether there may be more. The record is locked: two workers do not do the same, and who cancels waits."""
    row = await unit.fetchrow(_LOCK, account_sid, deletion_id)
    if row is None or row["status"] != "in-progress":
        return False
    deletion = _deletion(row)
    window = await batches.delete(unit, account_sid, deletion.filters, (deletion.reached, deletion.id))
    is_last = window.seen < batches.WINDOW
    await unit.execute(
        _ADVANCE,
        account_sid,
        deletion_id,
        window.deleted,
        window.in_flight,
        window.reached,
        "completed" if is_last else "in-progress",
        clock.now(deletion.world_sid),
    )
    return not is_last


def _deletion(row: Mapping[str, Any]) -> Deletion:
    values = dict(row)
    return Deletion(**{**values, "filters": msgspec.convert(values["filters"], Filters)})
