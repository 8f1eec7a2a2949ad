"""The media of messages: rows that say where the application put them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import sids
from localloop.payloads.part import API_VERSION
from localloop.products.messaging.message.resource import Message

UNKNOWN_TYPE: Final = "application/octet-stream"
_TYPES: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "pdf": "application/pdf",
    "vcf": "text/vcard",
    "txt": "text/plain",
}
_COLUMNS: Final = "account_sid, id, message_id, content_type, url, date_created, date_updated"
_INSERT: Final = f"""
insert into media ({_COLUMNS})
select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[],
  $7::timestamptz[])
"""
_OF_MESSAGE: Final = f"select {_COLUMNS} from media where account_sid = $1 and message_id = $2 order by id"
_OF_MESSAGES: Final = f"""
select {_COLUMNS} from media where (account_sid, message_id) in (select * from unnest($1::text[], $2::uuid[]))
order by id
"""
_DELETE: Final = "delete from media where account_sid = $1 and message_id = $2 and id = $3"


class Media(Struct, frozen=True, kw_only=True):
    account_sid: str
    id: UUID
    message_id: UUID
    content_type: str
    url: str
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("ME", self.id)


def type_of(url: str) -> str:
    """The likely content type of what is at a URL: its ending says."""
    path = url.partition("?")[0].partition("#")[0]
    return _TYPES.get(path.rpartition(".")[2].lower(), UNKNOWN_TYPE)


async def insert(connection: Any, of: Sequence[tuple[Message, tuple[str, ...]]]) -> None:
    """Keep the URLs of these messages, in order. Must run in the transaction that inserts the messages."""
    rows = [
        (
            message.account_sid,
            sids.new_id(),
            message.id,
            type_of(url),
            url,
            message.date_created,
            message.date_created,
        )
        for message, urls in of
        for url in urls
    ]
    if rows:
        await connection.execute(_INSERT, *map(list, zip(*rows, strict=True)))


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


def address_of(media: Media, parent_sid: str, public_url: str) -> str:
    """Where an application finds it, as Twilio writes it in `MediaUrl{N}`."""
    account = f"{public_url}/{API_VERSION}/Accounts/{media.account_sid}"
    return f"{account}/Messages/{parent_sid}/Media/{media.sid}"


async def delete(unit: Any, media: Media) -> bool:
    outcome: str = await unit.execute(_DELETE, media.account_sid, media.message_id, media.id)
    return outcome.endswith(" 1")


def shown(media: Media, parent_sid: str) -> Mapping[str, Any]:
    return {
        "sid": media.sid,
        "account_sid": media.account_sid,
        "parent_sid": parent_sid,
        "content_type": media.content_type,
        "date_created": media.date_created,
        "date_updated": media.date_updated,
    }
