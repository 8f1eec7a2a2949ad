"""Status callbacks: what the application is told of a message's changes."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from msgspec import UNSET
from msgspec.structs import replace

from localloop.core import e164
from localloop.jobs import NewJob
from localloop.payloads.messaging import MessageChange, MessageStatus
from localloop.payloads.part import API_VERSION, given
from localloop.products.messaging.channel import callback
from localloop.products.messaging.message import lifecycle
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message
from localloop.webhooks import Notification


def params_of(message: Message, change: Change) -> dict[str, str]:
    """The form of one callback (Twilio: "Outbound Message Status in Status Callbacks")."""
    status = cast(MessageStatus, change.status)  # what came in is never called back
    is_carriers = status in ("delivered", "undelivered")
    return MessageChange(
        message_sid=message.sid,
        sms_sid=message.sid,
        message_status=status,
        sms_status=status,
        account_sid=message.account_sid,
        from_=message.from_ or "",
        to=message.to,
        api_version=API_VERSION,
        messaging_service_sid=given(message.messaging_service_sid),
        error_code=UNSET if change.error_code is None else str(change.error_code),
        raw_dlr_done_date=raw_date(change.at) if is_carriers and not e164.channel_of(message.to) else UNSET,
    ).params() | callback.params_of(message, change)


def raw_date(at: datetime) -> str:
    """As carriers write it: `YYMMDDhhmm`."""
    return f"{at:%y%m%d%H%M}"


def job_of(
    message: Message, change: Change, sequel: tuple[Message, Change] | None = None
) -> tuple[NewJob, ...]:
    """The callback's job, none for a change that is silent or a message without a callback URL. The sequel's callback,
    known at the same moment, goes out by the same job."""
    first = notification_of(message, change)
    second = None if sequel is None else notification_of(*sequel)
    if first is None or second is None:
        alone = first or second
        return () if alone is None else (alone.job(message.world_sid, change.at),)
    return (replace(first, next=second).job(message.world_sid, change.at),)


def notification_of(message: Message, change: Change) -> Notification | None:
    """None for a change that is silent or a message without a callback URL."""
    if not message.status_callback or not lifecycle.is_called_back(change.status):
        return None
    return Notification(
        message.status_callback,
        params_of(message, change),
        message.account_sid,
        message.sid,
        message.options.callback_method,
        follows=_follows(message),
    )


def _follows(message: Message) -> bool:
    """Whether another callback may have gone before: of a message whose service chose its sender `queued` did."""
    if message.status in ("queued", "sending"):
        return message.messaging_service_sid is not None
    return message.status not in ("accepted", "scheduled")
