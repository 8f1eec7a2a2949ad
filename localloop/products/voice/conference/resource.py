"""`/Conferences` and their participants: shown, changed, called into, and ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, structs

from localloop.core import errors, sids
from localloop.payloads.part import API_VERSION
from localloop.products.voice import slices
from localloop.products.voice.calls import Calls, Whose
from localloop.products.voice.conference import queries, room, wish
from localloop.products.voice.conference.desk import Desk, Host
from localloop.products.voice.conference.queries import Filters, Slice
from localloop.products.voice.conference.room import Outcome, Participant, Room, Tell
from localloop.products.voice.recording.desk import Recorder
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.rest.windows import window
from localloop.store import Database

NOT_BRIDGED: Final = 16001
# What has become of the call of one who is called, as its participant shows it.
_CALLED: Final[Mapping[str, str]] = {
    "queued": "queued",
    "initiated": "connecting",
    "ringing": "ringing",
    "in-progress": "connected",
    "completed": "complete",
}


class Shown(Struct, frozen=True, kw_only=True):
    """One conference as its API shows it."""

    sid: str
    account_sid: str
    api_version: str
    friendly_name: str
    region: str
    status: str
    reason_conference_ended: str | None
    call_sid_ending_conference: str | None
    date_created: datetime
    date_updated: datetime


class ShownParticipant(Struct, frozen=True, kw_only=True):
    account_sid: str
    call_sid: str
    conference_sid: str
    label: str | None
    status: str
    muted: bool
    hold: bool
    coaching: bool
    call_sid_to_coach: str | None
    start_conference_on_enter: bool
    end_conference_on_exit: bool
    queue_time: str | None
    date_created: datetime
    date_updated: datetime


class Conferences(Struct, frozen=True):
    database: Database
    calls: Calls
    desk: Desk

    async def fetch(self, request: Request) -> Item:
        return Item(fields=_shown(await self._found(request, "Sid")))

    async def page(self, request: Request) -> Items:
        page = request.page or PageRequest()
        part = Slice(after=_edge(page.after), before=_edge(page.before), limit=page.size + 1)
        filters = Filters(
            status=request.params.get("Status"),
            friendly_name=request.params.get("FriendlyName"),
            created=window(request.params, "DateCreated"),
            updated=window(request.params, "DateUpdated"),
        )
        found = await queries.page(self.database, request.account_sid, filters, part)
        is_backward, is_cut = part.before is not None, len(found) > page.size
        rows = (found[1:] if is_backward else found[:-1]) if is_cut else found
        return Items(
            items=[_shown(each) for each in rows],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else part.after is not None,
        )

    async def update(self, request: Request) -> Item:
        """Ends it, or announces something to all. Raises 16001 for an announcement to nobody, 20001, 20404."""
        announcement = wish.announcement(request.params)
        is_over = request.params.get("Status") == "completed"

        def step(now: Room) -> Outcome:
            if is_over:
                return room.end(now, request.now)
            if announcement is None:
                return Outcome(now)
            if now.status != "in-progress":
                raise errors.of(NOT_BRIDGED)
            return room.announce(now, *announcement)

        names: list[str] | None = [] if announcement is None and not is_over else None
        return Item(fields=_shown(await self._take(request, request.ids["Sid"], step, names)))

    # Participants ----------------------------------------------------------------------------------------------

    async def participants(self, request: Request) -> Items:
        """Nobody, of a conference that is over."""
        now = await queries.whole(self.database, await self._found(request, "ConferenceSid"))
        shown = await self._shown_participants(request, now, now.participants)
        kept = [each for each in shown if _passes(each, request.params)]
        kept.sort(key=lambda each: str(each["call_sid"]))
        return slices.page(kept, request.page, lambda each: str(each["call_sid"]))

    async def participant(self, request: Request) -> Item:
        now = await self._found(request, "ConferenceSid")
        named = await queries.some(self.database, now, [request.ids["CallSid"]])
        return await self._participant_item(request, named)

    async def call(self, request: Request) -> Item:
        """Calls somebody, whose call goes right into the conference of this SID or name.

        Raises 16020, 16024, 16026 to 16028, 20001, 20404 for a conference that is over, and the errors of a call.
        """
        entry = wish.entry_of(request.params)
        host = await self._host(request)
        twiml = wish.document(host.name, entry, request.params)
        params = {**wish.call_params(request.params), "Twiml": twiml}
        made = await self.calls.compose(_whose(request), params, host.name)
        async with self.database.unit() as unit:
            now, code = await self.desk.expect(unit, host, structs.replace(entry, call_sid=made.sid))
            if code is not None:
                raise errors.of(room.OVER_REST.get(code, code))
            queue_ms = await made.begin(unit)
        request.ids = {**request.ids, "CallSid": made.sid}
        shown = await self._participant_item(request, now)
        return Item(fields={**shown.fields, "queue_time": str(queue_ms)})

    async def change(self, request: Request) -> Item:
        """Raises 16001, 16027, 16028, 20001, 20404."""
        wanted, announcement = wish.change_of(request.params), wish.announcement(request.params)

        def step(now: Room) -> Outcome:
            found = _named(request, now)
            if wanted.coach is not None and (code := room.coach_fault(now, wanted.coach)) is not None:
                raise errors.of(room.OVER_REST.get(code, code))
            if announcement is not None and now.status != "in-progress":
                raise errors.of(NOT_BRIDGED)
            changed = room.change(now, found.call_sid, wanted, request.now)
            if announcement is None:
                return changed
            announced = room.announce(changed.room, *announcement, found.call_sid)
            return Outcome(changed.room, (*changed.effects, *announced.effects))

        names = [request.ids["CallSid"], *filter(None, [wanted.coach])]
        after = await self._take(request, request.ids["ConferenceSid"], step, names)
        return await self._participant_item(request, after)

    async def kick(self, request: Request) -> Deleted:
        """Out of the conference, and on with the verb after its <Dial>."""

        def step(now: Room) -> Outcome:
            return room.leave(now, _named(request, now).call_sid, "kicked", request.now)

        await self._take(request, request.ids["ConferenceSid"], step)
        return Deleted()

    async def exists(self, account_sid: str, sid: str) -> bool:
        return await queries.get(self.database, account_sid, sid) is not None

    # ------------------------------------------------------------------------------------------------------------

    async def _found(self, request: Request, name: str) -> Room:
        found = await queries.get(self.database, request.account_sid, request.ids[name])
        if found is None:
            raise errors.not_found(request.address)
        return found

    async def _take(
        self,
        request: Request,
        sid: str,
        step: Callable[[Room], Outcome],
        names: Collection[str] | None = None,
    ) -> Room:
        """Of a conference, a step that concerns these, or all."""
        async with self.database.unit() as unit:
            found = await queries.get(unit, request.account_sid, sid, hold=True)
            outcome = await self.desk.apply(unit, found, step, names)
            if outcome is None:
                raise errors.not_found(request.address)
            tells = [each for each in outcome.effects if isinstance(each, Tell)]
            await self.calls.tell(unit, _whose(request), outcome.room, tells)
        return outcome.room

    async def _host(self, request: Request) -> Host:
        """Of the conference that the path names: by its SID while it is not over, else by its name."""
        named = request.ids["ConferenceSid"]
        make = partial(
            Host,
            account_sid=request.account_sid,
            world_sid=request.world_sid,
            at=request.now,
            region=str(request.params.get("Region") or ""),
        )
        if not sids.is_sid(named, "CF"):
            return make(name=named)
        found = await self._found(request, "ConferenceSid")
        if found.status == "completed":
            raise errors.not_found(request.address)
        return make(name=found.friendly_name)

    async def _participant_item(self, request: Request, now: Room) -> Item:
        [shown] = await self._shown_participants(request, now, (_named(request, now),))
        return Item(fields=shown)

    async def _shown_participants(
        self, request: Request, now: Room, participants: tuple[Participant, ...]
    ) -> list[dict[str, Any]]:
        called = [each.call_sid for each in participants if not each.is_in]
        statuses = await self.calls.statuses(request.account_sid, called) if called else {}
        return [_shown_participant(now, each, statuses) for each in participants]


def _named(request: Request, now: Room) -> Participant:
    """By the SID of its call, or by its label."""
    found = now.find(request.ids["CallSid"])
    if found is None:
        raise errors.not_found(request.address)
    return found


def _whose(request: Request) -> Whose:
    return Whose(account_sid=request.account_sid, world_sid=request.world_sid, at=request.now)


def _passes(shown: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    flags = (("Muted", "muted"), ("Hold", "hold"), ("Coaching", "coaching"))
    return all(params[name] == shown[field] for name, field in flags if params.get(name) is not None)


def _edge(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    if not sids.is_sid(cursor, "CF"):
        raise errors.invalid_page_token()
    return sids.uuid_of(cursor)


def _shown(now: Room) -> dict[str, Any]:
    return structs.asdict(
        Shown(
            sid=now.sid,
            account_sid=now.account_sid,
            api_version=API_VERSION,
            friendly_name=now.friendly_name,
            region=now.region,
            status=now.status,
            reason_conference_ended=now.reason,
            call_sid_ending_conference=now.ended_by or None,
            date_created=now.date_created,
            date_updated=now.date_updated,
        )
    )


def _shown_participant(now: Room, one: Participant, statuses: Mapping[str, str]) -> dict[str, Any]:
    status = one.status if one.is_in else _CALLED.get(statuses.get(one.call_sid, "queued"), "failed")
    return structs.asdict(
        ShownParticipant(
            account_sid=now.account_sid,
            call_sid=one.call_sid,
            conference_sid=now.sid,
            label=one.label or None,
            status=status,
            muted=one.muted,
            hold=one.hold,
            coaching=one.coaching,
            call_sid_to_coach=one.coach or None,
            start_conference_on_enter=one.start_on_enter,
            end_conference_on_exit=one.end_on_exit,
            queue_time=None,
            date_created=one.date_created,
            date_updated=one.date_updated,
        )
    )


def bindings(database: Database, calls: Calls, recorder: Recorder) -> tuple[Binding, ...]:
    conferences = Conferences(database, calls, Desk(recorder))
    return (
        Binding(
            resource="api.v2010.Conference",
            operations={
                "FetchConference": conferences.fetch,
                "ListConference": conferences.page,
                "UpdateConference": conferences.update,
            },
            record=Shown,
            exists=conferences.exists,
        ),
        Binding(
            resource="api.v2010.Participant",
            operations={
                "CreateParticipant": conferences.call,
                "FetchParticipant": conferences.participant,
                "ListParticipant": conferences.participants,
                "UpdateParticipant": conferences.change,
                "DeleteParticipant": conferences.kick,
            },
            record=ShownParticipant,
        ),
    )
