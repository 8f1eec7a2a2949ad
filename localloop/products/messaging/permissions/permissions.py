"""Where an account may write to and as whom: a condition of every message, answered from memory.

Open under `up`, so that a first message arrives; like a new account of Twilio's under `--strict` and under every
profile but `relaxed`: its own country only, no landlines.
"""

from __future__ import annotations

from typing import Final

from localloop.core import e164, errors
from localloop.core.e164 import Number
from localloop.core.errors import ApiError
from localloop.products.messaging.message.compose import ALPHANUMERIC, Rules, Sender
from localloop.products.messaging.message.resource import Message
from localloop.products.messaging.permissions import countries, queries
from localloop.products.messaging.permissions.queries import Permits
from localloop.products.numbers import Directory, is_verified
from localloop.store import Database
from localloop.store.remembered import Changes, Remembered

BLOCKED: Final = 30450
UNREGISTERED_NAME: Final = 30040


class Permissions:
    """What accounts may and may not, and the phones of the lab that take nothing at all."""

    def __init__(self, database: Database, changes: Changes, directory: Directory, rules: Rules) -> None:
        self.permits: Remembered[str, Permits] = Remembered(
            database, queries.CHANNEL, changes, queries.permits
        )
        self.phones: Remembered[str, dict[str, int]] = Remembered(
            database, queries.PHONES, changes, queries.refusing_phones
        )
        self._database = database
        self._directory = directory
        self._rules = rules

    async def start(self) -> None:
        await self.permits.start()
        await self.phones.start()

    async def close(self) -> None:
        await self.permits.close()
        await self.phones.close()

    def is_closed(self, world_sid: str) -> bool:
        """Whether what nobody allowed is forbidden there."""
        return self._rules.strict or self._rules.profile(world_sid) != "relaxed"

    # Before a message is accepted ------------------------------------------------------------------------------

    async def check(self, message: Message, sender: Sender) -> None:
        """Raises 21267, 21268, 21408, 21608, 21612, 21614, 21659, or what a phone of the lab was told to."""
        refusing = (await self.phones.get(message.world_sid)).get(e164.handset(message.to))
        if refusing is not None:
            raise _refusal(refusing, message, sender)
        number = e164.parse(message.to) if message.to.startswith("+") else None
        if number is None:
            return
        _check_sender(number, sender)
        if self._rules.profile(message.world_sid) == "trial":
            await self._check_trial(message, sender)
        if number.kind == "premium":
            raise errors.premium_number()
        permits = await self.permits.get(message.account_sid)
        is_closed = self.is_closed(message.world_sid)
        if not permits.is_safe(number.e164) and not permits.allows(number.country, is_closed):
            raise errors.region_not_permitted(number.e164)
        if is_closed and number.kind == "fixed-line":
            owned = await self._directory.find(message.world_sid, number.e164)
            if owned is None or not owned.sms_enabled:
                raise errors.not_a_mobile_number(number.e164)

    async def _check_trial(self, message: Message, sender: Sender) -> None:
        if sender.type == ALPHANUMERIC:
            raise errors.alphanumeric_sender_on_trial()
        owned = await self._directory.find(message.world_sid, message.to)
        if owned is not None and owned.account_sid == message.account_sid:
            return
        if not await is_verified(self._database, message.world_sid, message.account_sid, message.to):
            raise errors.to_not_verified(message.to)

    # Before it is handed to the carrier ------------------------------------------------------------------------

    async def is_safe(self, message: Message) -> bool:
        """Whether the recipient is on the account's Global Safe List."""
        return (await self.permits.get(message.account_sid)).is_safe(message.to)

    async def hindrance(self, message: Message) -> int | None:
        """The error that a message fails with after it was accepted, as it does at Twilio."""
        permits = await self.permits.get(message.account_sid)
        is_checked = message.options.risk_check != "disable" and not permits.is_safe(message.to)
        if is_checked and permits.blocks(message.to):
            return BLOCKED
        sender = message.from_ or ""
        if not self.is_closed(message.world_sid) or e164.address(sender).kind != "alphanumeric":
            return None
        number = e164.parse(message.to)
        is_unregistered = number is not None and countries.registers_alphanumeric(number.country)
        return UNREGISTERED_NAME if is_unregistered else None


def _check_sender(number: Number, sender: Sender) -> None:
    if sender.type == "shortcode" and sender.country and number.country != sender.country:
        raise errors.from_not_owned(sender.phone_number)
    if sender.type == ALPHANUMERIC and not countries.takes_alphanumeric(number.country):
        raise errors.unreachable(number.e164, sender.phone_number)


def _refusal(code: int, message: Message, sender: Sender) -> ApiError:
    """In the words that the code has, with what the message gives for them."""
    return errors.of(
        code,
        to=message.to,
        from_=sender.phone_number,
        via="MMS" if message.num_media else "SMS",
        account_sid=message.account_sid,
        url=message.status_callback or "",
        value=message.options.validity_period or 0,
    )
