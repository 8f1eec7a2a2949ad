"""SQL of the tables `conferences` and `conference_participants`.

A row holds a room without whoever is in it, and columns for what lists look for; each of its participants has a row, so
that what happens to one of 250 writes no more than what happens to one of two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from localloop.core import sids
from localloop.products.voice.conference.room import Participant, Room, Status
from localloop.store import Executor

_COLUMNS: Final = "account_sid, id, world_sid, friendly_name, status, state, date_created, date_updated"
_READ: Final = "account_sid, world_sid, state"
_ACTIVE: Final = f"""
select {_READ} from conferences where account_sid = $1 and friendly_name = $2 and status <> 'completed' for update
"""
_INSERT: Final = f"""
insert into conferences ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $7)
on conflict (account_sid, friendly_name) where status <> 'completed' do nothing returning {_READ}
"""
_GET: Final = f"select {_READ} from conferences where account_sid = $1 and id = $2"
_PEOPLE: Final = "select state from conference_participants where account_sid = $1 and conference_id = $2"
_SOME: Final = f"{_PEOPLE} and (call_id = any($3::uuid[]) or label = any($4::text[]))"
_SAVE: Final = """
with gone as (
  delete from conference_participants where account_sid = $1 and conference_id = $2 and call_id = any($6::uuid[])
), put as (
  insert into conference_participants (account_sid, conference_id, world_sid, call_id, label, state)
  select $1, $2, $7, * from unnest($8::uuid[], $9::text[], $10::bytea[])
  on conflict (account_sid, conference_id, call_id) do update set label = excluded.label, state = excluded.state
)
update conferences set status = $3, state = $4, date_updated = $5 where account_sid = $1 and id = $2
"""
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Room)
_people: Final = msgspec.json.Decoder(Participant)


class Filters(Struct, frozen=True, kw_only=True):
    """Times are inclusive from, exclusive until."""

    status: Status | None = None
    friendly_name: str | None = None
    created: tuple[datetime | None, datetime | None] = (None, None)
    updated: tuple[datetime | None, datetime | None] = (None, None)


class Slice(Struct, frozen=True, kw_only=True):
    """Which part of a list, newest first: below `after`, or the nearest above `before`."""

    after: UUID | None = None
    before: UUID | None = None
    limit: int = 50


async def active(unit: Executor, account_sid: str, name: str) -> Room | None:
    """The room of this name that has not ended, held until the transaction ends; nobody is at hand."""
    row = await unit.fetchrow(_ACTIVE, account_sid, name)
    return None if row is None else room_of(row)


async def opened(unit: Executor, room: Room) -> Room:
    """The room of this name that has not ended; this one, where there is none. Held until the transaction ends."""
    found = await active(unit, room.account_sid, room.friendly_name)
    if found is not None:
        return found
    row = await unit.fetchrow(
        _INSERT,
        room.account_sid,
        room.id,
        room.world_sid,
        room.friendly_name,
        room.status,
        _encoded(room),
        room.date_created,
    )
    if row is not None:
        return room_of(row)
    found = await active(unit, room.account_sid, room.friendly_name)  # somebody opened it in between
    assert found is not None
    return found


async def get(executor: Executor, account_sid: str, sid: str, *, hold: bool = False) -> Room | None:
    """With nobody at hand. `hold`: until the transaction ends."""
    if not sids.is_sid(sid, "CF"):
        return None
    row = await executor.fetchrow(f"{_GET} for update" if hold else _GET, account_sid, sids.uuid_of(sid))
    return None if row is None else room_of(row)


async def whole(executor: Executor, room: Room) -> Room:
    """With everybody at hand, in the order in which they came."""
    return _with(room, await executor.fetch(_PEOPLE, room.account_sid, room.id))


async def some(executor: Executor, room: Room, names: Collection[str]) -> Room:
    """With those of these calls and labels at hand."""
    calls = [sids.uuid_of(name) for name in names if sids.is_sid(name, "CA")]
    return _with(room, await executor.fetch(_SOME, room.account_sid, room.id, calls, list(names)))


def _with(room: Room, rows: Iterable[Any]) -> Room:
    return _having(room, (row["state"] for row in rows))


def _having(room: Room, states: Iterable[bytes]) -> Room:
    people = sorted(map(_people.decode, states), key=lambda each: (each.date_created, each.call_sid))
    return structs.replace(room, participants=tuple(people))


async def save(unit: Executor, before: Room, room: Room) -> None:
    """As it has become of what it was; both with the same people at hand."""
    known = {each.call_sid: each for each in before.participants}
    left = {each.call_sid for each in room.participants}
    put = [each for each in room.participants if known.get(each.call_sid) is not each]
    await unit.execute(
        _SAVE,
        room.account_sid,
        room.id,
        room.status,
        _encoded(room),
        room.date_updated,
        [sids.uuid_of(sid) for sid in known if sid not in left],
        room.world_sid,
        [sids.uuid_of(each.call_sid) for each in put],
        [each.label or None for each in put],
        [_encoder.encode(each) for each in put],
    )


def _encoded(room: Room) -> bytes:
    return _encoder.encode(structs.replace(room, participants=()))


async def page(executor: Executor, account_sid: str, filters: Filters, part: Slice) -> Sequence[Room]:
    clauses, values = ["account_sid = $1"], [account_sid]

    def where(clause: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            clauses.append(clause.format(f"${len(values)}"))

    where("status = {}", filters.status)
    where("friendly_name = {}", filters.friendly_name)
    for column, (least, most) in (("date_created", filters.created), ("date_updated", filters.updated)):
        where(column + " >= {}", least)
        where(column + " < {}", most)
    where("id < {}", part.after)
    where("id > {}", part.before)
    is_backward = part.before is not None
    sql = f"select {_READ} from conferences where {' and '.join(clauses)}"
    order = f" order by id {'asc' if is_backward else 'desc'} limit {part.limit:d}"
    found = [room_of(row) for row in await executor.fetch(sql + order, *values)]
    return found[::-1] if is_backward else found


def room_of(row: Any, people: Iterable[bytes] = ()) -> Room:
    """With these at hand. Whose it is its row says: a fork of a world has the same rooms under another name."""
    room = _decoder.decode(row["state"])
    return _having(structs.replace(room, account_sid=row["account_sid"], world_sid=row["world_sid"]), people)
