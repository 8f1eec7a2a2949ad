"""The documents that a call was given, in their order; each that runs with the verb that it is at. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from msgspec import to_builtins

from localloop.console import twiml
from localloop.console.ladder import Story, purpose_of
from localloop.console.queries import Row
from localloop.console.shapes import Json, iso
from localloop.core import sids
from localloop.products.voice.looking import Document, Standing

_CREATES: Final = "api.v2010.CreateCall"
# What a document that runs waits for, as people say it.
DOING: Final = {
    "Fetching": "asks the application what to do next",
    "Pacing": "waits: too many documents followed each other",
    "Apologizing": "says that an error has occurred",
    "Silent": "nothing is to be heard",
    "Sounding": "is heard",
    "Ringing": "lets it ring",
    "Dialing": "presses keys",
    "Echoing": "says back what is said",
    "Gathering": "waits for what is pressed or said",
    "Recording": "records",
    "Dialling": "calls, or is connected",
    "Meeting": "is in a conference",
    "Queued": "waits in a queue",
    "Sending": "sends a text",
    "Connected": "is connected to a service",
    "Referring": "is transferred",
    "Paying": "takes a payment",
}


def documents(call: Row, story: Story, standing: Standing | None) -> list[Json]:
    """The documents that the call itself was given, in their order; each that runs with the verb that it is at."""
    given = [*_inline(call, story), *(_fetched(row) for row in story.deliveries if _is_its_own(row, call))]
    given.sort(key=lambda one: (one["at"] or "", one["delivery_sid"] or ""))
    runs = _running(given, standing)
    for index, one in enumerate(given):
        source = twiml.Source(one["source"] or "", one["content_type"], one["url"])
        frame = runs.get(index)
        if frame is not None:
            verbs = twiml.running(source, frame.left)
            one["runs"], one["role"] = DOING.get(frame.activity, "") or "is read", frame.role
        else:
            following = next((later["url"] for later in given[index + 1 :] if later["url"]), "")
            verbs = twiml.left_for(twiml.verbs_in(source.body), one["url"], following)
        one["verbs"] = [to_builtins(verb) for verb in verbs]
    return given


def _is_its_own(row: Row, call: Row) -> bool:
    return bool(row["kind"] == "instruction") and row["resource_sid"] == sids.from_uuid("CA", call["id"])


def _running(given: Sequence[Json], standing: Standing | None) -> dict[int, Document]:
    """Which of the documents runs, by its place: of those from one address the latest."""
    found: dict[int, Document] = {}
    for frame in standing.documents if standing is not None else ():
        for index in range(len(given) - 1, -1, -1):
            one = given[index]
            is_it = one["is_inline"] if frame.is_inline else bool(frame.url) and one["url"] == frame.url
            if is_it and index not in found:
                found[index] = frame
                break
    return found


def _inline(call: Row, story: Story) -> list[Json]:
    """Those that were given with the call, or over REST while it lived."""
    options = call["options"] or {}
    found = []
    if options.get("twiml"):
        found.append(_document(iso(call["date_created"]), "given with the call", options["twiml"]))
    for row in story.requests:
        text = parse_qs(row["form"] or "").get("Twiml", [""])[-1]
        if text and row["status"] < 400 and row["operation"] != _CREATES:
            found.append(_document(iso(row["date_created"]), "given over REST", text))
    return found


def _document(at: str | None, why: str, source: str) -> Json:
    blank = {"url": "", "method": "", "delivery_sid": None, "status_code": None, "duration_ms": None}
    more = {"error_code": None, "content_type": "text/xml", "is_inline": True, "runs": None, "role": "main"}
    return {"at": at, "why": why, "source": source, **blank, **more}


def _fetched(row: Row) -> Json:
    response: Mapping[str, Any] = (row["detail"] or {}).get("response") or {}
    headers = {name.lower(): value for name, value in response.get("headers") or ()}
    return {
        "at": iso(row["date_created"]),
        "why": purpose_of(row),
        "source": response.get("body"),
        "url": row["url"],
        "method": row["method"],
        "delivery_sid": sids.from_uuid("WH", row["id"]),
        "status_code": row["status_code"],
        "duration_ms": row["duration_ms"],
        "error_code": row["error_code"],
        "content_type": headers.get("content-type") or "",
        "is_inline": False,
        "runs": None,
        "role": "main",
    }
