"""Status callbacks: what the application is told of a message's changes."""

from __future__ import annotations

from datetime import datetime

from localloop.jobs import NewJob
from localloop.products.messaging.message import lifecycle
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import API_VERSION, Message
from localloop.webhooks import Notification


def params_of(message: Message, change: Change) -> dict[str, str]:
    """The form of one callback (facts §2.6)."""
    params = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": change.status,
        "SmsStatus": change.status,
        "AccountSid": message.account_sid,
        "From": message.from_ or "",
        "To": message.to,
        "ApiVersion": API_VERSION,
    }
    if message.messaging_service_sid:
        params["MessagingServiceSid"] = message.messaging_service_sid
    if change.error_code is not None:
        params["ErrorCode"] = str(change.error_code)
    if change.status in ("delivered", "undelivered"):
        params["RawDlrDoneDate"] = raw_date(change.at)
    return params


def raw_date(at: datetime) -> str:
    """As carriers write it: `YYMMDDhhmm`."""
    return f"{at:%y%m%d%H%M}"


def job_of(message: Message, change: Change) -> tuple[NewJob, ...]:
    """The callback's job, none for a change that is silent or a message without a callback URL."""
    if not message.status_callback or not lifecycle.is_called_back(change.status):
        return ()
    notification = Notification(
        message.status_callback,
        params_of(message, change),
        message.account_sid,
        message.sid,
        message.options.callback_method,
        follows=message.status not in ("queued", "sending", "accepted", "scheduled"),
    )
    return (notification.job(message.world_sid, change.at),)
