"""Visits of calls to what many share: queues and conferences, in the transaction that changes the call.

What comes of a visit is events: for the call itself, and for others there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import sids
from localloop.jobs import NewJob
from localloop.products.voice.call import queries
from localloop.products.voice.call.events import (
    Conferred,
    Event,
    Heard,
    Hushed,
    LegOver,
    Matched,
    Name,
    Queued,
)
from localloop.products.voice.call.live import EVENT, Live, Reference, key_of
from localloop.products.voice.call.turn import job_of
from localloop.products.voice.conference import queries as conferences
from localloop.products.voice.conference import room
from localloop.products.voice.conference.callbacks import Subscription
from localloop.products.voice.conference.desk import Desk, Goes, Host, Said
from localloop.products.voice.conference.room import Entry, Recorded, Tell
from localloop.products.voice.queue import desk as queues
from localloop.products.voice.queue.desk import Caller
from localloop.store import Unit
from localloop.telephony.simulated.speech import seconds_of, seconds_of_tones
from localloop.twiml.interpreter import commands
from localloop.twiml.voice import verbs

NO_WORKFLOW: Final = 14220
NO_TASK: Final = 14222
_WORKFLOW: Final = """
select exists (select from resources where account_sid = $1 and kind = 'taskrouter/Workflow' and sid = $2)
"""


class GiveUp(Struct, frozen=True):
    """It waits for a caller of a queue no longer."""


class Leave(Struct, frozen=True):
    """It leaves the conference of this name."""

    name: str
    going: room.Going = "redirected"


class Speak(Struct, frozen=True):
    """It says something in the conference of this name, or presses keys."""

    name: str
    said: Heard


class Hush(Struct, frozen=True):
    """It has said it."""

    name: str


class Announced(Struct, frozen=True):
    """It has heard an announcement of the conference of this name, or could not."""

    name: str
    url: str
    failure: str = ""
    is_for_all: bool = False


class Announce(Struct, frozen=True):
    """What it plays of an announcement that is for all."""

    name: str
    heard: Heard


Visit: TypeAlias = (
    commands.EnterQueue
    | commands.LeaveQueue
    | commands.Dequeue
    | commands.JoinConference
    | GiveUp
    | Leave
    | Speak
    | Hush
    | Announced
    | Announce
)


class Visits:
    """Must be carried out in a transaction: each answers with the events that come of it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def carry_out(self, connection: Any, live: Live, visit: Visit) -> list[NewJob]:
        unit = Unit(connection)
        found = await (
            self._in_room(unit, live, visit) if _is_of_room(visit) else _in_line(unit, live, visit)
        )
        await unit.send_notices()
        return found

    async def _in_room(self, unit: Unit, live: Live, visit: Visit) -> list[NewJob]:
        match visit:
            case commands.JoinConference(conference=conference):
                outcome = await self._desk.enter(
                    unit, _host(live, conference.name, conference.region), entry_of(live, conference)
                )
                return jobs_of(outcome.room, outcome.effects, live.at)
            case Leave(name, going):
                goes = Goes(call_sid=live.call.sid, going=going, call_status=live.call.status)
                left = await self._desk.leave(unit, _host(live, name), goes)
                return jobs_of(left.room, left.effects, live.at) if left is not None else []
            case Speak(name, said):
                return await self._speak(unit, live, name, said)
            case Hush(name):
                await self._take(unit, live, name, lambda now: room.fall_silent(now, live.call.sid, live.at))
            case Announced(name, url, failure, is_for_all):
                sid = "" if is_for_all else live.call.sid
                await self._take(
                    unit, live, name, lambda now: room.announced(now, sid, url, live.at, failure)
                )
            case Announce(name, heard):
                return await self._announce(unit, live, name, heard)
        return []

    async def _take(
        self, unit: Unit, live: Live, name: str, step: Callable[[room.Room], room.Outcome]
    ) -> None:
        found = await conferences.active(unit, live.call.account_sid, name)
        await self._desk.apply(unit, found, step, [live.call.sid])

    async def _speak(self, unit: Unit, live: Live, name: str, said: Heard) -> list[NewJob]:
        """Everybody who hears this one does."""
        seconds = timedelta(seconds=seconds_of(said.text) if said.text else seconds_of_tones(said.digits))
        spoken = Said(call_sid=live.call.sid, ends=live.at + seconds, has_words=bool(said.text))
        now, listeners = await self._desk.speak(unit, _host(live, name), spoken)
        heard = replace(said, trail=(*said.trail, name))
        jobs = [_job(now, each.call_sid, each.root, heard, live.at) for each in listeners]
        if said.text and now.subscription is not None and "speaker" in now.subscription.events:
            jobs.append(job_of(live, Hushed(), live.at + seconds))
        return jobs

    async def _announce(self, unit: Unit, live: Live, name: str, heard: Heard) -> list[NewJob]:
        """Everybody in the room hears it; whoever plays it has."""
        found = await conferences.active(unit, live.call.account_sid, name)
        if found is None:
            return []
        now = await conferences.whole(unit, found)
        others = [
            each
            for each in now.participants
            if each.call_sid != live.call.sid and room.is_listening(now, each)
        ]
        return [_job(now, each.call_sid, each.root, heard, live.at) for each in others]


def place_of(live: Live, visit: Visit) -> tuple[str, str, str]:
    """What is visited: queues before rooms, each by its account and name."""
    match visit:
        case commands.JoinConference(conference=conference):
            name = conference.name
        case commands.Dequeue(queue=queue):
            name = queue.name
        case commands.LeaveQueue() | GiveUp():
            name = ""
        case _:
            name = visit.name
    return "room" if _is_of_room(visit) else "line", live.call.account_sid, name


def _is_of_room(visit: Visit) -> bool:
    return isinstance(visit, commands.JoinConference | Leave | Speak | Hush | Announced | Announce)


async def _in_line(unit: Unit, live: Live, visit: Visit) -> list[NewJob]:
    call = live.call
    caller = Caller(account_sid=call.account_sid, world_sid=call.world_sid, call_id=call.id, at=live.at)
    match visit:
        case commands.EnterQueue():
            return await _enter(unit, live, caller, visit)
        case commands.Dequeue():
            return await _dequeue(unit, live, caller, visit)
        case commands.LeaveQueue():
            await queues.leave(unit, caller)
        case GiveUp():
            await queues.give_up(unit, caller)
    return []


async def _enter(unit: Unit, live: Live, caller: Caller, wanted: commands.EnterQueue) -> list[NewJob]:
    if wanted.workflow_sid:
        # TaskRouter keeps its workflows, and routes nothing: no task comes of one that is there.
        found = await unit.fetchval(_WORKFLOW, caller.account_sid, wanted.workflow_sid)
        return [job_of(live, Queued("refused", code=NO_TASK if found else NO_WORKFLOW), live.at)]
    came = await queues.enter(unit, caller, wanted.name, wanted.max_size)
    if isinstance(came, queues.Refused):
        return [job_of(live, Queued(came.way, came.queue_sid, came.code), live.at)]
    told = [job_of(live, Queued("entered", came.queue_sid), live.at)]
    return told + (await _connect(unit, live, came.taken) if came.taken is not None else [])


async def _dequeue(unit: Unit, live: Live, caller: Caller, wanted: commands.Dequeue) -> list[NewJob]:
    found = await queues.dial(unit, caller, wanted.queue.name)
    if isinstance(found, queues.Unknown):
        return [job_of(live, LegOver(wanted.leg, "", "failed", code=found.code or 0), live.at)]
    return await _connect(unit, live, found) if isinstance(found, queues.Taken) else []


async def _connect(unit: Unit, live: Live, taken: queues.Taken) -> list[NewJob]:
    """Whoever takes a caller is told who that is; he knows what the caller shall hear first."""
    taker = await _other(unit, live, sids.uuid_of(taken.taker_sid))
    caller = await _other(unit, live, sids.uuid_of(taken.caller_sid))
    if taker is None or caller is None:
        return []
    matched = Matched(Name(caller.call.id, caller.root), taken.queue_sid, taken.waited)
    return [job_of(taker, matched, live.at)]


async def _other(unit: Unit, live: Live, id: UUID) -> Live | None:
    return live if id == live.call.id else await queries.find(unit, live.call.account_sid, id)


# Conferences -----------------------------------------------------------------------------------------------


def _host(live: Live, name: str, region: str = "") -> Host:
    call = live.call
    return Host(account_sid=call.account_sid, world_sid=call.world_sid, name=name, at=live.at, region=region)


def jobs_of(of: room.Room, effects: Sequence[room.Effect], at: datetime) -> list[NewJob]:
    """What a conference has for calls, as their events; one that has ended hears nothing any more."""
    return [
        _job(of, each.call_sid, each.root, conferred(each), at) for each in effects if isinstance(each, Tell)
    ]


def conferred(tell: Tell) -> Conferred:
    return Conferred(tell.what, tell.code, tell.url, tell.method, tell.is_for_all)


def _job(of: room.Room, call_sid: str, root: UUID | None, event: Event, at: datetime) -> NewJob:
    id = sids.uuid_of(call_sid)
    reference = Reference(id, root or id, event)
    return NewJob(EVENT, of.account_sid, of.world_sid, reference, at, key_of(reference.root, id))


def entry_of(live: Live, wanted: verbs.Conference) -> Entry:
    """The attributes of <Conference>."""
    subscription = None
    if wanted.status_callback:
        events = tuple(wanted.status_callback_event)
        subscription = Subscription(wanted.status_callback, wanted.status_callback_method, events)
    recorded = None
    if wanted.record == "record-from-start":
        recorded = Recorded(
            trim=wanted.trim,
            callback=wanted.recording_status_callback or "",
            callback_method=wanted.recording_status_callback_method,
            callback_events=tuple(wanted.recording_status_callback_event),
        )
    return Entry(
        call_sid=live.call.sid,
        root=live.root,
        label=wanted.participant_label,
        muted=wanted.muted,
        start_on_enter=wanted.start_conference_on_enter,
        end_on_exit=wanted.end_conference_on_exit,
        beep=wanted.beep,
        coach=wanted.coach,
        coaching=bool(wanted.coach),
        max_participants=wanted.max_participants,
        region=wanted.region,
        subscription=subscription,
        recorded=recorded,
    )
