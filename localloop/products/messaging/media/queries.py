"""SQL of media: rows that say where the application put a file, and which object has its bytes here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from localloop.core import sids
from localloop.jobs import NewJob, enqueue
from localloop.products.messaging.media.resource import Attached, Media, type_of
from localloop.products.messaging.message.resource import Message
from localloop.store.objects import Wanted, hold, release

REMOVE: Final = "media.remove"  # the job that takes away bytes which nobody holds
_COLUMNS: Final = (
    "account_sid, id, message_id, content_type, url, object_id, size, date_created, date_updated"
)
_INSERT: Final = f"""
insert into media ({_COLUMNS})
select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::integer[],
  $8::timestamptz[], $9::timestamptz[])
"""
_OF_MESSAGE: Final = f"select {_COLUMNS} from media where account_sid = $1 and message_id = $2 order by id"
_OF_MESSAGES: Final = f"""
select {_COLUMNS} from media where (account_sid, message_id) in (select * from unnest($1::text[], $2::uuid[]))
order by id
"""
_FETCHED: Final = """
update media m set content_type = f.content_type, object_id = f.object_id, size = f.size, date_updated = $6
from unnest($2::uuid[], $3::text[], $4::uuid[], $5::integer[]) as f (id, content_type, object_id, size)
where m.account_sid = $1 and m.message_id = $7 and m.id = f.id and m.object_id is null
returning m.id
"""
_DELETE: Final = (
    "delete from media where account_sid = $1 and message_id = $2 and id = $3 returning id, object_id"
)
_DELETE_OF_MESSAGES: Final = """
delete from media where account_sid = $1 and message_id = any($2::uuid[]) returning id, object_id
"""


async def insert(connection: Any, of: Sequence[tuple[Message, Sequence[Attached]]]) -> None:
    """Keep the files of these messages, in order. Must run in the transaction that inserts the messages."""
    made = [_media(message, file) for message, files in of for file in files]
    if not made:
        return
    rows = [
        (
            each.account_sid,
            each.id,
            each.message_id,
            each.content_type,
            each.url,
            each.object_id,
            each.size,
            each.date_created,
            each.date_updated,
        )
        for each in made
    ]
    await connection.execute(_INSERT, *map(list, zip(*rows, strict=True)))
    await hold(connection, _wanted((each.account_sid, each.id, each.object_id) for each in made))


async def of_message(reader: Any, account_sid: str, message_id: UUID) -> list[Media]:
    """All media of one message (at most ten), in the order in which they were given."""
    return [Media(**row) for row in await reader.fetch(_OF_MESSAGE, account_sid, message_id)]


async def of_messages(reader: Any, messages: Sequence[Message]) -> dict[UUID, list[Media]]:
    """The same of many, by the message's id."""
    found: dict[UUID, list[Media]] = {}
    if messages:
        columns = [message.account_sid for message in messages], [message.id for message in messages]
        for row in await reader.fetch(_OF_MESSAGES, *columns):
            found.setdefault(row["message_id"], []).append(Media(**row))
    return found


async def have(unit: Any, fetched: Sequence[Media], at: datetime) -> None:
    """These media of one message have their bytes here now. What somebody else fetched first stays his."""
    first = fetched[0]
    rows = await unit.fetch(
        _FETCHED,
        first.account_sid,
        [each.id for each in fetched],
        [each.content_type for each in fetched],
        [each.object_id for each in fetched],
        [each.size for each in fetched],
        at,
        first.message_id,
    )
    taken = {row["id"] for row in rows}
    await hold(
        unit, _wanted((each.account_sid, each.id, each.object_id) for each in fetched if each.id in taken)
    )


async def delete(unit: Any, media: Media, at: datetime) -> bool:
    """Whether it was there; its bytes go when nobody else holds them."""
    rows = await unit.fetch(_DELETE, media.account_sid, media.message_id, media.id)
    await _let_go(unit, media.account_sid, rows, at)
    return bool(rows)


async def delete_of(unit: Any, account_sid: str, message_ids: Sequence[UUID], at: datetime) -> None:
    """All media of these messages."""
    rows = await unit.fetch(_DELETE_OF_MESSAGES, account_sid, list(message_ids))
    await _let_go(unit, account_sid, rows, at)


async def _let_go(unit: Any, account_sid: str, rows: Sequence[Any], at: datetime) -> None:
    unwanted = await release(unit, _wanted((account_sid, row["id"], row["object_id"]) for row in rows))
    if unwanted:
        await enqueue(unit, [NewJob(REMOVE, account_sid, "", b"", at)])


def _wanted(held: Any) -> list[Wanted]:
    return [
        Wanted(object_id, account, holder) for account, holder, object_id in held if object_id is not None
    ]


def _media(message: Message, file: Attached) -> Media:
    return Media(
        account_sid=message.account_sid,
        id=sids.new_id(),
        message_id=message.id,
        content_type=file.content_type or type_of(file.url),
        url=file.url,
        object_id=file.object_id,
        size=file.size,
        date_created=message.date_created,
        date_updated=message.date_created,
    )


async def world_of(reader: Any, account_sid: str) -> str:
    """The world that an account is in; "" of none, where time is real."""
    world_sid: str | None = await reader.fetchval(
        "select world_sid from accounts where sid = $1", account_sid
    )
    return world_sid or ""
