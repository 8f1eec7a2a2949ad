"""Who may send a message with media, and where it arrives.

Source: Twilio's "MMS" guidelines: numbers of the United States and Canada among each other, and Australian ones within
Australia. Everybody else's sender is refused (21612), and everybody else's handset does not get it (30011).
"""

from __future__ import annotations

from typing import Final

from localloop.core import e164, errors
from localloop.products.messaging.media import rules, settings
from localloop.products.messaging.message.compose import ALPHANUMERIC, Sender
from localloop.products.messaging.message.resource import Message
from localloop.store import Executor

NOT_RECEIVED: Final = 30011
_NORTH_AMERICA: Final = frozenset({"US", "CA", "PR", "VI", "GU", "AS", "MP"})
_AUSTRALIA: Final = frozenset({"AU"})
_REGIONS: Final = (_NORTH_AMERICA, _AUSTRALIA)


class MmsRules:
    """A condition of messages; it costs those without media nothing."""

    def __init__(self, reader: Executor) -> None:
        self._reader = reader

    async def check(self, message: Message, sender: Sender) -> None:
        """Raises 21622, 21621, 21612."""
        if not message.is_mms or rules.is_channel(message.to) or sender.type == ALPHANUMERIC:
            return
        held = await settings.of_account(self._reader, message.account_sid, message.world_sid)
        if not held.mms:
            raise errors.mms_not_enabled()
        if not sender.mms_enabled:
            raise errors.from_not_mms_capable()
        if not _may_send(sender.phone_number, message.to):
            raise errors.unreachable(message.to, sender.phone_number, "MMS")


def is_received(to: str) -> bool:
    """Whether handsets of this number's country get media."""
    return rules.is_channel(to) or _region(to) is not None


def _may_send(sender: str, to: str) -> bool:
    """A sender of one region to the same; to a country without media it is tried, and fails on the way."""
    here, there = _region(sender), _region(to)
    if e164.parse(sender) is None:  # a short code belongs to the region that it writes to
        return True
    return here is not None and there in (here, None)


def _region(address: str) -> frozenset[str] | None:
    number = e164.parse(address)
    country = number.country if number is not None else ""
    return next((region for region in _REGIONS if country in region), None)
