"""Visits of calls to what many share: queues and conferences, in the transaction that changes the call.

What comes of a visit is events: for the call itself, and for others there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct

from localloop.core import sids
from localloop.jobs import NewJob
from localloop.products.voice.call import queries
from localloop.products.voice.call.events import Conferred, Event, Heard, LegOver, Matched, Name, Queued
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.turn import job_of
from localloop.products.voice.conference import desk as rooms
from localloop.products.voice.conference import queries as conferences
from localloop.products.voice.conference import room
from localloop.products.voice.conference.callbacks import Subscription
from localloop.products.voice.conference.room import Entry, Recorded, Tell
from localloop.products.voice.queue import desk as queues
from localloop.products.voice.queue.desk import Caller
from localloop.store import Unit
from localloop.twiml.interpreter import commands
from localloop.twiml.voice import verbs


class GiveUp(Struct, frozen=True):
    """It waits for a caller of a queue no longer."""


class Leave(Struct, frozen=True):
    """It leaves the conference of this name."""

    name: str


class Speak(Struct, frozen=True):
    """It says something in the conference of this name."""

    name: str
    text: str


Visit: TypeAlias = (
    commands.EnterQueue
    | commands.LeaveQueue
    | commands.Dequeue
    | commands.JoinConference
    | GiveUp
    | Leave
    | Speak
)


async def carry_out(connection: Any, live: Live, visit: Visit) -> list[NewJob]:
    """Must run in a transaction. The events that come of it."""
    unit = Unit(connection)
    call = live.call
    caller = Caller(account_sid=call.account_sid, world_sid=call.world_sid, call_id=call.id, at=live.at)
    match visit:
        case commands.EnterQueue():
            found = await _enter(unit, live, caller, visit)
        case commands.Dequeue():
            found = await _dequeue(unit, live, caller, visit)
        case commands.LeaveQueue():
            await queues.leave(unit, caller)
            found = []
        case GiveUp():
            await queues.give_up(unit, caller)
            found = []
        case commands.JoinConference(conference=conference):
            found = await _join(unit, live, conference)
        case Leave(name):
            found = await _leave(unit, live, name)
        case Speak(name, text):
            found = await _speak(unit, live, name, text)
    await unit.send_notices()
    return found


async def _enter(unit: Unit, live: Live, caller: Caller, wanted: commands.EnterQueue) -> list[NewJob]:
    if wanted.workflow_sid:
        return [job_of(live, Queued("refused", code=14220), live.at)]
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


async def _join(unit: Unit, live: Live, wanted: verbs.Conference) -> list[NewJob]:
    call = live.call
    host = rooms.Host(
        account_sid=call.account_sid,
        world_sid=call.world_sid,
        name=wanted.name,
        at=live.at,
        region=wanted.region,
    )
    outcome = await rooms.enter(unit, host, entry_of(call.sid, wanted))
    return await _told(unit, live, outcome, live.at)


async def _leave(unit: Unit, live: Live, name: str) -> list[NewJob]:
    call = live.call
    found = await conferences.active(unit, call.account_sid, name)
    if found is None:
        return []
    going: room.Going = "hung-up" if call.has_ended else "redirected"
    outcome = await rooms.keep(unit, room.leave(found, call.sid, going, live.at))
    return await _told(unit, live, outcome, live.at)


async def _speak(unit: Unit, live: Live, name: str, text: str) -> list[NewJob]:
    """Everybody who hears this one does."""
    own = live.call.sid
    found = await conferences.active(unit, live.call.account_sid, name)
    if found is None:
        return []
    listeners = [each.call_sid for each in found.present if own in room.hears(found, each.call_sid)]
    return await _jobs(unit, live, [(sid, Heard(text)) for sid in listeners], live.at)


async def _told(unit: Unit, live: Live, outcome: room.Outcome, at: datetime) -> list[NewJob]:
    tells = [each for each in outcome.effects if isinstance(each, Tell)]
    events = [(each.call_sid, Conferred(each.what, each.code, each.url, each.method)) for each in tells]
    return await _jobs(unit, live, events, at)


async def _jobs(unit: Unit, live: Live, told: list[Any], at: datetime) -> list[NewJob]:
    """Events for calls by their SIDs; one that has ended hears nothing any more."""
    jobs = []
    event: Event
    for sid, event in told:
        other = await _other(unit, live, sids.uuid_of(sid))
        if other is not None:
            jobs.append(job_of(other, event, at))
    return jobs


def entry_of(call_sid: str, wanted: verbs.Conference) -> Entry:
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
        call_sid=call_sid,
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
