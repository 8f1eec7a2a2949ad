"""SQL of the table `recordings`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from localloop.core import sids
from localloop.products.voice.recording import lifecycle
from localloop.products.voice.recording.take import Recording, Stretch, Wish
from localloop.store import Executor

_NAMES: Final = (
    "account_sid id world_sid call_id conference_id status wish start_time stretches taken_ms duration price"
    " error_code date_created date_updated"
).split()
_COLUMNS: Final = ", ".join(_NAMES)
_INSERT: Final = (
    f"insert into recordings ({_COLUMNS}) values ({', '.join(f'${n + 1}' for n in range(len(_NAMES)))})"
)
_GET: Final = f"select {_COLUMNS} from recordings where account_sid = $1 and id = $2"
_RUNNING: Final = f"""
select {_COLUMNS} from recordings where account_sid = $1 and call_id = $2 and status = any($3) order by id desc limit 1
"""
_RUNNING_ROOM: Final = f"""
select {_COLUMNS} from recordings where account_sid = $1 and conference_id = $2 and status = any($3)
order by id desc limit 1
"""
_OVER_REST: Final = """
select exists (select from recordings where account_sid = $1 and call_id = $2 and status = any($3)
  and wish ->> 'source' = 'StartCallRecordingAPI')
"""
_OF_CALLS: Final = f"""
select {_COLUMNS} from recordings r join unnest($1::text[], $2::uuid[]) as c (a, i) on r.account_sid = c.a
  and r.call_id = c.i
where r.status = any($3) for update of r
"""
_SAVE: Final = """
update recordings set status = $3, stretches = $4, taken_ms = $5, duration = $6, price = $7, error_code = $8,
  date_updated = $9
where account_sid = $1 and id = $2
"""


class Filters(Struct, frozen=True, kw_only=True):
    call_id: UUID | None = None
    conference_id: UUID | None = None
    created: tuple[datetime | None, datetime | None] = (None, None)
    with_deleted: bool = False


class Slice(Struct, frozen=True, kw_only=True):
    """Which part of a list, newest first: below `after`, or the nearest above `before`."""

    after: UUID | None = None
    before: UUID | None = None
    limit: int = 50


async def insert(executor: Executor, recording: Recording) -> None:
    values = msgspec.structs.asdict(recording)
    values["wish"] = msgspec.to_builtins(recording.wish)
    values["stretches"] = msgspec.to_builtins(recording.stretches)
    await executor.execute(_INSERT, *(values[name] for name in _NAMES))


async def save(executor: Executor, now: Recording) -> None:
    await executor.execute(
        _SAVE,
        now.account_sid,
        now.id,
        now.status,
        msgspec.to_builtins(now.stretches),
        now.taken_ms,
        now.duration,
        now.price,
        now.error_code,
        now.date_updated,
    )


async def get(executor: Executor, account_sid: str, sid: str, *, hold: bool = False) -> Recording | None:
    """`hold`: until the transaction ends."""
    if not sids.is_sid(sid, "RE"):
        return None
    sql = f"{_GET} for update" if hold else _GET
    row = await executor.fetchrow(sql, account_sid, sids.uuid_of(sid))
    return None if row is None else _recording(row)


async def running(executor: Executor, account_sid: str, call_id: UUID) -> Recording | None:
    """What records a call at the moment."""
    row = await executor.fetchrow(_RUNNING, account_sid, call_id, list(lifecycle.RUNNING))
    return None if row is None else _recording(row)


async def of_calls(executor: Executor, calls: Sequence[tuple[str, UUID]]) -> list[Recording]:
    """What still records any of these calls, held until the transaction ends."""
    accounts, ids = [account for account, _ in calls], [id for _, id in calls]
    rows = await executor.fetch(_OF_CALLS, accounts, ids, list(lifecycle.RUNNING))
    return [_recording(row) for row in rows]


async def begun_over_rest(executor: Executor, account_sid: str, call_id: UUID) -> bool:
    """Whether a call is being recorded because REST wanted it."""
    return bool(await executor.fetchval(_OVER_REST, account_sid, call_id, list(lifecycle.RUNNING)))


async def running_conference(executor: Executor, account_sid: str, id: UUID) -> Recording | None:
    """What records a conference at the moment."""
    row = await executor.fetchrow(_RUNNING_ROOM, account_sid, id, list(lifecycle.RUNNING))
    return None if row is None else _recording(row)


async def page(executor: Executor, account_sid: str, filters: Filters, part: Slice) -> list[Recording]:
    clauses: list[str] = ["account_sid = $1"]
    values: list[Any] = [account_sid]

    def where(clause: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            clauses.append(clause.format(f"${len(values)}"))

    where("call_id = {}", filters.call_id)
    where("conference_id = {}", filters.conference_id)
    where("date_created >= {}", filters.created[0])
    where("date_created < {}", filters.created[1])
    where("id < {}", part.after)
    where("id > {}", part.before)
    if not filters.with_deleted:
        clauses.append("status <> 'deleted'")
    order = "asc" if part.before is not None else "desc"
    sql = f"select {_COLUMNS} from recordings where {' and '.join(clauses)} order by id {order} limit {part.limit:d}"
    found = [_recording(row) for row in await executor.fetch(sql, *values)]
    return found[::-1] if part.before is not None else found


def _recording(row: Any) -> Recording:
    fields = {name: row[name] for name in _NAMES}
    fields["wish"] = msgspec.convert(fields["wish"], Wish)
    fields["stretches"] = msgspec.convert(fields["stretches"], tuple[Stretch, ...])
    return Recording(**fields)
