"""The page's reads of calls: the list, and everything that is known of one. Each answers plain data for one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localloop.console import filters, shapes
from localloop.console import queries_calls as sql
from localloop.console.documents import DOING, documents
from localloop.console.ladder import Story, form_of, ladder, lanes
from localloop.console.queries import Row, Scope
from localloop.console.queries_calls import Family
from localloop.console.reading import id_of, listed, searched, slice_of
from localloop.console.recordings import recordings_shown
from localloop.console.shapes import Json, iso
from localloop.core import clock, errors, sids
from localloop.products.voice.looking import Standing, standing_of
from localloop.store import Database


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
            "recordings": await recordings_shown(reader, story.recordings),
            "alerts": [_alert(alert) for alert in story.alerts],
            "conference": await self._room(row, standing, story.deliveries),
            "queue": await self._line(row),
            "now": iso(clock.now(row["world_sid"])),
        }

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


def _live(standing: Standing) -> Json:
    top = standing.documents[-1] if standing.documents else None
    return {
        "version": standing.version,
        "doing": DOING.get(top.activity, "") if top is not None else "",
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
