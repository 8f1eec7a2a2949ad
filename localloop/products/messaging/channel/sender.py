"""A sender of a channel as it is kept, and all SQL of the table `channel_senders`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

import asyncpg
from msgspec import Struct

from localloop.core import e164, sids
from localloop.products.messaging.channel.lifecycle import SENDING, Status
from localloop.products.numbers import Webhook
from localloop.rest.request import PageRequest
from localloop.store import Executor

PREFIX: Final = "XE"
# Twilio's shared number, on which anybody tries WhatsApp.
SANDBOX: Final = "whatsapp:+14155238886"
_COLUMNS: Final = (
    "sid, account_sid, world_sid, address, status, verification_code, join_code, data,"
    " date_created, date_updated"
)
_INSERT: Final = f"""
insert into channel_senders ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (world_sid, address) do nothing returning {_COLUMNS}
"""
_FIND_MANY: Final = f"""
select {_COLUMNS} from channel_senders
where (world_sid, address) in (select * from unnest($1::text[], $2::text[]))
"""
_CHANGE: Final = f"""
update channel_senders set status = $3, verification_code = $4, data = $5, date_updated = $6
where account_sid = $7 and sid = $1 and status = $2 returning {_COLUMNS}
"""


class ChannelSender(Struct, frozen=True, kw_only=True):
    """Who may write and be written to by a channel."""

    sid: str
    account_sid: str
    world_sid: str
    address: str
    status: Status
    verification_code: str | None = None
    join_code: str | None = None
    data: Mapping[str, Any] = {}
    date_created: datetime
    date_updated: datetime

    @property
    def channel(self) -> str:
        return e164.channel_of(self.address)

    @property
    def may_send(self) -> bool:
        return self.status in SENDING

    @property
    def profile_name(self) -> str:
        return str((self.data.get("profile") or {}).get("name") or "")

    @property
    def webhook(self) -> Webhook:
        """Whom its inbound messages are reported to. What is asked for with PUT is asked for with POST."""
        told = self.data.get("webhook") or {}
        return Webhook(
            url=told.get("callback_url") or "",
            fallback_url=told.get("fallback_url") or "",
            status_callback=told.get("status_callback_url") or "",
        )


def of_row(row: asyncpg.Record) -> ChannelSender:
    return ChannelSender(**dict(row))


async def insert(unit: Executor, sender: ChannelSender) -> ChannelSender | None:
    """None when the world has a sender of this address already."""
    row = await unit.fetchrow(
        _INSERT,
        sender.sid,
        sender.account_sid,
        sender.world_sid,
        sender.address,
        sender.status,
        sender.verification_code,
        sender.join_code,
        dict(sender.data),
        sender.date_created,
        sender.date_updated,
    )
    return None if row is None else of_row(row)


async def find_many(reader: Executor, keys: Sequence[tuple[str, str]]) -> list[ChannelSender | None]:
    """The senders of these (world, address), in order."""
    rows = await reader.fetch(_FIND_MANY, [key[0] for key in keys], [key[1] for key in keys])
    found = {(row["world_sid"], row["address"]): of_row(row) for row in rows}
    return [found.get(key) for key in keys]


async def get(reader: Executor, account_sid: str, sid: str) -> ChannelSender | None:
    row = await reader.fetchrow(
        f"select {_COLUMNS} from channel_senders where sid = $1 and account_sid = $2", sid, account_sid
    )
    return None if row is None else of_row(row)


async def page(reader: Executor, account_sid: str, channel: str, asked: PageRequest) -> list[ChannelSender]:
    """Senders of a channel, newest first, those of the page and one beyond it."""
    backward = asked.before is not None and asked.after is None
    rows = await reader.fetch(
        f"select {_COLUMNS} from channel_senders where account_sid = $1 and ($2 = '' or address like $2 || ':%')"
        " and ($3::text is null or sid < $3) and ($4::text is null or sid > $4)"
        f" order by sid {'asc' if backward else 'desc'} limit $5",
        account_sid,
        channel,
        asked.after,
        asked.before,
        asked.size + 1,
    )
    found = [of_row(row) for row in rows]
    return found[::-1] if backward else found


async def change(unit: Executor, before: Status, sender: ChannelSender) -> ChannelSender | None:
    """Write a sender that had this status; None when somebody else moved it meanwhile."""
    row = await unit.fetchrow(
        _CHANGE,
        sender.sid,
        before,
        sender.status,
        sender.verification_code,
        dict(sender.data),
        sender.date_updated,
        sender.account_sid,
    )
    return None if row is None else of_row(row)


async def set_join_code(unit: Executor, account_sid: str, sid: str, join_code: str | None) -> None:
    await unit.execute(
        "update channel_senders set join_code = $3 where account_sid = $1 and sid = $2",
        account_sid,
        sid,
        join_code,
    )


async def delete(unit: Executor, account_sid: str, sid: str) -> bool:
    outcome = await unit.execute(
        "delete from channel_senders where account_sid = $1 and sid = $2", account_sid, sid
    )
    return str(outcome).endswith(" 1")


async def delete_all(unit: Executor, account_sid: str) -> None:
    """Those of an account that is closed."""
    await unit.execute("delete from channel_senders where account_sid = $1", account_sid)


def canonical(address: str) -> str | None:
    """An address as senders are kept by; None for what is no address of such a channel."""
    parsed = e164.address(address)
    text = str(parsed)
    return text if parsed.kind == "channel" and e164.channel_of(text) else None


def shown(sender: ChannelSender) -> dict[str, Any]:
    """The fields of the API's answer."""
    return {
        **cast(dict[str, Any], sender.data),
        "sid": sender.sid,
        "status": sender.status,
        "sender_id": sender.address,
    }


def new(account_sid: str, world_sid: str, address: str, status: Status, now: datetime) -> ChannelSender:
    """A sender without configuration."""
    return ChannelSender(
        sid=sids.new(PREFIX),
        account_sid=account_sid,
        world_sid=world_sid,
        address=address,
        status=status,
        data={},
        date_created=now,
        date_updated=now,
    )
