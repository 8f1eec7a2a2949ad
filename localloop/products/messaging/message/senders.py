"""Who may send from a number, as the numbers product knows it, and adoption in open mode."""

from __future__ import annotations

from localloop.products.messaging.message.compose import Rules, Sender
from localloop.products.numbers import Directory, Owned


class Senders:
    """The numbers of every world, as senders."""

    def __init__(self, directory: Directory, rules: Rules) -> None:
        self._directory = directory
        self._rules = rules

    async def owner(self, world_sid: str, address: str) -> Sender | None:
        owned = await self._directory.find(world_sid, address)
        return None if owned is None else _sender(owned)

    async def adopt(self, world_sid: str, account_sid: str, address: str) -> Sender | None:
        if self._rules.strict:
            return None
        async with self._directory.database.unit() as unit:
            owned = await self._directory.adopt(unit, world_sid, account_sid, address)
        return None if owned is None else _sender(owned)


def _sender(owned: Owned) -> Sender:
    return Sender(
        owned.phone_number, owned.account_sid, owned.type.lower(), owned.sms_enabled, owned.iso_country
    )
