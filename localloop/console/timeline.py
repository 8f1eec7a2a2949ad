"""The story of one message, oldest first, from what is kept of it: the requests about it while they are on record, the
states that it went through, the text on its phone, every attempt at a webhook, and what went wrong on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from msgspec import Struct

from localloop.console.shapes import FAILURES, FINAL, Json, error_title, iso, request
from localloop.core import sids

Kind = Literal["request", "state", "carrier", "callback", "instruction", "fault"]
Row = Mapping[str, Any]
# Events of one moment, in the order in which one leads to the other.
_ORDER: Final[Mapping[str, int]] = {
    "request": 0,
    "created": 1,
    "sent": 2,
    "carrier": 3,
    "fault": 3,
    "final": 4,
    "callback": 5,
}
_TOLD: Final = (
    *("sid", "status_code", "duration_ms", "error_code", "error_title", "error"),
    *("caller", "from_console", "has_detail"),
)


class Event(Struct, frozen=True):
    at: datetime
    kind: Kind
    title: str
    detail: Json
    rank: int

    def shown(self) -> Json:
        return {"at": iso(self.at), "kind": self.kind, "title": self.title, "detail": self.detail}


class Told(Struct, frozen=True):
    """What is on record of a message beside its row: the text on the phone, the attempts at its webhooks with their
    details, what the API was asked about it, and what went wrong on purpose."""

    copy: Row | None
    deliveries: Sequence[Row]
    requests: Sequence[Row]
    faults: Sequence[Row] = ()


def timeline(message: Row, told: Told) -> list[Json]:
    events = [
        *map(_request, told.requests),
        *_states(message),
        *_carrier(message, told.copy),
        *map(_call, told.deliveries),
        *map(_fault, told.faults),
    ]
    return [event.shown() for event in sorted(events, key=lambda event: (event.at, event.rank))]


def _request(row: Row) -> Event:
    shown = request(row)
    title = f"{shown['method']} {shown['name']}: {shown['status_code']}"
    detail = {name: shown[name] for name in _TOLD}
    return Event(row["date_created"], "request", title, detail, _ORDER["request"])


def _states(message: Row) -> Iterator[Event]:
    """Every status that it had, from when on."""
    states = _history(message)
    priced = next((i for i, (status, _) in enumerate(states) if status == "sent"), len(states) - 1)
    for i, (status, at) in enumerate(states):
        is_last = i == len(states) - 1
        detail = {
            **(_beginning(message) if i == 0 else {}),
            **(_priced(message) if i == priced else {}),
            **(_failure(message) if is_last else {}),
        }
        rank = "created" if i == 0 else "final" if status in FINAL else "sent"
        yield Event(at, "state", status, detail, _ORDER[rank])
    if not message["body"] and message["date_updated"] > states[-1][1]:
        yield Event(message["date_updated"], "state", "redacted", {}, _ORDER["final"])


def _history(message: Row) -> list[tuple[str, datetime]]:
    """A message that is still what it was when it was made keeps none."""
    if message["history"] is None:
        return [(message["status"], message["date_created"])]
    return [(state[0], datetime.fromisoformat(state[1])) for state in message["history"]]


def _beginning(message: Row) -> Json:
    options = message["options"] or {}
    named = {
        "direction": message["direction"],
        "from": message["from_address"],
        "to": message["to_address"],
        "num_segments": message["num_segments"],
        "status_callback": message["status_callback"],
        "messaging_service_sid": message["messaging_service_sid"],
        "in_reply_to": options.get("in_reply_to"),
    }
    return {name: value for name, value in named.items() if value is not None}


def _priced(message: Row) -> Json:
    if message["price"] is None:
        return {}
    return {"price": f"{message['price']:.5f}", "price_unit": message["price_unit"]}


def _failure(message: Row) -> Json:
    code = message["error_code"]
    return {} if code is None else {"error_code": code, "error_title": error_title(code)}


def _carrier(message: Row, copy: Row | None) -> Iterator[Event]:
    """What became of it on the way: the phone has it, or sent it, or was not reached."""
    rank = _ORDER["carrier"]
    if copy is not None:
        title = "arrived on the phone" if copy["direction"] == "received" else "sent from the phone"
        detail = {"number": copy["number"], "phone_message_sid": sids.from_uuid("PM", copy["id"])}
        yield Event(copy["date_created"], "carrier", title, detail, rank)
    elif message["status"] in FAILURES and message["direction"] != "inbound":
        title = "not delivered" if message["date_sent"] else "not sent"
        detail = {"number": message["to_address"], **_failure(message)}
        yield Event(message["date_updated"], "carrier", title, detail, rank)


def _call(delivery: Row) -> Event:
    """One attempt at a webhook."""
    notifies = delivery["kind"] == "notification"
    told = _told(delivery["detail"]) if notifies else ""
    outcome = delivery["status_code"] or "no answer"
    title = f"callback {told}".rstrip() if notifies else "instructions asked for"
    detail = {
        "sid": sids.from_uuid("WH", delivery["id"]),
        "url": delivery["url"],
        "method": delivery["method"],
        "attempt": delivery["attempt"],
        "status_code": delivery["status_code"],
        "error_code": delivery["error_code"],
        "error_title": error_title(delivery["error_code"]),
        "error": delivery["error"],
        "duration_ms": delivery["duration_ms"],
        "message_status": told or None,
        "has_detail": delivery["has_detail"],
    }
    kind: Kind = "callback" if notifies else "instruction"
    return Event(delivery["date_created"], kind, f"{title}: {outcome}", detail, _ORDER["callback"])


def _fault(row: Row) -> Event:
    """One strike of a rule."""
    detail = {
        "sid": sids.from_uuid("LA", row["id"]),
        "fault_sid": row["fault_sid"],
        "event": row["event"],
        "attempt": row["attempt"],
    }
    return Event(row["date_created"], "fault", f"{row['kind']}: {row['event']}", detail, _ORDER["fault"])


def _told(detail: Mapping[str, Any] | None) -> str:
    """The status that a callback told, from the form that was sent."""
    body: str = ((detail or {}).get("request") or {}).get("body") or ""
    return parse_qs(body).get("MessageStatus", [""])[0]
