"""What the worker reads before it acts on a message, shared by all jobs that ask at the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.products.messaging.message import queries
from localloop.products.messaging.message.resource import Message
from localloop.store import Executor

_ACCOUNTS: Final = "select sid, status from accounts where sid = any($1::text[])"
_MEDIA: Final = """
select message_id, url from media where (account_sid, message_id) in (select * from unnest($1::text[], $2::uuid[]))
order by id
"""


class Loaded(Struct, frozen=True):
    """A message, its media's URLs and whether its account may send."""

    message: Message
    media: tuple[str, ...] = ()
    account_is_active: bool = True


async def load(reader: Executor, keys: Sequence[tuple[str, UUID]]) -> list[Loaded | None]:
    messages = await queries.get_many(reader, keys)
    accounts = {key[0] for key in keys}
    rows = await reader.fetch(_ACCOUNTS, list(accounts))
    inactive = {row["sid"] for row in rows if row["status"] != "active"}
    urls = await _urls(reader, [message for message in messages.values() if message.num_media])
    return [
        Loaded(messages[id], tuple(urls.get(id, ())), account_sid not in inactive) if id in messages else None
        for account_sid, id in keys
    ]


async def _urls(reader: Executor, messages: Sequence[Message]) -> dict[UUID, list[str]]:
    urls: dict[UUID, list[str]] = {}
    if messages:
        rows = await reader.fetch(_MEDIA, [m.account_sid for m in messages], [m.id for m in messages])
        for row in rows:
            urls.setdefault(row["message_id"], []).append(row["url"])
    return urls
