"""Who may send from a number, as the numbers product knows it, and adoption in open mode."""

from __future__ import annotations

from localloop.core import e164
from localloop.products.messaging.channel.book import ChannelBook
from localloop.products.messaging.channel.sender import ChannelSender
from localloop.products.messaging.message.compose import Rules, Sender
from localloop.products.numbers import Directory, Owned


class Senders:
    """The numbers of every world, as senders."""

    def __init__(self, directory: Directory, rules: Rules, channels: ChannelBook) -> None:
        self._directory = directory
        self._rules = rules
        self._channels = channels

    async def owner(self, world_sid: str, address: str) -> Sender | None:
        if e164.channel_of(address):
            return _of_channel(await self._channels.find(world_sid, address))
        owned = await self._directory.find(world_sid, address)
        return None if owned is None else _sender(owned)

    async def adopt(self, world_sid: str, account_sid: str, address: str) -> Sender | None:
        if e164.channel_of(address):
            return _of_channel(await self._channels.find_or_adopt(world_sid, account_sid, address))
        if self._rules.strict:
            return None
        async with self._directory.database.unit() as unit:
            owned = await self._directory.adopt(unit, world_sid, account_sid, address)
        return None if owned is None else _sender(owned)


def _of_channel(found: ChannelSender | None) -> Sender | None:
    if found is None:
        return None
    return Sender(
        found.address,
        found.account_sid,
        found.channel,
        found.may_send,
        sid=found.sid,
        status_callback=found.webhook.status_callback or None,
    )


def _sender(owned: Owned) -> Sender:
    return Sender(
        owned.phone_number,
        owned.account_sid,
        owned.type.lower(),
        owned.sms_enabled,
        owned.iso_country,
        owned.mms_enabled,
    )
