"""Sessions: when somebody last wrote to a sender, in the world's time. All SQL of the table `channel_sessions`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from localloop.store import Executor

WINDOW: Final = timedelta(hours=24)  # after the user's last message anything may be sent (63016)
JOINED: Final = timedelta(days=3)  # then a sandbox has to be joined again (63015)
TYPING: Final = timedelta(seconds=25)  # or until the answer comes
_GET: Final = """
select s.* from unnest($1::text[], $2::text[], $3::text[]) with ordinality as k (world_sid, sender, recipient, n)
left join channel_sessions s using (world_sid, sender, recipient) order by k.n
"""
_PUT: Final = """
insert into channel_sessions as s (world_sid, sender, recipient, last_inbound, joined_at)
values ($1, $2, $3, $4, $5)
on conflict (world_sid, sender, recipient) do update set
  last_inbound = greatest(s.last_inbound, excluded.last_inbound), joined_at = coalesce(excluded.joined_at, s.joined_at)
"""

_LEAVE: Final = """
update channel_sessions set joined_at = null where (world_sid, sender, recipient) = ($1, $2, $3)
"""


class Key(Struct, frozen=True):
    world_sid: str
    sender: str
    recipient: str


class Visit(Struct, frozen=True):
    """The recipient wrote, and may have joined a sandbox or left it."""

    key: Key
    at: datetime
    joins: bool = False
    leaves: bool = False


class Session(Struct, frozen=True):
    """What is known of a pair; nothing of one that never met."""

    last_inbound: datetime | None = None
    joined_at: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        return self.last_inbound is not None and at - self.last_inbound < WINDOW

    def is_joined(self, at: datetime) -> bool:
        return self.joined_at is not None and at - self.joined_at < JOINED


async def get_many(reader: Executor, keys: Sequence[Key]) -> list[Session]:
    """The sessions of these pairs, in order."""
    rows = await reader.fetch(
        _GET, [key.world_sid for key in keys], [key.sender for key in keys], [key.recipient for key in keys]
    )
    return [Session(row["last_inbound"], row["joined_at"]) for row in rows]


async def note(unit: Executor, visit: Visit) -> None:
    """In the unit that keeps what the recipient wrote."""
    key = visit.key
    if visit.leaves:
        await unit.execute(_LEAVE, key.world_sid, key.sender, key.recipient)
        return
    joined_at = visit.at if visit.joins else None
    await unit.execute(_PUT, key.world_sid, key.sender, key.recipient, visit.at, joined_at)


async def types(unit: Executor, key: Key, until: datetime | None) -> None:
    """The sender is seen typing until then; None: no more."""
    await unit.execute(
        "update channel_sessions set typing_until = $4 where (world_sid, sender, recipient) = ($1, $2, $3)",
        key.world_sid,
        key.sender,
        key.recipient,
        until,
    )


async def typing_to(reader: Executor, world_sid: str, recipients: Sequence[str], at: datetime) -> list[str]:
    """Which senders are seen typing by somebody of these addresses."""
    rows = await reader.fetch(
        "select s.sender from channel_sessions s where s.world_sid = $1 and s.recipient = any($2::text[])"
        " and s.typing_until > $3 and not exists (select from phone_messages p where p.world_sid = $1"
        " and p.number = any($2::text[]) and p.direction = 'received' and p.peer = s.sender"
        " and p.date_created >= s.typing_until - $4::interval) order by s.sender",
        world_sid,
        list(recipients),
        at,
        TYPING,
    )
    return [row["sender"] for row in rows]
