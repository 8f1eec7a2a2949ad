"""`/v1/Conferences` of Voice Insights: rooms, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from localloop.core import errors, sids
from localloop.products.voice.conference import queries
from localloop.products.voice.conference.queries import Filters, Slice
from localloop.products.voice.conference.room import Room
from localloop.products.voice.insights.moments import span
from localloop.products.voice.insights.summary import COMPLETE_AFTER
from localloop.rest.request import Binding, Item, Items, PageRequest, Request
from localloop.store import Database

_SECOND: Final = timedelta(seconds=1)
_STATUSES: Final[Mapping[str, str]] = {
    "init": "not_started",
    "in-progress": "in_progress",
    "completed": "completed",
}
_FIELDS: Final[Mapping[str, str]] = {
    "ConferenceSid": "conference_sid",
    "EndReason": "end_reason",
    "FriendlyName": "friendly_name",
    "MixerRegion": "mixer_region",
    "Status": "status",
}
_NEVER: Final = ("DetectedIssues", "Tags")


def shown(room: Room, now: datetime) -> dict[str, Any]:
    ends = room.date_updated if room.status == "completed" else None
    is_complete = ends is not None and now >= ends + COMPLETE_AFTER
    return {
        "conference_sid": room.sid,
        "account_sid": room.account_sid,
        "friendly_name": room.friendly_name,
        "create_time": room.date_created,
        "start_time": None,
        "end_time": ends,
        "duration_seconds": None if ends is None else -((room.date_created - ends) // _SECOND),
        "connect_duration_seconds": None,
        "status": _STATUSES[room.status],
        "max_participants": None,
        "max_concurrent_participants": None,
        "unique_participants": None,
        "end_reason": room.reason.replace("-", "_") if room.reason else None,
        "ended_by": room.ended_by or None,
        "mixer_region": room.region,
        "mixer_region_requested": None,
        "recording_enabled": room.recorded is not None,
        "detected_issues": None,
        "tags": [],
        "tag_info": None,
        "processing_state": "complete" if is_complete else "in_progress",
    }


def binding(database: Database) -> Binding:
    async def fetch(request: Request) -> Item:
        room = await queries.get(database, request.account_sid, request.ids["ConferenceSid"])
        if room is None:
            raise errors.not_found(request.address)
        return Item(fields=shown(room, request.now))

    async def page(request: Request) -> Items:
        return await _page(database, request)

    async def exists(account_sid: str, sid: str) -> bool:
        return await queries.get(database, account_sid, sid) is not None

    return Binding(
        resource="insights.v1.Conference",
        operations={"FetchConference": fetch, "ListConference": page},
        exists=exists,
    )


async def _page(database: Database, request: Request) -> Items:
    """Newest first; of those that the database finds, which fit."""
    asked, params = request.page or PageRequest(), request.params
    filters = Filters(
        friendly_name=params.get("FriendlyName"),
        created=(
            span(params["CreatedAfter"], "CreatedAfter", request.now)[0]
            if params.get("CreatedAfter")
            else None,
            span(params["CreatedBefore"], "CreatedBefore", request.now)[1]
            if params.get("CreatedBefore")
            else None,
        ),
    )
    part = Slice(after=_cursor(asked.after), before=_cursor(asked.before), limit=asked.size + 1)
    rooms = await queries.page(database, request.account_sid, filters, part)
    is_backward, is_cut = part.before is not None and part.after is None, len(rooms) > asked.size
    if is_cut:
        rooms = rooms[1:] if is_backward else rooms[:-1]
    found = [shown(room, request.now) for room in rooms]
    return Items(
        items=[each for each in found if _fits(each, params)],
        more=is_backward or is_cut,
        earlier=is_cut if is_backward else part.after is not None,
        first_cursor=rooms[0].sid if rooms else None,
        last_cursor=rooms[-1].sid if rooms else None,
    )


def _fits(fields: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    if any(params.get(name) for name in _NEVER):
        return False
    return all(fields[field] == params[name] for name, field in _FIELDS.items() if params.get(name))


def _cursor(text: str | None) -> UUID | None:
    if text is None:
        return None
    if not sids.is_sid(text, "CF"):
        raise errors.invalid_page_token()
    return sids.uuid_of(text)
