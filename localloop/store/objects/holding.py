"""Who needs which bytes. An object's row is there before its bytes and goes after them, and each holder is a row:
whoever dies in between leaves a row that `sweep` finds, and no bytes that nobody knows of.

An object is `writing` until somebody holds it, then `kept`, and `unwanted` when its last holder lets go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, sids
from localloop.store.database import Database
from localloop.store.objects.place import ObjectPlace

_BEGIN: Final = "insert into objects (id, size, date_created) values ($1, $2, $3)"
_KEEP: Final = """
update objects set state = 'kept' where id in (
  select id from objects where id = any($1::uuid[]) and state = 'writing' order by id for update)
"""
_SHARE: Final = "select id from objects where id = any($1::uuid[]) and state = 'kept' order by id for share"
_HOLD: Final = """
insert into object_holders (object_id, account_sid, holder)
select * from unnest($1::uuid[], $2::text[], $3::uuid[]) on conflict do nothing
"""
_LOCK: Final = "select id from objects where id = any($1::uuid[]) order by id for update"
_RELEASE: Final = """
delete from object_holders h using unnest($1::uuid[], $2::text[], $3::uuid[]) as g (object_id, account_sid, holder)
where h.object_id = g.object_id and h.account_sid = g.account_sid and h.holder = g.holder
"""
_UNWANT: Final = """
update objects o set state = 'unwanted' where id = any($1::uuid[]) and state = 'kept'
  and not exists (select from object_holders h where h.object_id = o.id)
returning id
"""


class Wanted(Struct, frozen=True):
    """An object and who holds it."""

    object_id: UUID
    account_sid: str
    holder: UUID


class Lost(Exception):
    """An object that was to be held has been let go meanwhile."""


class Objects:
    """The objects of one process: bytes in and out, and who holds them."""

    def __init__(self, database: Database, place: ObjectPlace) -> None:
        self.database = database
        self.place = place

    async def write(self, content: bytes, at: datetime | None = None) -> UUID:
        """Keep bytes. They go again unless somebody holds the object within the hour."""
        object_id = sids.new_id()
        await self.database.execute(_BEGIN, object_id, len(content), at or clock.now())
        await self.place.put(key_of(object_id), content)
        return object_id

    async def read(self, object_id: UUID, start: int = 0, end: int | None = None) -> bytes | None:
        return await self.place.get(key_of(object_id), start, end)

    async def close(self) -> None:
        await self.place.close()


def key_of(object_id: UUID) -> str:
    """Spread over 256 folders by the id's random end."""
    text = object_id.hex
    return f"{text[-2:]}/{text}"


async def hold(unit: Any, wanted: Sequence[Wanted]) -> None:
    """Must run in the transaction of the rows that name the objects. Raises Lost, which undoes it."""
    if not wanted:
        return
    ids = list({each.object_id for each in wanted})
    await unit.execute(_KEEP, ids)
    found = await unit.fetch(_SHARE, ids)
    if len(found) < len(ids):
        raise Lost("an object that is needed has been let go")
    await unit.execute(_HOLD, *_columns(wanted))


async def release(unit: Any, wanted: Sequence[Wanted]) -> list[UUID]:
    """Let go, in the transaction that deletes the rows; the objects that nobody holds any more."""
    if not wanted:
        return []
    ids = list({each.object_id for each in wanted})
    await unit.fetch(_LOCK, ids)
    await unit.execute(_RELEASE, *_columns(wanted))
    return [row["id"] for row in await unit.fetch(_UNWANT, ids)]


def _columns(wanted: Sequence[Wanted]) -> tuple[list[UUID], list[str], list[UUID]]:
    return (
        [each.object_id for each in wanted],
        [each.account_sid for each in wanted],
        [each.holder for each in wanted],
    )
