"""What rows look like as JSON: one function per shape that the page knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from localloop.core import errors, money, sids
from localloop.products.voice.call import lifecycle

Json = dict[str, Any]
_ACCOUNT: Final = re.compile(r"^/2010-04-01/Accounts/AC[0-9a-f]{32}(?=/)")
_SID: Final = re.compile(r"([A-Z]{2})[0-9a-f]{32}")
_SECOND: Final = timedelta(seconds=1)
FAILURES: Final = ("failed", "undelivered")
ENDED: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
FINAL: Final = frozenset({"delivered", "undelivered", "failed", "read", "canceled", "received"})


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_title(code: int | None) -> str | None:
    return (errors.title(code) or None) if code else None


def message(row: Mapping[str, Any]) -> Json:
    price = row["price"]
    return {
        "sid": sids.from_uuid(row["prefix"], row["id"]),
        "account_sid": row["account_sid"],
        "direction": row["direction"],
        "from": row["from_address"],
        "to": row["to_address"],
        "body": row["body"] or "",
        "status": row["status"],
        "error_code": row["error_code"],
        "error_title": error_title(row["error_code"]),
        "num_segments": row["num_segments"],
        "num_media": row["num_media"],
        "price": None if price is None else f"{price:.5f}",
        "price_unit": row["price_unit"],
        "date_created": iso(row["date_created"]),
        "date_sent": iso(row["date_sent"]),
        "date_updated": iso(row["date_updated"]),
        "messaging_service_sid": row["messaging_service_sid"],
        "send_at": row["send_at"],
    }


def call(row: Mapping[str, Any]) -> Json:
    """`phone` is the handset at its other end; `version` counts what happened to it while it lives."""
    is_inbound, price = row["direction"] == "inbound", row["price"]
    answered, ended = row["answer_time"], row["end_time"]
    seconds = None if ended is None else 0 if answered is None else -((answered - ended) // _SECOND)
    return {
        "sid": sids.from_uuid("CA", row["id"]),
        "account_sid": row["account_sid"],
        "direction": row["direction"],
        "from": row["from_address"],
        "to": row["to_address"],
        "phone": row["from_address"] if is_inbound else row["to_address"],
        "peer": row["to_address"] if is_inbound else row["caller_id"] or row["from_address"],
        "status": lifecycle.shown(row["status"]),
        "answered_by": row["answered_by"],
        "parent_call_sid": sids.from_uuid("CA", row["parent_id"]) if row["parent_id"] else None,
        "duration": seconds,
        "queue_ms": row["queue_ms"],
        "price": None if price is None else f"{price:.5f}",
        "price_unit": money.CURRENCY,
        "start_time": iso(row["start_time"]),
        "answer_time": iso(answered),
        "end_time": iso(ended),
        "date_created": iso(row["date_created"]),
        "date_updated": iso(row["date_updated"]),
        "version": row["version"],
    }


def delivery(row: Mapping[str, Any]) -> Json:
    return {
        "sid": sids.from_uuid("WH", row["id"]),
        "account_sid": row["account_sid"],
        "kind": row["kind"],
        "resource_sid": row["resource_sid"],
        "url": row["url"],
        "method": row["method"],
        "attempt": row["attempt"],
        "status_code": row["status_code"],
        "error_code": row["error_code"],
        "error": row["error"],
        "error_title": error_title(row["error_code"]),
        "duration_ms": row["duration_ms"],
        "date_created": iso(row["date_created"]),
        "has_detail": row["has_detail"],
        "replay_of": sids.from_uuid("WH", row["replay_of"]) if row["replay_of"] else None,
    }


def alert(row: Mapping[str, Any]) -> Json:
    return {
        "sid": sids.from_uuid("NO", row["id"]),
        "error_code": row["error_code"],
        "error_title": error_title(row["error_code"]),
        "log_level": row["log_level"],
        "delivery_sid": sids.from_uuid("WH", row["delivery_id"]) if row["delivery_id"] else None,
    }


def request(row: Mapping[str, Any]) -> Json:
    return {
        "sid": sids.from_uuid("RQ", row["id"]),
        "account_sid": row["account_sid"],
        "operation": row["operation"],
        "method": row["method"],
        "path": row["path"],
        "name": _short(row["path"]),
        "status_code": row["status"],
        "error_code": row["error_code"],
        "error": row["error"],
        "error_title": error_title(row["error_code"]),
        "resource_sid": row["resource_sid"],
        "caller": row["caller"],
        "from_console": row["from_console"],
        "duration_ms": round(row["duration_ms"], 1),
        "date_created": iso(row["date_created"]),
        "has_detail": row["has_detail"],
    }


def _short(path: str) -> str:
    """`/Messages/SM….json`: what a reader looks for in a path."""
    return _SID.sub(r"\1…", _ACCOUNT.sub("", path.partition("?")[0])) or path


def phone_message(row: Mapping[str, Any]) -> Json:
    """A text on a phone, with the fate of the message that it is."""
    return {
        "sid": sids.from_uuid("PM", row["id"]),
        "number": row["number"],
        "direction": row["direction"],
        "peer": row["peer"],
        "body": row["body"],
        "media": list(row["media"]),
        "message_sid": row["message_sid"],
        "status": row["status"],
        "error_code": row["error_code"],
        "error_title": error_title(row["error_code"]),
        "num_segments": row["num_segments"],
        "date_created": iso(row["date_created"]),
    }


def missed(row: Mapping[str, Any], media: list[str] | None = None) -> Json:
    """A message that never reached its phone, where the phone would show it."""
    sid = sids.from_uuid(row["prefix"], row["id"])
    return {
        "sid": sid,
        "number": row["to_address"],
        "direction": "received",
        "peer": row["from_address"],
        "body": row["body"] or "",
        "media": media or [],
        "message_sid": sid,
        "status": row["status"],
        "error_code": row["error_code"],
        "error_title": error_title(row["error_code"]),
        "num_segments": row["num_segments"],
        "date_created": iso(row["date_created"]),
    }


def is_missed(row: Mapping[str, Any]) -> bool:
    return row["status"] in FAILURES and row["direction"] != "inbound"
