"""What happens to conferences, in the unit of work of whoever it happens to.

The room's row is held while its next state is worked out, so that of two who come at once one is the second. Callbacks
leave as jobs of that unit, recordings begin and end in it, beeps are heard from it on; what calls must be told goes to
whoever holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.core import sids
from localloop.jobs import NewJob, enqueue
from localloop.products.voice.conference import queries, room
from localloop.products.voice.conference.callbacks import Callback
from localloop.products.voice.conference.room import (
    Effect,
    Entry,
    Going,
    Outcome,
    Participant,
    Room,
    StartRecording,
    StopRecording,
    Tone,
)
from localloop.products.voice.recording import take
from localloop.products.voice.recording.desk import Recorder, Stopped
from localloop.store import Unit
from localloop.telephony.leg import Line
from localloop.telephony.simulated import handsets
from localloop.telephony.simulated.speech import BEEP_S
from localloop.webhooks import Notification

BEEP: Final = Line("played", "beep", BEEP_S)


class Host(Struct, frozen=True, kw_only=True):
    """Whose conference it is, by its name."""

    account_sid: str
    world_sid: str
    name: str
    at: datetime
    region: str = ""


class Goes(Struct, frozen=True, kw_only=True):
    """Who goes, and how; `call_status` is what has become of the call."""

    call_sid: str
    going: Going
    call_status: str = ""


class Said(Struct, frozen=True, kw_only=True):
    """Who says something, and until when; or presses keys."""

    call_sid: str
    ends: datetime
    has_words: bool


class Desk(Struct, frozen=True):
    recorder: Recorder

    async def enter(self, unit: Unit, host: Host, entry: Entry) -> Outcome:
        """A call comes in; the room of this name is opened where there is none."""
        before = await _met(unit, await queries.opened(unit, fresh(host)), entry)
        return await self.keep(unit, before, room.join(before, entry, host.at))

    async def expect(self, unit: Unit, host: Host, entry: Entry) -> tuple[Room, int | None]:
        """A call is made into it, or why it cannot be."""
        before = await queries.some(unit, await queries.opened(unit, fresh(host)), room.concerned(entry))
        code = room.fault(before, entry)
        after = before if code is not None else room.expect(before, entry, host.at)
        if code is None:
            await queries.save(unit, before, after)
        return after, code

    async def leave(self, unit: Unit, host: Host, goes: Goes) -> Outcome | None:
        """None when it is not there."""
        found = await queries.active(unit, host.account_sid, host.name)
        if found is None:
            return None
        before = await queries.some(unit, found, [goes.call_sid])
        if room.ends_without(before, goes.call_sid):
            before = await queries.whole(unit, before)
        return await self.keep(
            unit, before, room.leave(before, goes.call_sid, goes.going, host.at, goes.call_status)
        )

    async def speak(self, unit: Unit, host: Host, said: Said) -> tuple[Room, tuple[Participant, ...]]:
        """The room then, and who hears it."""
        found = await queries.active(unit, host.account_sid, host.name)
        if found is None:
            return fresh(host), ()
        before = await queries.whole(unit, found)
        now = room.speak(before, said.call_sid, host.at, said.ends, has_words=said.has_words)
        outcome = await self.keep(unit, before, now)
        return outcome.room, room.listeners(before, said.call_sid)

    async def apply(
        self,
        unit: Unit,
        found: Room | None,
        step: Callable[[Room], Outcome],
        names: Collection[str] | None = None,
    ) -> Outcome | None:
        """One step of a room that is held, which concerns these, or all."""
        if found is None:
            return None
        before = await (queries.whole(unit, found) if names is None else queries.some(unit, found, names))
        return await self.keep(unit, before, step(before))

    async def keep(self, unit: Unit, before: Room, outcome: Outcome) -> Outcome:
        """Write a room as it is now, and do what must be done about it."""
        if outcome.room is not before:
            await queries.save(unit, before, outcome.room)
            await _listen(unit, before, outcome)
        await enqueue(unit, jobs_of(outcome.room, outcome.effects))
        for each in outcome.effects:
            match each:
                case StartRecording():
                    await self.recorder.begin(unit, [_recording(outcome.room, each)])
                case StopRecording(taken=taken):
                    ended = Stopped(
                        account_sid=before.account_sid,
                        sid=taken.sid,
                        at=outcome.room.date_updated,
                        sound=taken.sound,
                    )
                    await self.recorder.stop(unit, ended)
        return outcome


async def _met(unit: Unit, found: Room, entry: Entry) -> Room:
    """With those at hand whom the coming of this one concerns."""
    before = await queries.some(unit, found, room.concerned(entry))
    return await queries.whole(unit, before) if room.starts_with(before, entry) else before


async def _listen(unit: Unit, before: Room, outcome: Outcome) -> None:
    """Who hears the room from now on, who no longer, and the beep in between."""
    now, tones = outcome.room, [each for each in outcome.effects if isinstance(each, Tone)]
    earlier, later = _listening(before), _listening(now)
    if earlier == later and not tones:
        return
    await handsets.keep_room(
        unit,
        handsets.Change(
            world_sid=now.world_sid,
            room_id=now.id,
            at=now.date_updated,
            opened=sorted(later - earlier),
            closed=sorted(earlier - later),
            line=BEEP if tones else None,
            about=sids.uuid_of(tones[0].about) if tones else None,
        ),
    )


def _listening(now: Room) -> set[UUID]:
    return {sids.uuid_of(each.call_sid) for each in now.participants if room.is_listening(now, each)}


def _recording(of: Room, start: StartRecording) -> take.Recording:
    wanted = start.recorded
    wish = take.Wish(
        source="Conference",
        trim=wanted.trim,
        callback=wanted.callback,
        callback_method=wanted.callback_method,
        callback_events=wanted.callback_events,
    )
    what = take.Of(
        account_sid=of.account_sid, world_sid=of.world_sid, at=of.date_updated, conference_id=of.id
    )
    return take.begin(what, wish, sids.uuid_of(start.sid))


def jobs_of(of: Room, effects: Sequence[Effect]) -> list[NewJob]:
    return [
        Notification(
            each.url,
            each.params,
            of.account_sid,
            of.sid,
            each.method,
            follows=each.sequence > 1,
            voice=True,
        ).job(of.world_sid, of.date_updated)
        for each in effects
        if isinstance(each, Callback)
    ]


def fresh(host: Host) -> Room:
    return Room(
        id=sids.new_id(),
        account_sid=host.account_sid,
        world_sid=host.world_sid,
        friendly_name=host.name,
        region=host.region or "us1",
        date_created=host.at,
        date_updated=host.at,
    )
