"""The page's reads of conferences and queues. Each answers plain data for one session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.console import queries_calls as sql
from localloop.console import shapes
from localloop.console.queries import Row, Scope
from localloop.console.reading import id_of, listed, slice_of
from localloop.console.recordings import recordings_shown
from localloop.console.shapes import Json, iso
from localloop.core import clock, errors, sids
from localloop.products.voice.looking import room_of
from localloop.store import Database


class Rooms:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def conferences(self, scope: Scope, params: Mapping[str, str]) -> Json:
        part = slice_of(params)
        return listed("conferences", await sql.conferences(self._database, scope, part), part, _conference)

    async def conference(self, scope: Scope, sid: str) -> Json:
        """With everybody who is in it, or was."""
        row = await sql.conference(self._database, scope, id_of(sid, "CF"))
        if row is None:
            raise errors.not_found(sid)
        people = room_of(row, row["people"]).participants
        taken = await sql.recordings_of_conference(self._database, row)
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
            "recordings": await recordings_shown(self._database, taken),
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
