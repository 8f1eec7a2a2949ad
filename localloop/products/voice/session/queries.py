"""SQL of the table `call_sessions`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from localloop.core import sids
from localloop.products.voice.session.session import CallSession
from localloop.store import Executor

Status: TypeAlias = Literal["in-progress", "stopped"]
_COLUMNS: Final = (
    "account_sid, id, world_sid, call_id, prefix, name, status, wish, date_created, date_updated"
)
_KEEP: Final = f"""
insert into call_sessions ({_COLUMNS})
select a, i, w, c, p, n, s, j::jsonb, d, u from unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::text[],
  $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[]) as r (a, i, w, c, p, n, s, j, d, u)
on conflict (account_sid, id) do update set status = excluded.status, date_updated = excluded.date_updated
"""
_FIND: Final = f"""
select {_COLUMNS} from call_sessions
where account_sid = $1 and call_id = $2 and prefix = $3 and (id = $4 or ($4 is null and name = $5))
order by id desc limit 1
"""
_FORGET: Final = "delete from call_sessions where account_sid = $1 and call_id = $2"


class Kept(Struct, frozen=True, kw_only=True):
    """One row: a session as it is now."""

    account_sid: str
    world_sid: str
    call_id: UUID
    session: CallSession
    status: Status
    date_updated: datetime


class Shown(Struct, frozen=True, kw_only=True):
    """What its API shows of it."""

    sid: str
    account_sid: str
    call_sid: str
    name: str | None
    status: str
    date_updated: datetime


def shown(kept: Kept) -> Shown:
    return Shown(
        sid=kept.session.sid,
        account_sid=kept.account_sid,
        call_sid=sids.from_uuid("CA", kept.call_id),
        name=kept.session.name or None,
        status=kept.status,
        date_updated=kept.date_updated,
    )


async def keep(connection: Any, sessions: Sequence[Kept]) -> None:
    """As they are now; of one that is there twice the last. Must run in a transaction."""
    rows = [_row(each) for each in {each.session.sid: each for each in sessions}.values()]
    if rows:
        await connection.execute(_KEEP, *map(list, zip(*rows, strict=True)))


def _row(kept: Kept) -> tuple[Any, ...]:
    session = kept.session
    return (
        kept.account_sid,
        sids.uuid_of(session.sid),
        kept.world_sid,
        kept.call_id,
        session.sid[:2],
        session.name,
        kept.status,
        msgspec.json.encode(session.wish).decode(),
        session.since,
        kept.date_updated,
    )


async def find(reader: Executor, account_sid: str, call_id: UUID, prefix: str, named: str) -> Shown | None:
    """By its SID, or the last one of this name."""
    id = sids.uuid_of(named) if sids.is_sid(named, prefix) else None
    row = await reader.fetchrow(_FIND, account_sid, call_id, prefix, id, named)
    if row is None:
        return None
    return Shown(
        sid=sids.from_uuid(row["prefix"], row["id"]),
        account_sid=row["account_sid"],
        call_sid=sids.from_uuid("CA", row["call_id"]),
        name=row["name"] or None,
        status=row["status"],
        date_updated=row["date_updated"],
    )


async def forget(executor: Executor, account_sid: str, call_id: UUID) -> None:
    """Those of a call that is deleted."""
    await executor.execute(_FORGET, account_sid, call_id)
