"""SQL of queues, of the callers in them, and of the calls that wait for a caller.

Whatever changes a line does so holding the queue's row, so two calls never take the same caller and a queue never grows
past its size. The order is that of the members' ids, not of a clock that somebody may move.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from localloop.core import sids
from localloop.products.voice.queue import line
from localloop.store import Executor

_COLUMNS: Final = "account_sid, id, world_sid, friendly_name, max_size, date_created, date_updated"
_INSERT: Final = f"""
insert into queues ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $6)
on conflict (account_sid, friendly_name) do nothing returning {_COLUMNS}
"""
_BY_NAME: Final = f"select {_COLUMNS} from queues where account_sid = $1 and friendly_name = $2"
_BY_ID: Final = f"select {_COLUMNS} from queues where account_sid = $1 and id = $2"
_UPDATE: Final = f"""
update queues set friendly_name = $3, max_size = $4, date_updated = $5 where account_sid = $1 and id = $2
returning {_COLUMNS}
"""
_LOCK: Final = "select max_size from queues where account_sid = $1 and id = $2 for update"
_SIZE: Final = "select count(*) from queue_members where account_sid = $1 and queue_id = $2"
_ENTER: Final = """
insert into queue_members (account_sid, queue_id, id, call_id, enqueued_at) values ($1, $2, $3, $4, $5)
"""
_LEAVE: Final = """
delete from queue_members where account_sid = $1 and call_id = $2 returning queue_id, call_id, enqueued_at
"""
_FRONT: Final = """
delete from queue_members where account_sid = $1 and queue_id = $2 and id = (
  select id from queue_members where account_sid = $1 and queue_id = $2 order by id limit 1
) returning queue_id, call_id, enqueued_at
"""
_MEMBERS: Final = """
select call_id, enqueued_at, row_number() over (order by id) as position
from queue_members where account_sid = $1 and queue_id = $2
"""
_ONE: Final = f"select * from ({_MEMBERS}) as m where call_id = $3"
_FIRST: Final = f"select * from ({_MEMBERS}) as m order by position limit 1"
_PAGE: Final = f"""
select * from ({_MEMBERS}) as m where position > $3 order by position limit $4
"""
_WAIT: Final = """
insert into queue_takers (account_sid, queue_id, id, call_id) values ($1, $2, $3, $4)
on conflict (account_sid, call_id) do nothing
"""
_TAKER: Final = """
delete from queue_takers where account_sid = $1 and queue_id = $2 and id = (
  select id from queue_takers where account_sid = $1 and queue_id = $2 order by id limit 1
) returning call_id
"""
_STATISTICS: Final = """
select queue_id, count(*) as size, coalesce(sum(greatest(floor(extract(epoch from $3 - enqueued_at)), 0)), 0) as waited
from queue_members where account_sid = $1 and queue_id = any($2::uuid[]) group by queue_id
"""
_OLDER: Final = f"""
select {_COLUMNS} from queues where account_sid = $1 and ($2::uuid is null or id < $2) order by id desc limit $3
"""
_NEWER: Final = f"select {_COLUMNS} from queues where account_sid = $1 and id > $2 order by id limit $3"


class Queue(Struct, frozen=True, kw_only=True):
    """One row."""

    account_sid: str
    id: UUID
    world_sid: str
    friendly_name: str
    max_size: int
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("QU", self.id)


class Member(Struct, frozen=True, kw_only=True):
    """A caller in a queue, or one that was just taken out of it."""

    queue_id: UUID
    call_id: UUID
    since: datetime
    position: int = 0

    @property
    def call_sid(self) -> str:
        return sids.from_uuid("CA", self.call_id)

    @property
    def queue_sid(self) -> str:
        return sids.from_uuid("QU", self.queue_id)


class Statistics(Struct, frozen=True):
    size: int = 0
    average: int = 0


class NewQueue(Struct, frozen=True, kw_only=True):
    account_sid: str
    world_sid: str
    friendly_name: str
    max_size: int
    at: datetime


async def create(executor: Executor, new: NewQueue) -> Queue | None:
    """None when the account has one of this name."""
    row = await executor.fetchrow(
        _INSERT, new.account_sid, sids.new_id(), new.world_sid, new.friendly_name, new.max_size, new.at
    )
    return None if row is None else _queue(row)


async def find(executor: Executor, account_sid: str, name: str) -> Queue | None:
    row = await executor.fetchrow(_BY_NAME, account_sid, name)
    return None if row is None else _queue(row)


async def get(executor: Executor, account_sid: str, sid: str) -> Queue | None:
    row = await executor.fetchrow(_BY_ID, account_sid, sids.uuid_of(sid)) if sids.is_sid(sid, "QU") else None
    return None if row is None else _queue(row)


async def made(executor: Executor, new: NewQueue) -> Queue:
    """The queue of this name, made where there is none."""
    found = await find(executor, new.account_sid, new.friendly_name) or await create(executor, new)
    if found is None:  # somebody made it in between
        found = await find(executor, new.account_sid, new.friendly_name)
    assert found is not None
    return found


async def update(executor: Executor, queue: Queue) -> Queue | None:
    """Raises `asyncpg.UniqueViolationError` for a name that another has."""
    row = await executor.fetchrow(
        _UPDATE, queue.account_sid, queue.id, queue.friendly_name, queue.max_size, queue.date_updated
    )
    return None if row is None else _queue(row)


async def delete(unit: Executor, queue: Queue) -> bool:
    """False when somebody waits in it. Must run in a transaction."""
    await unit.fetchval(_LOCK, queue.account_sid, queue.id)
    if await unit.fetchval(_SIZE, queue.account_sid, queue.id):
        return False
    for table in ("queue_takers where queue_id", "queues where id"):
        await unit.execute(f"delete from {table} = $2 and account_sid = $1", queue.account_sid, queue.id)
    return True


async def enter(unit: Executor, queue: Queue, call_id: UUID, at: datetime, wanted: int | None) -> bool:
    """Put a call at the end of the line; False when that is full. Must run in a transaction."""
    max_size = await unit.fetchval(_LOCK, queue.account_sid, queue.id)
    size = await unit.fetchval(_SIZE, queue.account_sid, queue.id)
    if max_size is None or not line.has_room(size, max_size, wanted):
        return False
    await unit.execute(_ENTER, queue.account_sid, queue.id, sids.new_id(), call_id, at)
    return True


async def leave(unit: Executor, account_sid: str, call_id: UUID) -> Member | None:
    """Take a call out of whatever line it is in."""
    row = await unit.fetchrow(_LEAVE, account_sid, call_id)
    return None if row is None else _member(row)


async def take_front(unit: Executor, queue: Queue) -> Member | None:
    """Take out whoever has waited longest. Must run in a transaction."""
    await unit.fetchval(_LOCK, queue.account_sid, queue.id)
    row = await unit.fetchrow(_FRONT, queue.account_sid, queue.id)
    return None if row is None else _member(row)


async def wait_for_caller(unit: Executor, queue: Queue, call_id: UUID) -> None:
    """A call that dials the queue, which is empty."""
    await unit.execute(_WAIT, queue.account_sid, queue.id, sids.new_id(), call_id)


async def next_taker(unit: Executor, queue: Queue) -> UUID | None:
    """Of the calls that wait for a caller, the one that has waited longest; it waits no more."""
    taker: UUID | None = await unit.fetchval(_TAKER, queue.account_sid, queue.id)
    return taker


async def stop_waiting(unit: Executor, account_sid: str, call_id: UUID) -> None:
    await unit.execute(
        "delete from queue_takers where account_sid = $1 and call_id = $2", account_sid, call_id
    )


async def member(executor: Executor, queue: Queue, call_sid: str) -> Member | None:
    """One who waits, or `Front`."""
    if call_sid.lower() == "front":
        row = await executor.fetchrow(_FIRST, queue.account_sid, queue.id)
    elif sids.is_sid(call_sid, "CA"):
        row = await executor.fetchrow(_ONE, queue.account_sid, queue.id, sids.uuid_of(call_sid))
    else:
        return None
    return None if row is None else _member({"queue_id": queue.id, **row})


async def members(executor: Executor, queue: Queue, after: int, limit: int) -> list[Member]:
    """Those who stand behind a position."""
    rows = await executor.fetch(_PAGE, queue.account_sid, queue.id, after, limit)
    return [_member({"queue_id": queue.id, **row}) for row in rows]


async def statistics(
    executor: Executor, account_sid: str, queues: list[Queue], now: datetime
) -> Mapping[UUID, Statistics]:
    rows = await executor.fetch(_STATISTICS, account_sid, [queue.id for queue in queues], now)
    return {row["queue_id"]: Statistics(row["size"], int(row["waited"]) // row["size"]) for row in rows}


async def page(
    executor: Executor, account_sid: str, edges: tuple[UUID | None, UUID | None], limit: int
) -> list[Queue]:
    """Newest first: those below the first edge, or nearest above the second."""
    after, before = edges
    if before is not None:
        rows = await executor.fetch(_NEWER, account_sid, before, limit)
        return [_queue(row) for row in rows][::-1]
    return [_queue(row) for row in await executor.fetch(_OLDER, account_sid, after, limit)]


def _queue(row: asyncpg.Record) -> Queue:
    return Queue(**dict(row))


def _member(row: Mapping[str, Any]) -> Member:
    return Member(
        queue_id=row["queue_id"],
        call_id=row["call_id"],
        since=row["enqueued_at"],
        position=row.get("position") or 0,
    )
