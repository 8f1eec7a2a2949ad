"""The page's reads of calls, conferences and queues. Each answers plain data for one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from msgspec import to_builtins

from localloop.console import filters, shapes, twiml
from localloop.console import queries_calls as sql
from localloop.console.ladder import Story, form_of, ladder, lanes, purpose_of
from localloop.console.queries import Row, Scope
from localloop.console.queries_calls import Family
from localloop.console.reading import id_of, listed, searched, slice_of
from localloop.console.shapes import Json, iso
from localloop.core import clock, errors, sids
from localloop.products.voice.looking import Document, Standing, room_of, standing_of
from localloop.store import Database

# What a document that runs waits for, as people say it.
_DOING: Final = {
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


class Calls:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, scope: Scope, params: Mapping[str, str]) -> Json:
        conditions = searched(filters.of_calls, filters.CALL_TERMS, scope, params)
        part = slice_of(params)
        rows = await sql.calls(self._database, scope, conditions, part)
        return listed("calls", rows, part, shapes.call)

    async def call(self, scope: Scope, sid: str) -> Json:
        """Everything that is known of one call."""
        reader = self._database
        row = await sql.call(reader, scope, id_of(sid, "CA"))
        if row is None:
            raise errors.not_found(sid)
        children = await sql.children(reader, row)
        family = _family(row, children)
        story = Story(
            call=row,
            children=children,
            lines=await sql.lines(reader, family),
            deliveries=await sql.deliveries(reader, family),
            requests=await sql.requests(reader, scope, sid),
            recordings=await sql.recordings(reader, family),
            alerts=await sql.alerts(reader, family),
        )
        standing = standing_of(row) if row["state"] is not None else None
        parents = await sql.calls_by_id(reader, scope, [row["parent_id"]] if row["parent_id"] else [])
        return {
            "call": {**shapes.call(row), "options": _options(row)},
            "parent": shapes.call(parents[0]) if parents else None,
            "children": [shapes.call(child) for child in children],
            "lanes": lanes(story),
            "ladder": ladder(story),
            "documents": documents(row, story, standing),
            "live": None if standing is None else _live(standing),
            "recordings": await self._recordings(story.recordings),
            "alerts": [_alert(alert) for alert in story.alerts],
            "conference": await self._room(row, standing, story.deliveries),
            "queue": await self._line(row),
            "now": iso(clock.now(row["world_sid"])),
        }

    async def _recordings(self, rows: Sequence[Row]) -> list[Json]:
        if not rows:
            return []
        account_sid = rows[0]["account_sid"]
        written = await sql.transcriptions(self._database, account_sid, [row["id"] for row in rows])
        return [_recording(row, [one for one in written if one["recording_id"] == row["id"]]) for row in rows]

    async def _room(self, row: Row, standing: Standing | None, deliveries: Sequence[Row]) -> Json | None:
        """The conference that it is in, or was in as far as an application was told so."""
        if standing is not None and standing.room:
            found = await sql.active_conference(self._database, row["account_sid"], standing.room)
            if found is not None:
                return {"sid": sids.from_uuid("CF", found["id"]), "friendly_name": found["friendly_name"]}
        for delivery in reversed(deliveries):
            form = form_of(delivery)
            if sids.is_sid(form.get("ConferenceSid", ""), "CF"):
                return {"sid": form["ConferenceSid"], "friendly_name": form.get("FriendlyName", "")}
        return None

    async def _line(self, row: Row) -> Json | None:
        if row["state"] is None:
            return None
        found = await sql.place_in_queue(self._database, row["account_sid"], row["id"])
        if found is None:
            return None
        named = {"sid": sids.from_uuid("QU", found["id"]), "friendly_name": found["friendly_name"]}
        return {**named, "position": found["position"], "since": iso(found["enqueued_at"])}

    # Conferences

    async def conferences(self, scope: Scope, params: Mapping[str, str]) -> Json:
        part = slice_of(params)
        return listed("conferences", await sql.conferences(self._database, scope, part), part, _conference)

    async def conference(self, scope: Scope, sid: str) -> Json:
        """With everybody who is in it, or was."""
        row = await sql.conference(self._database, scope, id_of(sid, "CF"))
        if row is None:
            raise errors.not_found(sid)
        people = room_of(row, row["people"]).participants
        ids = [sids.uuid_of(each.call_sid) for each in people]
        calls = {
            each["sid"]: each for each in map(shapes.call, await sql.calls_by_id(self._database, scope, ids))
        }
        return {
            "conference": _conference(row),
            "participants": [
                {
                    **_shown(each, "call_sid label status muted hold coaching start_on_enter end_on_exit"),
                    "coach": each.coach or None,
                    "date_created": iso(each.date_created),
                    "call": calls.get(each.call_sid),
                }
                for each in people
            ],
            "recordings": await self._recordings(await sql.recordings_of_conference(self._database, row)),
            "now": iso(clock.now(row["world_sid"])),
        }

    # Queues

    async def queues(self, scope: Scope, params: Mapping[str, str]) -> Json:
        part = slice_of(params)
        found = listed("queues", await sql.queues(self._database, scope, part), part, _queue)
        return {**found, "now": iso(clock.now(scope.world_sid))}

    async def queue(self, scope: Scope, sid: str) -> Json:
        row = await sql.queue(self._database, scope, id_of(sid, "QU"))
        if row is None:
            raise errors.not_found(sid)
        waiting = await sql.members(self._database, row)
        taking = await sql.takers(self._database, row)
        ids = [each["call_id"] for each in (*waiting, *taking)]
        calls = {row["id"]: shapes.call(row) for row in await sql.calls_by_id(self._database, scope, ids)}
        return {
            "queue": _queue(row),
            "members": [
                {
                    "call_sid": sids.from_uuid("CA", each["call_id"]),
                    "position": place,
                    "since": iso(each["enqueued_at"]),
                    "call": calls.get(each["call_id"]),
                }
                for place, each in enumerate(waiting, 1)
            ],
            "takers": [calls[each["call_id"]] for each in taking if each["call_id"] in calls],
            "now": iso(clock.now(scope.world_sid)),
        }


# Documents -------------------------------------------------------------------------------------------------------


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
            one["runs"], one["role"] = _DOING.get(frame.activity, "") or "is read", frame.role
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
        if text and text != options.get("twiml"):
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


def _live(standing: Standing) -> Json:
    top = standing.documents[-1] if standing.documents else None
    return {
        "version": standing.version,
        "doing": _DOING.get(top.activity, "") if top is not None else "",
        "line": top.line if top is not None else 0,
        "peer_sid": standing.peer_sid,
        "leg_sids": list(standing.leg_sids),
    }


# Shapes ----------------------------------------------------------------------------------------------------------


def _family(call: Row, children: Sequence[Row]) -> Family:
    ids = (call["id"], *(child["id"] for child in children))
    named = tuple(sids.from_uuid("CA", id) for id in ids)
    return Family(call["account_sid"], call["world_sid"], ids, named)


def _options(row: Row) -> Json:
    """What the call was asked to do, as far as it says something."""
    options: Mapping[str, Any] = row["options"] or {}
    webhook, progress = options.get("webhook") or {}, options.get("progress") or {}
    found = {
        "url": webhook.get("url"),
        "fallback_url": webhook.get("fallback_url"),
        "status_callback": progress.get("url"),
        "application_sid": options.get("application_sid"),
        "timeout": options.get("timeout"),
        "time_limit": options.get("time_limit"),
        "send_digits": options.get("send_digits"),
        "forwarded_from": options.get("forwarded_from"),
        "machine_detection": (options.get("detection") or {}).get("mode", "Enable")
        if options.get("detection") is not None
        else None,
    }
    return {name: value for name, value in found.items() if value}


def _alert(row: Row) -> Json:
    more = {"call_sid": row["resource_sid"], "message": (row["facts"] or {}).get("Msg")}
    return {**shapes.alert(row), **more, "at": iso(row["date_generated"])}


def _recording(row: Row, written: Sequence[Row]) -> Json:
    wish: Mapping[str, Any] = row["wish"] or {}
    return {
        "sid": sids.from_uuid("RE", row["id"]),
        "account_sid": row["account_sid"],
        "call_sid": sids.from_uuid("CA", row["call_id"]) if row["call_id"] else None,
        "status": row["status"],
        "source": wish.get("source"),
        "channels": wish.get("channels") or 1,
        "duration": row["duration"],
        "error_code": row["error_code"],
        "price": None if row["price"] is None else f"{row['price']:.5f}",
        "start_time": iso(row["start_time"]),
        "transcriptions": [
            {"sid": sids.from_uuid("TR", one["id"]), "status": one["status"], "text": one["body"]}
            for one in written
        ],
    }


def _conference(row: Row) -> Json:
    room = room_of(row, row["people"])
    return {
        "sid": room.sid,
        **_shown(room, "account_sid friendly_name status region reason is_recording"),
        "present": len(room.present),
        "on_hold": sum(each.hold for each in room.present),
        "date_created": iso(row["date_created"]),
        "date_updated": iso(row["date_updated"]),
    }


def _queue(row: Row) -> Json:
    plain = {name: row[name] for name in ("account_sid", "friendly_name", "max_size", "size", "takers")}
    dates = {name: iso(row[name]) for name in ("waiting_since", "date_created", "date_updated")}
    return {"sid": sids.from_uuid("QU", row["id"]), **plain, **dates}


def _shown(value: Any, names: str) -> Json:
    return {name: getattr(value, name) for name in names.split()}
