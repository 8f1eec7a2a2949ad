"""Alerts: what the Debugger knows. Each is a row, and a notification to the account's debugger URL if there is one.

They are written in the transaction of what they tell of. The form is that of Twilio's Monitor Alerts and of its
debugger webhook (https://www.twilio.com/docs/usage/troubleshooting/debugging-event-webhooks).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, field

from localloop.core import errors, sids
from localloop.jobs import NewJob, enqueue
from localloop.payloads import debugger
from localloop.webhooks.notification import Notification
from localloop.webhooks.preferences import Preferences

_INSERT: Final = """
insert into alerts (account_sid, id, error_code, log_level, resource_sid, service_sid, delivery_id, facts,
                    request_method, request_url, exchange, date_generated)
select * from unnest($1::text[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::uuid[],
                     $8::jsonb[], $9::text[], $10::text[], $11::jsonb[], $12::timestamptz[])
"""


class Alert(Struct, frozen=True, kw_only=True):
    """A condition that was met. `exchange` is the request and the response that it came of, where there were any."""

    account_sid: str
    world_sid: str
    error_code: int
    at: datetime  # in the world's time
    reason: str = ""
    facts: Mapping[str, str] = {}  # more of what the Debugger shows
    resource_sid: str | None = None
    service_sid: str | None = None
    delivery_id: UUID | None = None
    exchange: Mapping[str, Any] | None = None
    id: UUID = field(default_factory=sids.new_id)

    @property
    def sid(self) -> str:
        return sids.from_uuid("NO", self.id)

    @property
    def level(self) -> str:
        return level_of(self.error_code)

    def told(self) -> dict[str, str]:
        """What `alert_text` and the debugger's `more_info` say."""
        return {
            "Msg": self.reason or errors.title(self.error_code),
            "ErrorCode": str(self.error_code),
            "LogLevel": "WARN" if self.level == "warning" else "ERROR",
            **self.facts,
        }


class Raised(Struct, frozen=True):
    """An alert, and what its account wants done with alerts."""

    alert: Alert
    preferences: Preferences


def level_of(code: int) -> str:
    """`error` or `warning`, as the error dictionary has it."""
    entry = errors.catalogue().get(code)
    return entry.level if entry else "error"


async def keep(connection: Any, raised: Sequence[Raised]) -> None:
    """Write the alerts, and queue what the debugger URLs are told. Must run inside a unit of work."""
    if not raised:
        return
    await connection.execute(_INSERT, *map(list, zip(*(_row(each.alert) for each in raised), strict=True)))
    await enqueue(connection, [job for each in raised for job in _told(each)])


def _row(alert: Alert) -> tuple[Any, ...]:
    request = (alert.exchange or {}).get("request") or {}
    return (
        alert.account_sid,
        alert.id,
        alert.error_code,
        alert.level,
        alert.resource_sid,
        alert.service_sid,
        alert.delivery_id,
        _storable(alert.told()),
        request.get("method"),
        _storable(request.get("url")),
        _storable(alert.exchange),
        alert.at,
    )


def _storable(value: Any) -> Any:
    """The same with a mark for each character NUL, which no text of PostgreSQL holds: strangers may send it."""
    if isinstance(value, str):
        return value.replace("\0", "�")
    if isinstance(value, Mapping):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list | tuple) else value


def _told(raised: Raised) -> tuple[NewJob, ...]:
    url = raised.preferences.debugger_url
    if not url:
        return ()
    alert = raised.alert
    owner = alert.world_sid or alert.account_sid
    told = Notification(
        url,
        debugger_params(alert),
        owner,
        alert.resource_sid or alert.sid,
        raised.preferences.debugger_method,
        purpose="debugger",
    )
    return (told.job(alert.world_sid, alert.at),)


def debugger_params(alert: Alert) -> dict[str, str]:
    """The form that the debugger webhook sends."""
    is_subaccount = bool(alert.world_sid) and alert.account_sid != alert.world_sid
    return debugger.Event(
        sid=alert.sid,
        account_sid=alert.account_sid,
        timestamp=alert.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        level="WARNING" if alert.level == "warning" else "ERROR",
        payload_type="application/json",
        payload=msgspec.json.encode(_detail(alert)).decode(),
        parent_account_sid=alert.world_sid if is_subaccount else UNSET,
    ).params()


def _detail(alert: Alert) -> debugger.Detail:
    exchange = alert.exchange
    return debugger.Detail(
        resource_sid=alert.resource_sid,
        service_sid=alert.service_sid,
        error_code=str(alert.error_code),
        more_info=alert.told(),
        webhook=UNSET if exchange is None else msgspec.convert(exchange, debugger.Exchange),
    )
