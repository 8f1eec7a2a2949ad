"""A conference's room as a value: who is in it, and what each coming, going and change makes of it. Pure, no I/O.

Every function takes a room and answers with the room as it is then and with what must be done about it, in order:
telling calls, sounds for everybody, callbacks, recordings. Whoever keeps the room carries that out.

Most of what happens in a room of 250 concerns one of them. So a room has the numbers of all who are in it, and at hand
those whom the step is about; "Who must be at hand" tells when that is everybody.

Sources: Twilio's page of <Conference>, its Conference and Participant resources, and the "Conference Events". That the
start is told before the join that causes it is observed, not documented.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    root: UUID | None = None  # of the family of calls; None: the call itself
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
    root: UUID | None = None
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


class Taken(Struct, frozen=True, omit_defaults=True):
    """Its recording, and when somebody was first heard in it, and last."""

    sid: str
    first: datetime | None = None
    last: datetime | None = None

    @property
    def sound(self) -> tuple[datetime, datetime] | None:
        return (self.first, self.last) if self.first and self.last else None


class Room(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One conference. A completed one is never opened again: its name makes another."""

    id: UUID
    account_sid: str
    world_sid: str
    friendly_name: str
    region: str = "us1"
    status: Status = "init"
    participants: tuple[Participant, ...] = ()  # at hand
    size: int = 0  # how many there are, with those who are called
    inside: int = 0  # how many of them are in it
    starters: int = 0  # and how many of those may start it
    subscription: Subscription | None = None  # the first one's holds
    sequence: int = 0  # of callbacks that were told, or would have been
    recorded: Recorded | None = None
    recording: Taken | None = None  # that runs
    reason: Reason | None = None
    ended_by: str = ""  # the call
    date_created: datetime
    date_updated: datetime

    @property
    def sid(self) -> str:
        return sids.from_uuid("CF", self.id)

    @property
    def present(self) -> tuple[Participant, ...]:
        """Of those at hand."""
        return tuple(each for each in self.participants if each.is_in)

    @property
    def is_recording(self) -> bool:
        return self.recording is not None

    def find(self, name: str) -> Participant | None:
        """By call, or by label."""
        named = (each for each in self.participants if name and name in (each.call_sid, each.label))
        return next(named, None)


# What must be done ---------------------------------------------------------------------------------------------


class Tell(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """For one call: what its interpreter hears as a ConferenceEvent."""

    call_sid: str
    what: Literal["wait", "enter", "hold", "unhold", "announce", "left", "refused"]
    root: UUID | None = None
    code: int = 0
    url: str | None = None
    method: Method = "POST"
    is_for_all: bool = False  # an announcement: whoever plays it lets the others hear it


class Tone(Struct, frozen=True, kw_only=True, tag=True):
    """For everybody who is in, but for whom it is about."""

    kind: Literal["enter", "exit"]
    about: str


class StartRecording(Struct, frozen=True, kw_only=True, tag=True):
    sid: str
    recorded: Recorded


class StopRecording(Struct, frozen=True, kw_only=True, tag=True):
    taken: Taken


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
        there = self.room.participants
        place = next((n for n, each in enumerate(there) if each.call_sid == participant.call_sid), len(there))
        self._count(there[place : place + 1], (participant,))
        self.set(participants=(*there[:place], participant, *there[place + 1 :]))

    def drop(self, gone: Iterable[Participant]) -> None:
        gone = tuple(gone)
        names = {each.call_sid for each in gone}
        self._count(gone, ())
        self.set(participants=tuple(each for each in self.room.participants if each.call_sid not in names))

    def _count(self, before: tuple[Participant, ...], after: tuple[Participant, ...]) -> None:
        self.set(
            size=self.room.size + len(after) - len(before),
            inside=self.room.inside + _inside(after) - _inside(before),
            starters=self.room.starters + _starters(after) - _starters(before),
        )

    def tell(self, one: Participant, what: Any, **more: Any) -> None:
        self.effects.append(Tell(call_sid=one.call_sid, root=one.root, what=what, **more))

    def tone(self, kind: Literal["enter", "exit"], about: Participant) -> None:
        wanted = ("true", "onEnter") if kind == "enter" else ("true", "onExit")
        others = self.room.inside - (kind == "enter")
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

    def spoken(self, event: callbacks.Event, by: Participant) -> None:
        """Nobody listens for speech unless somebody wants to hear of it: only then has it a number."""
        if self.room.subscription is not None and callbacks.is_wanted(self.room.subscription, event):
            self.call_back(event, _told(by))

    def begin(self) -> None:
        """Two are there, and one of them starts it: all of them hear each other from now on."""
        if self.room.status != "init" or self.room.inside < 2 or not self.room.starters:
            return
        self.set(status="in-progress")
        self.call_back("conference-start")

    def record(self) -> None:
        wished = self.room.recorded
        if wished is not None and self.room.recording is None and self.room.status == "in-progress":
            taken = Taken(sids.new("RE"))
            self.set(recording=taken)
            self.effects.append(StartRecording(sid=taken.sid, recorded=wished))

    def close(self, reason: Reason, by: Participant | None) -> None:
        """Everybody who is left goes, and it is over."""
        cause: callbacks.Left = (
            "conference_ended_via_api"
            if reason == "conference-ended-via-api"
            else "moderator_ended_conference"
        )
        left = self.room.participants
        self.drop(left)
        for each in left:
            self.tell(each, "left")
            if each.is_in:
                self.call_back("participant-leave", _told(each, reason=cause, call_status="in-progress"))
        if self.room.recording is not None:
            self.effects.append(StopRecording(taken=self.room.recording))
            self.set(recording=None)
        self.set(status="completed", reason=reason, ended_by=by.call_sid if by else "")
        ended = Told(ended_by=by.call_sid if by else "", ended_label=by.label if by else "", ending=reason)
        self.call_back("conference-end", ended)

    def outcome(self) -> Outcome:
        return Outcome(self.room, tuple(self.effects))


def _inside(people: Iterable[Participant]) -> int:
    return sum(each.is_in for each in people)


def _starters(people: Iterable[Participant]) -> int:
    return sum(each.is_in and each.start_on_enter for each in people)


# Who must be at hand -------------------------------------------------------------------------------------------


def concerned(entry: Entry) -> frozenset[str]:
    """Whom the coming of somebody concerns, by call or label."""
    return frozenset(filter(None, (entry.call_sid, entry.label, entry.coach)))


def starts_with(room: Room, entry: Entry) -> bool:
    """Whether the coming of this one starts it, which everybody who waits is told."""
    expected = room.find(entry.call_sid)
    starts = expected.start_on_enter if expected else entry.start_on_enter
    return room.status == "init" and room.inside > 0 and bool(room.starters or starts)


def ends_without(room: Room, call_sid: str) -> bool:
    """Whether the going of this one ends it, which everybody who is left is told."""
    found = room.find(call_sid)
    return found is not None and found.is_in and found.end_on_exit


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
    is_expected = len(others) < len(room.participants)
    if room.size - is_expected >= min(entry.max_participants, MOST):
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
        refused = Tell(call_sid=entry.call_sid, root=entry.root, what="refused", code=code or 16022)
        return Outcome(room, (refused,))
    step = _Step(room, at)
    # Who was called into it comes with what REST said of it, then and since.
    expected = room.find(entry.call_sid) or _participant(entry, at)
    newcomer = structs.replace(expected, status="connected", date_updated=at)
    step.put(newcomer)
    _adopt(step, entry)
    step.begin()
    has_begun = step.room.status == "in-progress"
    step.call_back("participant-join", _told(newcomer))
    step.tell(newcomer, _place(newcomer, has_begun=has_begun))
    if has_begun and room.status == "init":
        for each in room.present:
            if not each.hold:
                step.tell(each, "enter")
    step.tone("enter", newcomer)
    step.record()
    return step.outcome()


def leave(room: Room, call_sid: str, going: Going, at: datetime, call_status: str = "") -> Outcome:
    """Somebody goes. `call_status`: what has become of the call of one who never came."""
    found = room.find(call_sid)
    if found is None or room.status == "completed":
        return Outcome(room)
    step = _Step(room, at)
    step.drop((found,))
    if not found.is_in and going != "kicked":
        going = "never-came"
    if going == "kicked":
        step.tell(found, "left")
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
    elif not step.room.size:
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
    wait_url: str | None = None  # "" is silence
    wait_method: Method = "POST"
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
        step.tell(found, "hold", url=wanted.hold_url, method=wanted.hold_method)
    if found.hold and not after.hold:
        step.tell(found, "unhold" if room.status == "in-progress" else "wait")
    if wanted.wait_url is not None and not after.hold and room.status == "init":
        step.tell(found, "wait", url=wanted.wait_url, method=wanted.wait_method)
    if _modified(found, after):
        step.call_back("participant-modify", _told(after))
    return step.outcome()


def announce(room: Room, url: str, method: Method, call_sid: str | None = None) -> Outcome:
    """To one, or to all who are in: then the first of them plays it for the others. Nothing of the room changes."""
    if call_sid is None:
        heard = sorted((each for each in room.present if not each.hold), key=lambda each: each.date_created)[
            :1
        ]
    else:
        heard = [each for each in room.present if call_sid in (each.call_sid, each.label)]
    return Outcome(
        room,
        tuple(
            Tell(
                call_sid=each.call_sid,
                root=each.root,
                what="announce",
                url=url,
                method=method,
                is_for_all=call_sid is None,
            )
            for each in heard
        ),
    )


def announced(room: Room, call_sid: str, url: str, at: datetime, failure: str = "") -> Outcome:
    """It has been heard, or could not be."""
    found, step = room.find(call_sid), _Step(room, at)
    if room.status == "completed":
        return Outcome(room)
    told = structs.replace(_told(found) if found else Told(), announce_url=url, failure=failure)
    step.call_back("announcement-fail" if failure else "announcement-end", told)
    return step.outcome()


def speak(room: Room, call_sid: str, at: datetime, ends: datetime, *, has_words: bool = True) -> Outcome:
    """Somebody begins to speak, and will have spoken at `ends`; or presses keys, which all hear as well."""
    found = room.find(call_sid)
    if found is None or not is_heard(room, found):
        return Outcome(room)
    step = _Step(room, at)
    taken = room.recording
    if taken is not None and not found.coaching:  # what a coach says is in no recording
        last = max(ends, taken.last or ends)
        step.set(recording=structs.replace(taken, first=taken.first or at, last=last))
    if has_words:
        step.spoken("participant-speech-start", found)
    return step.outcome()


def fall_silent(room: Room, call_sid: str, at: datetime) -> Outcome:
    """Somebody has spoken."""
    found, step = room.find(call_sid), _Step(room, at)
    if found is None or not is_heard(room, found):
        return Outcome(room)
    step.spoken("participant-speech-stop", found)
    return step.outcome()


# Who hears whom ------------------------------------------------------------------------------------------------


def is_heard(room: Room, one: Participant) -> bool:
    """Whether anybody may hear this one."""
    return room.status == "in-progress" and one.is_in and not (one.muted or one.hold)


def is_listening(room: Room, one: Participant) -> bool:
    """Whether this one hears the room."""
    return room.status == "in-progress" and one.is_in and not one.hold


def listeners(room: Room, speaker: str) -> tuple[Participant, ...]:
    """Of those at hand who hears this one: a coach is heard by one alone."""
    own = room.find(speaker)
    if own is None or not is_heard(room, own):
        return ()
    return tuple(
        each
        for each in room.participants
        if each.call_sid != own.call_sid
        and is_listening(room, each)
        and (not own.coaching or own.coach == each.call_sid)
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
    return call_status or ("completed" if going == "hung-up" else "in-progress")


def _participant(entry: Entry, at: datetime) -> Participant:
    return Participant(
        call_sid=entry.call_sid,
        root=entry.root,
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
