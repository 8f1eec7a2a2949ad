"""What simulated handsets know of calls: who made them, what was heard and said, and how each takes its calls.

All SQL of the tables `phone_voices`, `phone_calls`, `phone_call_lines` and `phone_room_stays`. Lines are written in the
unit that changes the call, and the same statement tells the waiting (channel `phone_call`).

What all in a room hear is one line, of the room: a handset hears those that came during its stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct, field

from localloop.core import sids
from localloop.store import Executor
from localloop.telephony.leg import Line, LineKind
from localloop.telephony.simulated.persona import Persona

CHANNEL: Final = "phone_call"
Direction: TypeAlias = Literal["received", "made"]
_CALL_COLUMNS: Final = "world_sid, number, id, account_sid, direction, peer, date_created"
_LINE_COLUMNS: Final = "call_id, id, world_sid, number, kind, body, seconds, at"
_KEEP_CALLS: Final = f"""
insert into phone_calls ({_CALL_COLUMNS})
select * from unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
"""
_KEEP_LINES: Final = f"""
with kept as (
  insert into phone_call_lines ({_LINE_COLUMNS})
  select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::float8[], $8::timestamptz[])
)
select pg_notify('{CHANNEL}', '')
"""
_KEEP_ROOM: Final = f"""
with closed as (
  update phone_room_stays set until = $3 where world_sid = $1 and room_id = $2 and call_id = any($4::uuid[])
    and until is null
), opened as (
  insert into phone_room_stays (world_sid, room_id, call_id, since)
  select $1, $2, * from unnest($5::uuid[], $6::uuid[])
), kept as (
  insert into phone_call_lines ({_LINE_COLUMNS})
  select $2::uuid, $7::uuid, $1::text, '', $8::text, $9::text, $10::float8, $11::timestamptz
  where $7::uuid is not null
)
select pg_notify('{CHANNEL}', '') where $7::uuid is not null
"""
_LINES: Final = f"""
select {_LINE_COLUMNS} from phone_call_lines
where world_sid = $1 and call_id = $2 and ($3::uuid is null or id > $3)
union all
select $2, l.id, l.world_sid, l.number, l.kind, l.body, l.seconds, l.at
from phone_room_stays s join phone_call_lines l on l.world_sid = s.world_sid and l.call_id = s.room_id
  and l.id > s.since and (s.until is null or l.id < s.until)
where s.world_sid = $1 and s.call_id = $2 and ($3::uuid is null or l.id > $3)
order by id limit $4
"""
_HEARD: Final = """
select body, seconds, at from phone_call_lines
where world_sid = $1 and call_id = $2 and at > $3 and at < $4 and kind = any($5::text[])
"""
_LONGEST: Final = timedelta(minutes=10)  # that something is said or played at once
_ENDLESS: Final = ("music", "echo")
_SET: Final = """
insert into phone_voices as v (world_sid, number, persona, date_created, date_updated) values ($1, $2, $3, $4, $4)
on conflict (world_sid, number) do update set persona = excluded.persona, date_updated = excluded.date_updated
returning persona, date_created, date_updated
"""


class PhoneCall(Struct, frozen=True, kw_only=True):
    """A call as the handset has it."""

    world_sid: str
    number: str
    id: UUID
    account_sid: str
    direction: Direction
    peer: str
    date_created: datetime


class KeptLine(Struct, frozen=True, kw_only=True):
    """A line of a call's transcript. Ids are in the order in which they came."""

    call_id: UUID
    id: UUID = field(default_factory=lambda: sids.new_id())
    world_sid: str
    number: str
    kind: LineKind
    body: str
    seconds: float = 0.0
    at: datetime


class Change(Struct, frozen=True, kw_only=True):
    """Who hears a room from now on and who no longer, by their calls, and what all in it hear then: whoever is new too,
    but for `about`."""

    world_sid: str
    room_id: UUID
    at: datetime
    opened: Sequence[UUID] = ()
    closed: Sequence[UUID] = ()
    line: Line | None = None
    about: UUID | None = None


class Voice(Struct, frozen=True):
    """How a handset takes calls; the dates are None for one that nobody configured."""

    number: str
    persona: Persona = Persona()
    date_created: datetime | None = None
    date_updated: datetime | None = None


async def keep_calls(connection: Any, calls: Sequence[PhoneCall]) -> None:
    """Must run in the transaction that makes the calls."""
    if calls:
        rows = [
            (c.world_sid, c.number, c.id, c.account_sid, c.direction, c.peer, c.date_created) for c in calls
        ]
        await connection.execute(_KEEP_CALLS, *map(list, zip(*rows, strict=True)))


async def keep_lines(connection: Any, lines: Sequence[KeptLine]) -> None:
    """Must run in the transaction that changes the call."""
    if lines:
        rows = [(e.call_id, e.id, e.world_sid, e.number, e.kind, e.body, e.seconds, e.at) for e in lines]
        await connection.execute(_KEEP_LINES, *map(list, zip(*rows, strict=True)))


async def keep_room(connection: Any, change: Change) -> None:
    """Must run in the transaction that changes the room."""
    until, since, line, last = sids.new_id(), sids.new_id(), sids.new_id(), sids.new_id()
    await connection.execute(
        _KEEP_ROOM,
        change.world_sid,
        change.room_id,
        until,
        list(change.closed),
        list(change.opened),
        [last if each == change.about else since for each in change.opened],
        line if change.line else None,
        change.line.kind if change.line else None,
        change.line.text if change.line else None,
        change.line.seconds if change.line else None,
        change.at,
    )


def kept(line: Line, call: PhoneCall, at: datetime) -> KeptLine:
    return KeptLine(
        call_id=call.id,
        world_sid=call.world_sid,
        number=call.number,
        kind=line.kind,
        body=line.text,
        seconds=line.seconds,
        at=at,
    )


async def voices(reader: Executor, keys: Sequence[tuple[str, str]]) -> list[Voice]:
    """How the handsets behind these (world, number) take calls, in order: one query for all."""
    rows = await reader.fetch(
        "select v.* from phone_voices v join unnest($1::text[], $2::text[]) as k (world_sid, number)"
        " using (world_sid, number)",
        [key[0] for key in keys],
        [key[1] for key in keys],
    )
    found = {(row["world_sid"], row["number"]): _voice(row["number"], row) for row in rows}
    return [found.get(key) or Voice(key[1]) for key in keys]


async def set_voice(writer: Executor, world_sid: str, number: str, persona: Persona, at: datetime) -> Voice:
    """From now on it takes calls like that."""
    row = await writer.fetchrow(_SET, world_sid, number, msgspec.to_builtins(persona), at)
    return _voice(number, row)


async def list_calls(
    reader: Executor, world_sid: str, number: str, *, after: UUID | None = None, limit: int = 50
) -> list[PhoneCall]:
    """Its calls, newest first, below `after`."""
    rows = await reader.fetch(
        f"select {_CALL_COLUMNS} from phone_calls where world_sid = $1 and number = $2"
        " and ($3::uuid is null or id < $3) order by id desc limit $4",
        world_sid,
        number,
        after,
        limit,
    )
    return [PhoneCall(**row) for row in rows]


async def list_lines(
    reader: Executor, world_sid: str, call_id: UUID, after: UUID | None = None, limit: int | None = None
) -> list[KeptLine]:
    """The transcript in its order, past `after`."""
    rows = await reader.fetch(_LINES, world_sid, call_id, after, limit)
    return [KeptLine(**row) for row in rows]


async def sounds(
    reader: Executor, call: tuple[str, UUID], during: tuple[datetime, datetime], kinds: Sequence[LineKind]
) -> list[tuple[datetime, datetime]]:
    """When something of these kinds was to be heard on a call of a world, from when until when."""
    since, until = during
    rows = await reader.fetch(_HEARD, *call, since - _LONGEST, until, list(kinds))
    return [
        (row["at"], until if row["body"] in _ENDLESS else row["at"] + timedelta(seconds=row["seconds"]))
        for row in rows
    ]


async def forget(connection: Any, world_sid: str, call_id: UUID) -> None:
    """A call that was deleted leaves nothing on the handset either."""
    await connection.execute(
        "delete from phone_call_lines where world_sid = $1 and call_id = $2", world_sid, call_id
    )
    await connection.execute(
        "delete from phone_room_stays where world_sid = $1 and call_id = $2", world_sid, call_id
    )
    await connection.execute("delete from phone_calls where world_sid = $1 and id = $2", world_sid, call_id)


def _voice(number: str, row: Any) -> Voice:
    persona = msgspec.convert(row["persona"], Persona)
    return Voice(number, persona, row["date_created"], row["date_updated"])
