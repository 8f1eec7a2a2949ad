"""What may be waited for in a world: messages, texts on phones, deliveries, alerts, calls, by Twilio's names of fields.

A kind says how its newest things are looked up; whoever adds one adds it to `KINDS` and no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from msgspec import Struct

from localloop.core import e164, errors, sids
from localloop.store import Executor

Row = Mapping[str, Any]


class Scope(Struct, frozen=True):
    """Whose things: a main account's are those of its world, a subaccount's its own."""

    account_sid: str
    world_sid: str


class Span(Struct, frozen=True):
    """Not older than a moment of the world, younger than a thing, and so many of the newest."""

    since: datetime | None = None
    after: UUID | None = None
    most: int = 500


class Thing(Struct, frozen=True):
    """One of a kind; `at` is in the world's time."""

    sid: str
    at: datetime
    fields: Mapping[str, Any]

    def shown(self) -> dict[str, Any]:
        at = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"sid": self.sid, "at": at, **{name: _plain(value) for name, value in self.fields.items()}}


class Kind(Struct, frozen=True):
    """`fields` are what it always has; with `has_more` others may be asked for as well."""

    name: str  # as its address has it
    noun: str
    prefixes: tuple[str, ...]
    fields: tuple[str, ...]
    look: Callable[[Executor, Scope, Span], Awaitable[list[Thing]]]  # the newest first
    has_more: bool = False


ACCOUNTS: Final = "select sid from accounts where sid = $1 or owner_account_sid = $1"


def _newest(columns: str, table: str, moment: str) -> str:
    """The newest rows of each account in scope, merged."""
    return f"""
select r.* from ({ACCOUNTS}) a cross join lateral (
  select {columns} from {table} t where t.account_sid = a.sid and ($2::uuid is null or t.id > $2)
    and ($3::timestamptz is null or t.{moment} >= $3)
  order by t.id desc limit $4
) r order by r.id desc limit $4"""


_MESSAGES: Final = _newest(
    "t.account_sid, t.id, t.prefix, t.status, t.direction, t.from_address, t.to_address, t.body, t.num_segments,"
    " t.num_media, t.error_code, t.messaging_service_sid, t.history, t.date_created",
    "messages",
    "date_created",
)
_DELIVERIES: Final = _newest(
    "t.account_sid, t.id, t.kind, t.resource_sid, t.url, t.method, t.attempt, t.status_code, t.error_code,"
    " t.detail->'request' as request, t.date_created",
    "deliveries",
    "date_created",
)
_ALERTS: Final = _newest(
    "t.account_sid, t.id, t.error_code, t.log_level, t.resource_sid, t.service_sid, t.facts, t.request_method,"
    " t.request_url, t.date_generated",
    "alerts",
    "date_generated",
)
_CALLS: Final = _newest(
    "t.account_sid, t.id, t.status, t.direction, t.from_address, t.to_address, t.parent_id, t.answer_time, t.end_time,"
    " t.answered_by, t.date_created",
    "calls",
    "date_created",
)
# A subaccount sees the texts of its own messages.
_PHONE_MESSAGES: Final = """
select p.* from phone_messages p
where p.world_sid = $1 and ($2::uuid is null or p.id > $2) and ($3::timestamptz is null or p.date_created >= $3)
  and ($1 = $5 or exists (
    select from messages m where m.account_sid = $5 and p.message_sid is not null
      and m.id = substr(p.message_sid, 3)::uuid))
order by p.id desc limit $4
"""


async def _messages(reader: Executor, scope: Scope, span: Span) -> list[Thing]:
    return [_message(row) for row in await _fetch(reader, _MESSAGES, scope, span)]


def _message(row: Row) -> Thing:
    sid = sids.from_uuid(row["prefix"], row["id"])
    states = [state[0] for state in row["history"] or ()] or [row["status"]]
    fields = {
        "MessageSid": sid,
        "AccountSid": row["account_sid"],
        "From": row["from_address"],
        "To": row["to_address"],
        "Body": row["body"],
        "Status": row["status"],
        "MessageStatus": states,
        "ErrorCode": row["error_code"],
        "Direction": row["direction"],
        "NumMedia": row["num_media"],
        "NumSegments": row["num_segments"],
        "MessagingServiceSid": row["messaging_service_sid"],
    }
    return Thing(sid, row["date_created"], fields)


async def _phone_messages(reader: Executor, scope: Scope, span: Span) -> list[Thing]:
    rows = await reader.fetch(
        _PHONE_MESSAGES, scope.world_sid, span.after, span.since, span.most, scope.account_sid
    )
    return [_phone_message(row) for row in rows]


def _phone_message(row: Row) -> Thing:
    is_received = row["direction"] == "received"
    media = [item.get("url") if isinstance(item, dict) else item for item in row["media"] or ()]
    fields = {
        "Number": row["number"],
        "Direction": row["direction"],
        "From": row["peer"] if is_received else row["number"],
        "To": row["number"] if is_received else row["peer"],
        "Body": row["body"],
        "NumMedia": len(media),
        "MediaUrl": media,
        "MessageSid": row["message_sid"],
        "Channel": e164.channel_of(row["peer"]) or "sms",
    }
    return Thing(sids.from_uuid("PM", row["id"]), row["date_created"], fields)


async def _deliveries(reader: Executor, scope: Scope, span: Span) -> list[Thing]:
    return [_delivery(row) for row in await _fetch(reader, _DELIVERIES, scope, span)]


def _delivery(row: Row) -> Thing:
    """What was sent is told by its own names; what is known of the sending comes first."""
    fields = {
        "Url": row["url"],
        "Method": row["method"],
        "Kind": row["kind"],
        "ResourceSid": row["resource_sid"],
        "Attempt": row["attempt"],
        "HttpStatus": row["status_code"],
        "Failure": row["error_code"],
    }
    fields |= {name: value for name, value in _sent(row["request"]).items() if name not in fields}
    return Thing(sids.from_uuid("WH", row["id"]), row["date_created"], fields)


def _sent(request: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parameters of a webhook: those of its query, and those of its form."""
    if not request:
        return {}
    pairs = parse_qsl(urlsplit(request.get("url") or "").query, keep_blank_values=True)
    pairs += parse_qsl(request.get("body") or "", keep_blank_values=True)
    named: dict[str, list[str]] = {}
    for name, value in pairs:
        named.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in named.items()}


async def _alerts(reader: Executor, scope: Scope, span: Span) -> list[Thing]:
    return [_alert(row) for row in await _fetch(reader, _ALERTS, scope, span)]


def _alert(row: Row) -> Thing:
    facts: Mapping[str, Any] = row["facts"] or {}
    fields = {
        "ErrorCode": row["error_code"],
        "ErrorTitle": errors.title(row["error_code"]),
        "LogLevel": row["log_level"],
        "ResourceSid": row["resource_sid"],
        "ServiceSid": row["service_sid"],
        "RequestMethod": row["request_method"],
        "RequestUrl": row["request_url"],
        "AlertText": urlencode(facts),
    }
    fields |= {name: value for name, value in facts.items() if name not in fields}
    return Thing(sids.from_uuid("NO", row["id"]), row["date_generated"], fields)


async def _fetch(reader: Executor, sql: str, scope: Scope, span: Span) -> Sequence[Row]:
    return await reader.fetch(sql, scope.account_sid, span.after, span.since, span.most)


async def _calls(reader: Executor, scope: Scope, span: Span) -> list[Thing]:
    return [_call(row) for row in await _fetch(reader, _CALLS, scope, span)]


def _call(row: Row) -> Thing:
    sid = sids.from_uuid("CA", row["id"])
    end, answered = row["end_time"], row["answer_time"]
    fields = {
        "CallSid": sid,
        "AccountSid": row["account_sid"],
        "From": row["from_address"],
        "To": row["to_address"],
        "CallStatus": "queued" if row["status"] == "initiated" else row["status"],
        "Direction": row["direction"],
        "AnsweredBy": row["answered_by"],
        "ParentCallSid": sids.from_uuid("CA", row["parent_id"]) if row["parent_id"] else None,
        "Duration": None if end is None or answered is None else round((end - answered).total_seconds()),
    }
    return Thing(sid, row["date_created"], fields)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | None) else str(value)


MESSAGES: Final = Kind(
    "Messages",
    "message",
    ("SM", "MM"),
    (
        *(
            "MessageSid",
            "AccountSid",
            "From",
            "To",
            "Body",
            "Status",
            "MessageStatus",
            "ErrorCode",
            "Direction",
        ),
        *("NumMedia", "NumSegments", "MessagingServiceSid"),
    ),
    _messages,
)
PHONE_MESSAGES: Final = Kind(
    "PhoneMessages",
    "text on a phone",
    ("PM",),
    ("Number", "Direction", "From", "To", "Body", "NumMedia", "MediaUrl", "MessageSid", "Channel"),
    _phone_messages,
)
DELIVERIES: Final = Kind(
    "Deliveries",
    "delivery to a webhook",
    ("WH",),
    (
        *("Url", "Method", "Kind", "ResourceSid", "Attempt", "HttpStatus", "Failure"),
        *("MessageSid", "MessageStatus", "From", "To", "Body", "ErrorCode", "StatusCallbackEvent"),
    ),
    _deliveries,
    has_more=True,
)
ALERTS: Final = Kind(
    "Alerts",
    "alert",
    ("NO",),
    (
        *("ErrorCode", "ErrorTitle", "LogLevel", "ResourceSid", "ServiceSid", "RequestMethod", "RequestUrl"),
        *("AlertText", "Msg"),
    ),
    _alerts,
    has_more=True,
)
CALLS: Final = Kind(
    "Calls",
    "call",
    ("CA",),
    (
        *("CallSid", "AccountSid", "From", "To", "CallStatus", "Direction", "AnsweredBy", "ParentCallSid"),
        "Duration",
    ),
    _calls,
)
KINDS: Final = (MESSAGES, PHONE_MESSAGES, DELIVERIES, ALERTS, CALLS)
