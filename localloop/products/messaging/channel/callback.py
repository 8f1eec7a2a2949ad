"""What channels add to status callbacks (Twilio: "Track outbound message status", and what was seen on the wire)."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET

from localloop.core import e164, errors
from localloop.payloads.messaging import ChannelChange
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message

_EVENTS: Final = {
    "delivered": "DELIVERED",
    "undelivered": "UNDELIVERED",
    "failed": "UNDELIVERED",
    "read": "READ",
}


def params_of(message: Message, change: Change) -> dict[str, str]:
    """Nothing for what goes by the telephone network."""
    channel = e164.channel_of(message.to)
    if not channel:
        return {}
    event = _EVENTS.get(change.status)
    reason = errors.title(change.error_code) if change.error_code else ""
    return ChannelChange(
        error_message=reason or UNSET,
        channel_install_sid=message.options.channel_install_sid or "",
        channel_to_address=_shortened(message.to),
        channel_prefix=channel,
        structured_message=UNSET if event else ("true" if message.options.content_sid else "false"),
        channel_status_message=reason or UNSET,
        event_type=event or UNSET,  # type: ignore[arg-type]
    ).params()


def _shortened(to: str) -> str:
    handset = e164.handset(to)
    return e164.mask(handset) if e164.is_e164(handset) else to.partition(":")[2]
