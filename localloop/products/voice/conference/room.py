"""A conference's room as a value: who is in it, and what each coming, going and change makes of it. Pure, no I/O.

Every function takes a room and answers with the room as it is then and with what must be done about it, in order:
telling calls, sounds for everybody, callbacks, recordings. Whoever keeps the room carries that out.

Sources: Twilio's page of <Conference>, its Conference and Participant resources, and the "Conference Events". That the
start is told before the join that causes it is observed, not documented.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct, structs

from localloop.core import sids
from localloop.products.voice.conference import callbacks
from localloop.products.voice.conference.callbacks import Callback, Subscription, Told

MOST: Final = 250
LONGEST_LABEL: Final = 128
FULL: Final = 16020
BAD_LABEL: Final = 16023
LABEL_IN_USE: Final = 16025
NO_SUCH_CALL: Final = 13240
COACHED_ON_HOLD: Final = 16027
# What <Conference> warns of, as REST refuses it.
OVER_REST: Final = {BAD_LABEL: 16024, LABEL_IN_USE: 16026, NO_SUCH_CALL: 16028}

Status: TypeAlias = Literal["init", "in-progress", "completed"]
ParticipantStatus: TypeAlias = Literal["queued", "connecting", "ringing", "connected", "complete", "failed"]
Beep: TypeAlias = Literal["true", "false", "onEnter", "onExit"]
Method: TypeAlias = Literal["GET", "POST"]
Reason: TypeAlias = Literal[
    "conference-ended-via-api",
    "last-participant-kicked",
    "last-participant-left",
    "participant-with-end-conference-on-exit-kicked",
    "participant-with-end-conference-on-exit-left",
]
# How somebody goes: by hanging up, by REST's DELETE, by REST's redirect of the call, as the call that never came.
Going: TypeAlias = Literal["hung-up", "kicked", "redirected", "never-came"]


class Recorded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a conference is recorded, from when its first two hear each other."""

    trim: Literal["trim-silence", "do-not-trim"] = "trim-silence"
    callback: str = ""
    callback_method: Method = "POST"
    callback_events: tuple[str, ...] = ("completed",)


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """With what somebody comes: <Conference>'s attributes, or REST's parameters."""

    call_sid: str
    label: str = ""
    muted: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: Beep = "true"
    coach: str = ""  # whom it coaches
    coaching: bool = False
    max_participants: int = MOST
    region: str = ""
    subscription: Subscription | None = None
    recorded: Recorded | None = None


class Participant(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody in the room, or one who is being called into it."""

    call_sid: str
    label: str = ""
    status: ParticipantStatus = "connected"
    muted: bool = False
    hold: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: Beep = "true"
    coach: str = ""
    coaching: bool = False
    date_created: datetime
    date_updated: datetime

    @property
    def is_in(self) -> bool:
        return self.status == "connected"


class Room(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One conference. A completed one is never opened again: its name makes another."""

    id: UUID
    account_sid: str
    world_sid: str
    friendly_name: str
    region: str = "us1"
    status: Status = "init"
    participants: tuple[Participant, ...] = ()
    subscription: Subscription | None = None  # the first one's holds
    sequence: int = 0  # of callbacks that were told, or would have been
    recorded: Recorded | None = None
    is_recording: bool = False
    reason: Reason | None = None
    ended_by: str = ""  # the call
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("CF", self.id)

    @property
    def present(self) -> tuple[Participant, ...]:
        return tuple(each for each in self.participants if each.is_in)

    def find(self, name: str) -> Participant | None:
        """By call, or by label."""
        return next((each for each in self.participants if name in (each.call_sid, each.label)), None)


# What must be done ---------------------------------------------------------------------------------------------


class Tell(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """For one call: what its interpreter hears as a ConferenceEvent."""

    call_sid: str
    what: Literal["wait", "enter", "hold", "unhold", "announce", "left", "refused"]
    code: int = 0
    url: str | None = None
    method: Method = "POST"


class Tone(Struct, frozen=True, kw_only=True, tag=True):
    """For everybody who is in, but for whom it is about."""

    kind: Literal["enter", "exit"]
    about: str


class StartRecording(Struct, frozen=True, kw_only=True, tag=True):
    recorded: Recorded


class StopRecording(Struct, frozen=True, kw_only=True, tag=True):
    pass


Effect: TypeAlias = Tell | Tone | StartRecording | StopRecording | Callback


class Outcome(Struct, frozen=True):
    room: Room
    effects: tuple[Effect, ...] = ()


class _Step:
    """Gathers what one event does to a room."""

    def __init__(self, room: Room, at: datetime) -> None:
        self.room = structs.replace(room, date_updated=at)
        self.at = at
        self.effects: list[Effect] = []

    def set(self, **changes: Any) -> None:
        self.room = structs.replace(self.room, **changes)

    def put(self, participant: Participant) -> None:
        """In the place of the one with this call, or as the last."""
        others = [each for each in self.room.participants if each.call_sid != participant.call_sid]
        if len(others) == len(self.room.participants):
            self.set(participants=(*others, participant))
            return
        self.set(
            participants=tuple(
                participant if each.call_sid == participant.call_sid else each
                for each in self.room.participants
            )
        )

    def drop(self, call_sid: str) -> None:
        self.set(participants=tuple(each for each in self.room.participants if each.call_sid != call_sid))

    def tell(self, call_sid: str, what: Any, **more: Any) -> None:
        self.effects.append(Tell(call_sid=call_sid, what=what, **more))

    def tone(self, kind: Literal["enter", "exit"], about: Participant) -> None:
        wanted = ("true", "onEnter") if kind == "enter" else ("true", "onExit")
        others = [each for each in self.room.present if each.call_sid != about.call_sid]
        if self.room.status == "in-progress" and about.beep in wanted and others:
            self.effects.append(Tone(kind=kind, about=about.call_sid))

    def call_back(self, event: callbacks.Event, told: Told | None = None) -> None:
        """Every event has a number, whether somebody listens or not."""
        self.set(sequence=self.room.sequence + 1)
        if self.room.subscription is not None and callbacks.is_wanted(self.room.subscription, event):
            facts = callbacks.Facts(
                sid=self.room.sid,
                account_sid=self.room.account_sid,
                friendly_name=self.room.friendly_name,
                sequence=self.room.sequence,
                at=self.at,
            )
            self.effects.append(callbacks.of(self.room.subscription, event, facts, told or Told()))

    def begin(self) -> None:
        """Two are there, and one of them starts it: all of them hear each other from now on."""
        present = self.room.present
        if self.room.status != "init" or len(present) < 2 or not any(each.start_on_enter for each in present):
            return
        self.set(status="in-progress")
        self.call_back("conference-start")

    def record(self) -> None:
        wished = self.room.recorded
        if wished is not None and not self.room.is_recording and self.room.status == "in-progress":
            self.set(is_recording=True)
            self.effects.append(StartRecording(recorded=wished))

    def close(self, reason: Reason, by: Participant | None) -> None:
        """Everybody who is left goes, and it is over."""
        cause: callbacks.Left = (
            "conference_ended_via_api"
            if reason == "conference-ended-via-api"
            else "moderator_ended_conference"
        )
        for each in self.room.participants:
            self.drop(each.call_sid)
            self.tell(each.call_sid, "left")
            if each.is_in:
                self.call_back("participant-leave", _told(each, reason=cause, call_status="in-progress"))
        if self.room.is_recording:
            self.set(is_recording=False)
            self.effects.append(StopRecording())
        self.set(status="completed", reason=reason, ended_by=by.call_sid if by else "")
        ended = Told(ended_by=by.call_sid if by else "", ended_label=by.label if by else "", ending=reason)
        self.call_back("conference-end", ended)

    def outcome(self) -> Outcome:
        return Outcome(self.room, tuple(self.effects))


# Coming and going ----------------------------------------------------------------------------------------------


def label_fault(label: str) -> int | None:
    """16023, as REST 16024."""
    fits = len(label) <= LONGEST_LABEL and "/" not in label and not sids.is_sid(label, "CA")
    return None if fits else BAD_LABEL


def fault(room: Room, entry: Entry) -> int | None:
    """Why somebody cannot come in: 13240, 16020, 16023, 16025, 16027; REST's codes are in `OVER_REST`."""
    others = [each for each in room.participants if each.call_sid != entry.call_sid]
    if entry.label:
        bad = label_fault(entry.label)
        if bad is not None or any(each.label == entry.label for each in others):
            return bad or LABEL_IN_USE
    if len(others) >= min(entry.max_participants, MOST):
        return FULL
    return coach_fault(room, entry.coach) if entry.coach else None


def coach_fault(room: Room, coached: str) -> int | None:
    """13240 for somebody who is not there, 16027 for one on hold."""
    found = next((each for each in room.present if each.call_sid == coached), None)
    if found is None:
        return NO_SUCH_CALL
    return COACHED_ON_HOLD if found.hold else None


def expect(room: Room, entry: Entry, at: datetime) -> Room:
    """Somebody is being called into it, and has a place."""
    step = _Step(room, at)
    step.put(structs.replace(_participant(entry, at), status="queued"))
    _adopt(step, entry)
    return step.room


def join(room: Room, entry: Entry, at: datetime) -> Outcome:
    """Somebody comes in; who may not is told so, and the room stays as it is."""
    code = fault(room, entry)
    if room.status == "completed" or code is not None:
        return Outcome(room, (Tell(call_sid=entry.call_sid, what="refused", code=code or 16022),))
    step = _Step(room, at)
    # Who was called into it comes with what REST said of it, then and since.
    expected = room.find(entry.call_sid) or _participant(entry, at)
    newcomer = structs.replace(expected, status="connected", date_updated=at)
    step.put(newcomer)
    _adopt(step, entry)
    waiting = [each for each in step.room.present if each.call_sid != entry.call_sid]
    step.begin()
    has_begun = step.room.status == "in-progress"
    step.call_back("participant-join", _told(newcomer))
    step.tell(entry.call_sid, _place(newcomer, has_begun=has_begun))
    if has_begun and room.status == "init":
        for each in waiting:
            if not each.hold:
                step.tell(each.call_sid, "enter")
    step.tone("enter", newcomer)
    step.record()
    return step.outcome()


def leave(room: Room, call_sid: str, going: Going, at: datetime, call_status: str = "") -> Outcome:
    """Somebody goes. `call_status`: what has become of the call of one who never came."""
    found = room.find(call_sid)
    if found is None or room.status == "completed":
        return Outcome(room)
    step = _Step(room, at)
    step.drop(found.call_sid)
    if going == "kicked":
        step.tell(found.call_sid, "left")
    step.call_back(
        "participant-leave", _told(found, reason=_WHY[going], call_status=_status(going, call_status))
    )
    kicked = going == "kicked"
    if found.is_in and found.end_on_exit:
        step.close(
            "participant-with-end-conference-on-exit-kicked"
            if kicked
            else "participant-with-end-conference-on-exit-left",
            found,
        )
    elif not step.room.participants:
        step.close("last-participant-kicked" if kicked else "last-participant-left", found)
    else:
        step.tone("exit", found)
    return step.outcome()


def end(room: Room, at: datetime) -> Outcome:
    """Over REST: everybody goes on with the verb after their <Dial>."""
    if room.status == "completed":
        return Outcome(room)
    step = _Step(room, at)
    step.close("conference-ended-via-api", None)
    return step.outcome()


# Changes -------------------------------------------------------------------------------------------------------


class Change(Struct, frozen=True, kw_only=True):
    """What REST changes of a participant; None leaves it as it is."""

    muted: bool | None = None
    hold: bool | None = None
    hold_url: str | None = None
    hold_method: Method = "GET"
    end_on_exit: bool | None = None
    beep_on_exit: bool | None = None
    coaching: bool | None = None
    coach: str | None = None


def change(room: Room, call_sid: str, wanted: Change, at: datetime) -> Outcome:
    """What is as it was wanted already tells nobody anything; who is not in yet will come in so."""
    found = room.find(call_sid)
    if found is None:
        return Outcome(room)
    step = _Step(room, at)
    after = structs.replace(
        found,
        muted=_or(wanted.muted, found.muted),
        hold=_or(wanted.hold, found.hold),
        end_on_exit=_or(wanted.end_on_exit, found.end_on_exit),
        beep=_beep(found.beep, wanted.beep_on_exit),
        coaching=_or(wanted.coaching, found.coaching),
        coach=found.coach if wanted.coach is None else wanted.coach,
    )
    if wanted.coaching is False:
        after = structs.replace(after, coach="")
    step.put(structs.replace(after, date_updated=at))
    if not found.is_in:
        return step.outcome()
    if after.muted != found.muted:
        step.call_back("participant-mute" if after.muted else "participant-unmute", _told(after))
    if after.hold != found.hold:
        step.call_back("participant-hold" if after.hold else "participant-unhold", _told(after))
    if after.hold and (not found.hold or wanted.hold_url is not None):
        step.tell(found.call_sid, "hold", url=wanted.hold_url, method=wanted.hold_method)
    if found.hold and not after.hold:
        step.tell(found.call_sid, "unhold" if room.status == "in-progress" else "wait")
    if _modified(found, after):
        step.call_back("participant-modify", _told(after))
    return step.outcome()


def announce(room: Room, url: str, method: Method, call_sid: str | None = None) -> Outcome:
    """To one, or to all who are in. Nothing of the room changes."""
    heard = [each for each in room.present if call_sid is None or call_sid in (each.call_sid, each.label)]
    tells = (Tell(call_sid=each.call_sid, what="announce", url=url, method=method) for each in heard)
    return Outcome(room, tuple(tells))


def announced(room: Room, call_sid: str, url: str, at: datetime, failure: str = "") -> Outcome:
    """It has been heard, or could not be."""
    found, step = room.find(call_sid), _Step(room, at)
    if room.status == "completed":
        return Outcome(room)
    told = structs.replace(_told(found) if found else Told(), announce_url=url, failure=failure)
    step.call_back("announcement-fail" if failure else "announcement-end", told)
    return step.outcome()


def speak(room: Room, call_sid: str, at: datetime, *, begins: bool) -> Outcome:
    """Somebody begins to speak, or has spoken."""
    found, step = room.find(call_sid), _Step(room, at)
    if found is None or not found.is_in or found.hold or room.status != "in-progress":
        return Outcome(room)
    step.call_back("participant-speech-start" if begins else "participant-speech-stop", _told(found))
    return step.outcome()


# Who hears whom ------------------------------------------------------------------------------------------------


def hears(room: Room, listener: str) -> frozenset[str]:
    """The calls that this one hears: a coach hears all and is heard by one."""
    own = room.find(listener)
    if room.status != "in-progress" or own is None or not own.is_in or own.hold:
        return frozenset()
    return frozenset(
        each.call_sid
        for each in room.present
        if each.call_sid != own.call_sid
        and not (each.muted or each.hold)
        and (not each.coaching or each.coach == own.call_sid)
    )


def _place(participant: Participant, *, has_begun: bool) -> Literal["wait", "enter", "hold"]:
    if participant.hold:
        return "hold"
    return "enter" if has_begun else "wait"


_WHY: Final[dict[Going, callbacks.Left]] = {
    "hung-up": "participant_hung_up",
    "kicked": "participant_updated_via_api",
    "redirected": "participant_updated_via_api",
    "never-came": "participant_add_failed",
}


def _status(going: Going, call_status: str) -> str:
    if going == "never-came":
        return call_status or "failed"
    return "completed" if going == "hung-up" else "in-progress"


def _participant(entry: Entry, at: datetime) -> Participant:
    return Participant(
        call_sid=entry.call_sid,
        label=entry.label,
        muted=entry.muted,
        start_on_enter=entry.start_on_enter,
        end_on_exit=entry.end_on_exit,
        beep=entry.beep,
        coach=entry.coach,
        coaching=entry.coaching or bool(entry.coach),
        date_created=at,
        date_updated=at,
    )


def _adopt(step: _Step, entry: Entry) -> None:
    """Of callbacks and recordings the first wish holds."""
    step.set(
        subscription=step.room.subscription or entry.subscription,
        recorded=step.room.recorded or entry.recorded,
    )


def _told(participant: Participant, **more: Any) -> Told:
    return Told(
        call_sid=participant.call_sid,
        label=participant.label,
        muted=participant.muted,
        hold=participant.hold,
        coaching=participant.coaching,
        coach=participant.coach,
        start_on_enter=participant.start_on_enter,
        end_on_exit=participant.end_on_exit,
        **more,
    )


def _modified(before: Participant, after: Participant) -> bool:
    return (before.end_on_exit, before.coaching, before.coach, before.beep) != (
        after.end_on_exit,
        after.coaching,
        after.coach,
        after.beep,
    )


def _beep(beep: Beep, on_exit: bool | None) -> Beep:
    if on_exit is None:
        return beep
    on_enter = beep in ("true", "onEnter")
    if on_exit:
        return "true" if on_enter else "onExit"
    return "onEnter" if on_enter else "false"


def _or(wanted: bool | None, now: bool) -> bool:
    return now if wanted is None else wanted
