"""What a call comes to, in the words of Voice Insights, which are not those of the Calls resource. Pure.

Source: Twilio's Call Summary resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from localloop.core import e164
from localloop.products.voice.call import lifecycle
from localloop.products.voice.call.resource import Call
from localloop.products.voice.caller_id import kind_of

Processing: TypeAlias = Literal["partial", "complete"]
Edge: TypeAlias = Literal["carrier_edge", "client_edge", "sip_edge"]

COMPLETE_AFTER: Final = timedelta(minutes=10)  # Twilio: ten to thirty minutes after the end
_SECOND: Final = timedelta(seconds=1)
_STATES: Final[Mapping[str, str]] = {
    "queued": "undialed",
    "initiated": "undialed",
    "in-progress": "answered",
    "failed": "fail",
    "no-answer": "noanswer",
}
_EDGES: Final[Mapping[str, Edge]] = {"client": "client_edge", "sip": "sip_edge"}
_DIRECTIONS: Final[Mapping[str, str]] = {"trunking-originating": "inbound", "inbound": "inbound"}


def state_of(call: Call) -> str:
    if call.status == "canceled" and call.start_time is None:
        return "undialed"
    return _STATES.get(call.status, call.status)


def type_of(call: Call) -> str:
    """By the end that is not the platform's."""
    far = _far(call)
    if far.startswith("whatsapp:"):
        return "whatsapp"
    kind = kind_of(far)
    return "carrier" if kind == "number" else kind


def edge_of(call: Call) -> Edge:
    return _EDGES.get(kind_of(_far(call)), "carrier_edge")


def processing_of(call: Call, now: datetime) -> Processing:
    """Complete some time after the end."""
    is_complete = call.end_time is not None and now >= call.end_time + COMPLETE_AFTER
    return "complete" if is_complete else "partial"


def summary_of(call: Call, now: datetime, annotation: Mapping[str, Any] | None = None) -> dict[str, Any]:
    ends = call.end_time
    return {
        "account_sid": call.account_sid,
        "call_sid": call.sid,
        "call_type": type_of(call),
        "call_state": state_of(call),
        "answered_by": call.answered_by,
        "processing_state": processing_of(call, now),
        "created_time": call.date_created,
        "start_time": call.start_time,
        "end_time": ends,
        "duration": _seconds(call.start_time, ends),
        "connect_duration": _seconds(call.answer_time, ends),
        "from": end_of("caller", call.from_),
        "to": end_of("callee", call.to),
        "carrier_edge": None,
        "client_edge": None,
        "sdk_edge": None,
        "sip_edge": None,
        "tags": [],
        "attributes": None,
        "properties": properties_of(call),
        "trust": None,
        "annotation": annotation,
    }


def end_of(name: Literal["caller", "callee"], address: str) -> dict[str, Any]:
    """An end of a call, and where it is; who carries it is not known."""
    place = e164.place(address) if e164.is_e164(address) else None
    return {
        name: address,
        "carrier": None,
        "connection": None,
        "country_code": (place.country or None) if place else None,
        "country_subdivision": (place.region or None) if place else None,
        "city": (place.city or None) if place else None,
    }


def direction_of(call: Call) -> str:
    return _DIRECTIONS.get(call.direction, call.direction.replace("-", "_"))


def properties_of(call: Call) -> dict[str, Any]:
    code = lifecycle.SIP_CODES.get(call.status)
    return {
        "direction": direction_of(call),
        "queue_time": call.queue_ms,
        "last_sip_response_num": code,
        "parent_call_sid": call.parent_sid,
        "disconnected_by": None,
        "pdd_ms": None,
    }


def events_of(call: Call) -> Iterator[dict[str, Any]]:
    """What happened when, as far as that is kept."""
    moments = [
        ("initiated", call.start_time),
        ("answered", call.answer_time),
        (state_of(call), call.end_time),
    ]
    for name, at in moments:
        if at is not None:
            yield {
                "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "account_sid": call.account_sid,
                "call_sid": call.sid,
                "edge": edge_of(call),
                "group": "call-state",
                "level": "INFO",
                "name": name,
                "carrier_edge": None,
                "sip_edge": None,
                "sdk_edge": None,
                "client_edge": None,
            }


def _far(call: Call) -> str:
    return call.from_ if direction_of(call) == "inbound" else call.to


def _seconds(begins: datetime | None, ends: datetime | None) -> int | None:
    """Seconds begun; of what goes on nobody knows yet."""
    if ends is None:
        return None
    return -((begins - ends) // _SECOND) if begins is not None else 0
