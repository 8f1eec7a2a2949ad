"""What the worker reads before it acts on a message, shared by all jobs that ask at the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.products.messaging.media import queries as media
from localloop.products.messaging.media.resource import Media
from localloop.products.messaging.message import queries
from localloop.products.messaging.message.resource import Message
from localloop.store import Executor

_ACCOUNTS: Final = "select sid, status from accounts where sid = any($1::text[])"


class Loaded(Struct, frozen=True):
    """A message, its media and whether its account may send."""

    message: Message
    media: tuple[Media, ...] = ()
    account_is_active: bool = True

    @property
    def media_urls(self) -> tuple[str, ...]:
        return tuple(each.url for each in self.media)


async def load(reader: Executor, keys: Sequence[tuple[str, UUID]]) -> list[Loaded | None]:
    messages = await queries.get_many(reader, keys)
    accounts = {key[0] for key in keys}
    rows = await reader.fetch(_ACCOUNTS, list(accounts))
    inactive = {row["sid"] for row in rows if row["status"] != "active"}
    found = await media.of_messages(reader, [message for message in messages.values() if message.num_media])
    return [
        Loaded(messages[id], tuple(found.get(id, ())), account_sid not in inactive)
        if id in messages
        else None
        for account_sid, id in keys
    ]
