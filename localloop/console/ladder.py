"""The story of a call as a ladder: who did what to whom, oldest first, over the time of the world. Pure.

A lane is one of those who take part: the other end of each call of the family, localloop, and the application. What
happened is a rung from one lane to another, or at one.

A clock that stands still gives everything one time, and an application is asked a little after the call's own time. So
the order is that of ids, which are made as things happen; what has none stands by what it led to, or came of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from msgspec import Struct

from localloop.console import shapes
from localloop.console.shapes import Json, iso
from localloop.core import sids

Row = Mapping[str, Any]
HERE: Final = "here"
APPLICATION: Final = "application"
_BEFORE, _AT, _AFTER = -1, 0, 1  # the thing of that id
_UNDONE: Final = {
    "busy": "is busy",
    "no-answer": "does not answer",
    "failed": "cannot be reached",
    "canceled": "is not called any more",
}
# What is asked for, by a parameter that only such a request has; the first that fits.
_PURPOSES: Final = (
    ("ErrorUrl", "fallback"),
    ("DialCallStatus", "action of Dial"),
    ("DequeueResult", "action of Dial"),
    ("QueueResult", "action of Enqueue"),
    ("DequeingCallSid", "whisper"),
    ("QueuePosition", "what those in the queue hear"),
    ("SpeechResult", "action of Gather"),
    ("RecordingUrl", "action of Record"),
    ("Digits", "action of Gather"),
    ("Result", "action of Pay"),
    ("ReferCallStatus", "action of Refer"),
    ("SmsStatus", "action of Sms"),
    ("ConferenceSid", "what those in the conference hear"),
)
_NOTICES: Final = (
    ("TranscriptionStatus", "transcription"),
    ("RecordingStatus", "recording"),
    ("StatusCallbackEvent", "conference"),
    ("UnstableSpeechResult", "heard by now"),
    ("AnsweredBy", "answered by"),
    ("CallStatus", "status"),
)
_WORDS: Final = {
    "heard": "hears",
    "played": "hears",
    "tones": "hears the keys",
    "said": "says",
    "pressed": "presses",
    "received": "gets the message",
    "sent": "sends the message",
}
_TO_PHONE: Final = frozenset({"heard", "played", "tones", "received"})


class Rung(Struct, frozen=True):
    """`from_` and `to` are lanes, the same where it happens at one of them."""

    at: datetime
    id: UUID
    kind: str
    from_: str
    to: str
    title: str
    text: str = ""
    tone: str = "calm"
    more: Json = {}
    side: int = _AT

    def shown(self, at: datetime) -> Json:
        plain = {name: getattr(self, name) for name in ("kind", "to", "title", "text", "tone")}
        return {"at": iso(at), "from": self.from_, **plain, **self.more}


class Story(Struct, frozen=True):
    """What is on record of a call and of those that it dialled."""

    call: Row
    children: Sequence[Row] = ()
    lines: Sequence[Row] = ()
    deliveries: Sequence[Row] = ()
    requests: Sequence[Row] = ()
    recordings: Sequence[Row] = ()
    alerts: Sequence[Row] = ()


def lanes(story: Story) -> list[Json]:
    """Who takes part, from left to right."""
    main = _lane(story.call)
    others = [_lane(child) for child in story.children]
    has_program = bool(story.deliveries) or any(not row["from_console"] for row in story.requests)
    program = (
        [{"key": APPLICATION, "kind": "application", "name": _host(story.deliveries)}] if has_program else []
    )
    return [main, {"key": HERE, "kind": "here", "name": "localloop"}, *others, *program]


def ladder(story: Story) -> list[Json]:
    family = (story.call, *story.children)
    rungs = [
        *map(_begins, family),
        *map(_line, story.lines),
        *map(_delivery, story.deliveries),
        *map(_request, story.requests),
        *map(_recording, story.recordings),
        *map(_alert, story.alerts),
    ]
    rungs += [_answered(call, rungs) for call in family if call["answer_time"] is not None]
    rungs += [_recorded(row, rungs) for row in story.recordings if row["status"] in ("completed", "absent")]
    rungs += [_ended(call, rungs) for call in (*story.children, story.call) if call["end_time"] is not None]
    rungs.sort(key=lambda rung: (rung.id, rung.side, rung.at))
    times = accumulate((rung.at for rung in rungs), max)  # no step leads back in time
    return [rung.shown(at) for rung, at in zip(rungs, times, strict=True)]


def _lane(call: Row) -> Json:
    shown = shapes.call(call)
    scheme = shown["phone"].partition(":")[0]
    kind = scheme if scheme in ("client", "sip", "sips") else "phone"
    return {"key": shown["sid"], "kind": kind, "name": shown["phone"]}


def _host(deliveries: Sequence[Row]) -> str:
    hosts = list(dict.fromkeys(urlsplit(row["url"]).netloc for row in deliveries))
    return hosts[0] if len(hosts) == 1 else "Applications" if hosts else "Application"


def _begins(call: Row) -> Rung:
    lane, is_inbound = sids.from_uuid("CA", call["id"]), call["direction"] == "inbound"
    more = {"call_sid": lane}
    if call["start_time"] is None:
        return Rung(call["date_created"], call["id"], "call", HERE, HERE, "waits for its turn", more=more)
    from_, to = (lane, HERE) if is_inbound else (HERE, lane)
    title = f"calls {call['to_address']}" if is_inbound else f"rings {call['to_address']}"
    return Rung(call["start_time"], call["id"], "call", from_, to, title, "", "busy", more)


def _answered(call: Row, rungs: Sequence[Rung]) -> Rung:
    """Before what came of it. A call that comes in is answered by the first thing that is heard, after its document was
    asked for; one that goes out by its other end, and then its document is."""
    at, lane = call["answer_time"], sids.from_uuid("CA", call["id"])
    is_inbound = call["direction"] == "inbound"
    kinds = ("line",) if is_inbound else ("line", "fetch")
    following = [
        rung.id
        for rung in rungs
        if rung.kind in kinds and rung.more.get("call_sid") == lane and rung.at >= at
    ]
    id, side = (min(following), _BEFORE) if following else (_last(rungs, at, call["id"]), _AFTER)
    who: str = call["answered_by"] or ""
    text = who.replace("_", " ") if who != "human" else ""
    from_, to, title = (HERE, lane, "answered") if is_inbound else (lane, HERE, "answers")
    return Rung(at, id, "answer", from_, to, title, text, "good", {"call_sid": lane}, side)


def _ended(call: Row, rungs: Sequence[Rung]) -> Rung:
    at, status = call["end_time"], str(call["status"])
    title, text, tone = "the call is over", f"{shapes.call(call)['duration']} s", "calm"
    if status != "completed":
        title, text, tone = _UNDONE.get(status, status), "", "bad"
    lane = sids.from_uuid("CA", call["id"])
    more = {"call_sid": lane}
    return Rung(at, _last(rungs, at, call["id"]), "end", lane, HERE, title, text, tone, more, _AFTER)


def _last(rungs: Sequence[Rung], at: datetime, otherwise: UUID) -> UUID:
    """The latest thing by then; what only tells of things is none."""
    past = [rung.id for rung in rungs if rung.at <= at and rung.kind not in ("callback", "alert", "request")]
    return max([otherwise, *past])


def _line(row: Row) -> Rung:
    lane = sids.from_uuid("CA", row["call_id"])
    kind: str = row["kind"]
    from_, to = (HERE, lane) if kind in _TO_PHONE else (lane, HERE)
    title = _WORDS.get(kind, kind)
    tone = "accent" if kind in ("said", "pressed") else "calm"
    more = {"call_sid": lane, "line": kind}
    return Rung(row["at"], row["id"], "line", from_, to, title, row["body"], tone, more)


def form_of(row: Row) -> dict[str, str]:
    """The parameters that an application was sent, where they are on record."""
    request: Mapping[str, Any] = (row["detail"] or {}).get("request") or {}
    text = str(request.get("body") or "") or urlsplit(str(request.get("url") or row["url"])).query
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def purpose_of(row: Row) -> str:
    """What a document was asked for."""
    form = form_of(row)
    return next((purpose for name, purpose in _PURPOSES if name in form), "what to do")


def _delivery(row: Row) -> Rung:
    form = form_of(row)
    path = urlsplit(row["url"]).path or "/"
    is_fetch = row["kind"] == "instruction"
    title = f"asks {path}" if is_fetch else f"tells {path}"
    text = purpose_of(row) if is_fetch else _notice(form)
    is_good = row["error_code"] is None and 200 <= (row["status_code"] or 0) < 300
    more = {
        "delivery_sid": sids.from_uuid("WH", row["id"]),
        "call_sid": row["resource_sid"],
        "status_code": row["status_code"],
        "duration_ms": row["duration_ms"],
        "error_code": row["error_code"],
        "error": row["error"] or shapes.error_title(row["error_code"]),
    }
    tone, kind = "good" if is_good else "bad", "fetch" if is_fetch else "callback"
    return Rung(row["date_created"], row["id"], kind, HERE, APPLICATION, title, text, tone, more)


def _notice(form: Mapping[str, str]) -> str:
    for name, what in _NOTICES:
        if name in form:
            return f"{what}: {form[name]}"
    return ""


def _request(row: Row) -> Rung:
    shown = shapes.request(row)
    tone = "bad" if row["status"] >= 400 else "good"
    title = f"{shown['method']} {shown['name']}"
    more = {name: shown[name] for name in ("status_code", "duration_ms", "error_code", "error")}
    more |= {"request_sid": shown["sid"], "from_console": row["from_console"]}
    from_ = HERE if row["from_console"] else APPLICATION
    text = "from the console" if row["from_console"] else ""
    return Rung(row["date_created"], row["id"], "request", from_, HERE, title, text, tone, more)


def _recording(row: Row) -> Rung:
    more = {"recording_sid": sids.from_uuid("RE", row["id"])}
    return Rung(row["start_time"], row["id"], "recording", HERE, HERE, "a recording begins", "", "busy", more)


def _recorded(row: Row, rungs: Sequence[Rung]) -> Rung:
    text = f"{row['duration']} s" if row["status"] == "completed" else "nothing was said"
    more = {"recording_sid": sids.from_uuid("RE", row["id"])}
    id = _last(rungs, row["date_updated"], row["id"])
    return Rung(
        row["date_updated"], id, "recording", HERE, HERE, "the recording is done", text, "calm", more, _AFTER
    )


def _alert(row: Row) -> Rung:
    shown = shapes.alert(row)
    tone = "bad" if row["log_level"] == "error" else "busy"
    title = f"{shown['error_code']} {shown['error_title'] or ''}".strip()
    more = {"error_code": shown["error_code"], "call_sid": row["resource_sid"]}
    text = str((row["facts"] or {}).get("Msg") or "")
    return Rung(row["date_generated"], row["id"], "alert", HERE, HERE, title, text, tone, more)
