"""A conference's room: when it starts and ends, who hears whom, what is told of it, and who does not get in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from schemas import faults

from localloop.core import sids
from localloop.products.voice.conference import room as rooms
from localloop.products.voice.conference.callbacks import Callback, Subscription
from localloop.products.voice.conference.room import (
    Change,
    Effect,
    Entry,
    Going,
    Outcome,
    Recorded,
    Room,
    StartRecording,
    StopRecording,
    Tell,
    Tone,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA, BOB, CAT, DAN = (sids.new("CA") for _ in range(4))
EVERYTHING = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
ALL = Subscription("https://example.com/events", "POST", EVERYTHING)
LATER = NOW + timedelta(seconds=30)


def new_room(**changes: Any) -> Room:
    room = Room(
        id=sids.new_id(),
        account_sid=sids.new("AC"),
        world_sid=sids.new("AC"),
        friendly_name="Room 1",
        subscription=ALL,
        date_created=NOW,
        date_updated=NOW,
    )
    return replace(room, **changes)


def come(room: Room, call_sid: str, **changes: Any) -> Outcome:
    return rooms.join(room, Entry(call_sid=call_sid, **changes), NOW)


def with_(*call_sids: str, **changes: Any) -> Room:
    """A room with these, the first of them with changes."""
    room = new_room()
    for index, call_sid in enumerate(call_sids):
        room = come(room, call_sid, **(changes if not index else {})).room
    return room


def tells(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    return [(each.call_sid, each.what) for each in effects if isinstance(each, Tell)]


def events(effects: Sequence[Effect]) -> list[str]:
    return [each.params["StatusCallbackEvent"] for each in effects if isinstance(each, Callback)]


def told(effects: Sequence[Effect], event: str) -> dict[str, str]:
    [found] = [
        dict(each.params)
        for each in effects
        if isinstance(each, Callback) and each.params["StatusCallbackEvent"] == event
    ]
    return found


# Beginning -----------------------------------------------------------------------------------------------------


def test_one_alone_waits_even_if_it_may_start() -> None:
    outcome = come(new_room(), ADA)
    assert (outcome.room.status, tells(outcome.effects)) == ("init", [(ADA, "wait")])
    assert events(outcome.effects) == ["participant-join"]


def test_the_second_starts_it_for_both() -> None:
    outcome = come(with_(ADA), BOB)
    assert outcome.room.status == "in-progress"
    assert tells(outcome.effects) == [(BOB, "enter"), (ADA, "enter")]
    assert events(outcome.effects) == ["conference-start", "participant-join"]


def test_those_who_may_not_start_it_wait_for_one_who_may() -> None:
    room = with_(ADA, start_on_enter=False)
    waiting = come(room, BOB, start_on_enter=False)
    assert (waiting.room.status, tells(waiting.effects)) == ("init", [(BOB, "wait")])
    begun = come(waiting.room, CAT)
    assert tells(begun.effects) == [(CAT, "enter"), (ADA, "enter"), (BOB, "enter")]
    late = come(begun.room, DAN, start_on_enter=False)
    assert tells(late.effects) == [(DAN, "enter")]


def test_the_first_ones_callbacks_hold() -> None:
    mine, theirs = Subscription("https://a.example", "GET", ("join",)), Subscription("https://b.example")
    room = come(new_room(subscription=None), ADA, subscription=mine).room
    outcome = come(room, BOB, subscription=theirs)
    assert outcome.room.subscription == mine
    assert events(outcome.effects) == ["participant-join"]
    [callback] = [each for each in outcome.effects if isinstance(each, Callback)]
    assert (callback.url, callback.method) == ("https://a.example", "GET")
    assert callback.params["SequenceNumber"] == "3"  # what nobody wanted to hear of has a number too


# Getting in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"label": "host"}, 16025),
        ({"label": "x" * 129}, 16023),
        ({"label": "a/b"}, 16023),
        ({"label": BOB}, 16023),
        ({"coach": DAN}, 13240),
        ({"max_participants": 2}, 16020),
    ],
)
def test_who_does_not_get_in(changes: dict[str, Any], code: int) -> None:
    room = with_(ADA, BOB, label="host")
    outcome = come(room, CAT, **changes)
    assert outcome == Outcome(room, (Tell(call_sid=CAT, what="refused", code=code),))


def test_never_more_than_250() -> None:
    room = new_room(subscription=None)
    for _ in range(rooms.MOST):
        room = come(room, sids.new("CA"), max_participants=1000).room
    assert len(room.present) == 250
    assert tells(come(room, ADA, max_participants=1000).effects) == [(ADA, "refused")]


def test_a_completed_room_takes_nobody() -> None:
    room = rooms.end(with_(ADA, BOB), NOW).room
    assert come(room, CAT).effects == (Tell(call_sid=CAT, what="refused", code=16022),)


def test_one_who_is_called_has_a_place_and_is_not_in() -> None:
    entry = Entry(call_sid=BOB, label="guest")
    room = rooms.expect(with_(ADA), entry, NOW)
    assert [each.status for each in room.participants] == ["connected", "queued"]
    assert room.find("guest") == room.participants[1]
    assert rooms.fault(room, Entry(call_sid=CAT, label="guest")) == 16025
    outcome = rooms.join(room, entry, LATER)
    assert outcome.room.status == "in-progress"
    assert [each.status for each in outcome.room.participants] == ["connected", "connected"]


def test_one_who_is_called_comes_in_as_rest_has_it_by_then() -> None:
    room = rooms.expect(with_(ADA), Entry(call_sid=BOB, label="guest", muted=True), NOW)
    changed = rooms.change(room, BOB, Change(hold=True, end_on_exit=True), LATER)
    assert changed.effects == ()
    outcome = rooms.join(changed.room, Entry(call_sid=BOB), LATER)
    assert (BOB, "hold") in tells(outcome.effects)
    joined = told(outcome.effects, "participant-join")
    assert [joined[name] for name in ("Muted", "Hold", "EndConferenceOnExit")] == ["true"] * 3


def test_one_who_never_came() -> None:
    room = rooms.expect(with_(ADA), Entry(call_sid=BOB), NOW)
    outcome = rooms.leave(room, BOB, "never-came", LATER, "busy")
    left = told(outcome.effects, "participant-leave")
    assert (left["ReasonParticipantLeft"], left["ParticipantCallStatus"]) == (
        "participant_add_failed",
        "busy",
    )
    assert [each.call_sid for each in outcome.room.participants] == [ADA]
    alone = rooms.leave(rooms.expect(new_room(), Entry(call_sid=BOB), NOW), BOB, "never-came", LATER)
    assert alone.room.status == "completed"


# Going ---------------------------------------------------------------------------------------------------------


def test_who_hangs_up_leaves_the_others_alone() -> None:
    outcome = rooms.leave(with_(ADA, BOB, CAT), BOB, "hung-up", LATER)
    assert outcome.room.status == "in-progress"
    assert tells(outcome.effects) == []
    left = told(outcome.effects, "participant-leave")
    assert (left["ReasonParticipantLeft"], left["ParticipantCallStatus"]) == (
        "participant_hung_up",
        "completed",
    )


@pytest.mark.parametrize(
    ("going", "reason"),
    [
        ("hung-up", "participant-with-end-conference-on-exit-left"),
        ("kicked", "participant-with-end-conference-on-exit-kicked"),
        ("redirected", "participant-with-end-conference-on-exit-left"),
    ],
)
def test_a_host_who_goes_ends_it_for_all(going: Going, reason: str) -> None:
    outcome = rooms.leave(with_(ADA, BOB, CAT, end_on_exit=True, label="host"), ADA, going, LATER)
    assert (outcome.room.status, outcome.room.reason, outcome.room.ended_by) == ("completed", reason, ADA)
    assert outcome.room.participants == ()
    dropped = [*([(ADA, "left")] if going == "kicked" else []), (BOB, "left"), (CAT, "left")]
    assert tells(outcome.effects) == dropped
    ended = told(outcome.effects, "conference-end")
    assert (ended["CallSidEndingConference"], ended["ReasonConferenceEnded"]) == (ADA, reason)
    assert ended["ParticipantLabelEndingConference"] == "host"
    assert events(outcome.effects) == ["participant-leave"] * 3 + ["conference-end"]


@pytest.mark.parametrize(
    ("going", "reason"), [("hung-up", "last-participant-left"), ("kicked", "last-participant-kicked")]
)
def test_the_last_one_ends_it(going: Going, reason: str) -> None:
    room = rooms.leave(with_(ADA, BOB), ADA, "hung-up", LATER).room
    outcome = rooms.leave(room, BOB, going, LATER)
    assert (outcome.room.status, outcome.room.reason) == ("completed", reason)


def test_rest_ends_it() -> None:
    outcome = rooms.end(with_(ADA, BOB), LATER)
    assert tells(outcome.effects) == [(ADA, "left"), (BOB, "left")]
    ended = told(outcome.effects, "conference-end")
    assert ended["ReasonConferenceEnded"] == "conference-ended-via-api"
    assert "CallSidEndingConference" not in ended
    assert rooms.end(outcome.room, LATER) == Outcome(outcome.room)


# Sounds and recording ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beep", "sounds"), [("true", "enter exit"), ("onEnter", "enter"), ("onExit", "exit"), ("false", "")]
)
def test_beeps(beep: Any, sounds: str) -> None:
    coming = come(with_(ADA, BOB), CAT, beep=beep)
    going = rooms.leave(coming.room, CAT, "hung-up", LATER)
    heard = [each for each in (*coming.effects, *going.effects) if isinstance(each, Tone)]
    assert " ".join(each.kind for each in heard) == sounds
    assert {each.about for each in heard} <= {CAT}


def test_nobody_hears_a_beep_before_it_starts() -> None:
    outcome = come(with_(ADA, start_on_enter=False), BOB, start_on_enter=False)
    assert not [each for each in outcome.effects if isinstance(each, Tone)]


def test_it_is_recorded_from_when_two_hear_each_other() -> None:
    wished = Recorded(trim="do-not-trim")
    alone = come(new_room(), ADA, recorded=wished)
    both = come(alone.room, BOB, recorded=Recorded())
    more = come(both.room, CAT)
    begun = [
        [each for each in found.effects if isinstance(each, StartRecording)] for found in (alone, both, more)
    ]
    taken = both.room.recording
    assert taken is not None
    assert begun == [[], [StartRecording(sid=taken.sid, recorded=wished)], []]
    assert StopRecording(taken=taken) in rooms.end(more.room, LATER).effects


def test_what_is_heard_in_its_recording() -> None:
    """From the first word to the end of the last, of those whom all can hear."""
    room = with_(ADA, BOB, CAT, recorded=Recorded())
    room = rooms.change(room, BOB, Change(muted=True), NOW).room
    room = rooms.change(room, CAT, Change(coaching=True, coach=ADA), NOW).room
    for second, one, lasts in ((1, BOB, 9), (2, CAT, 9), (3, ADA, 4), (5, ADA, 1), (20, BOB, 1)):
        at = NOW + timedelta(seconds=second)
        room = rooms.speak(room, one, at, at + timedelta(seconds=lasts)).room
    [stopped] = [each for each in rooms.end(room, LATER).effects if isinstance(each, StopRecording)]
    assert stopped.taken.sound == (NOW + timedelta(seconds=3), NOW + timedelta(seconds=7))


# Changes -------------------------------------------------------------------------------------------------------


def test_hold_and_back() -> None:
    held = rooms.change(with_(ADA, BOB), ADA, Change(hold=True, hold_url="https://example.com/hold"), LATER)
    assert Tell(call_sid=ADA, what="hold", url="https://example.com/hold", method="GET") in held.effects
    assert events(held.effects) == ["participant-hold"]
    back = rooms.change(held.room, ADA, Change(hold=False), LATER)
    assert (tells(back.effects), events(back.effects)) == ([(ADA, "unhold")], ["participant-unhold"])


def test_who_waits_waits_with_something_else() -> None:
    wanted = Change(wait_url="https://example.com/wait", wait_method="GET")
    waiting = rooms.change(with_(ADA), ADA, wanted, LATER)
    assert waiting.effects == (Tell(call_sid=ADA, what="wait", url="https://example.com/wait", method="GET"),)
    assert tells(rooms.change(with_(ADA, BOB), ADA, wanted, LATER).effects) == []


def test_each_change_is_told_once() -> None:
    room = with_(ADA, BOB)
    changed = rooms.change(room, ADA, Change(muted=True, end_on_exit=True), LATER)
    assert events(changed.effects) == ["participant-mute", "participant-modify"]
    again = rooms.change(changed.room, ADA, Change(muted=True, end_on_exit=True), LATER)
    assert again.effects == ()
    back = rooms.change(changed.room, ADA, Change(muted=False), LATER)
    assert events(back.effects) == ["participant-unmute"]


@pytest.mark.parametrize(
    ("before", "on_exit", "after"),
    [
        ("true", False, "onEnter"),
        ("false", True, "onExit"),
        ("onEnter", True, "true"),
        ("onExit", False, "false"),
    ],
)
def test_a_beep_on_exit_is_changed_later(before: Any, on_exit: bool, after: str) -> None:
    room = with_(ADA, BOB, beep=before)
    changed = rooms.change(room, ADA, Change(beep_on_exit=on_exit), LATER).room.find(ADA)
    assert changed is not None
    assert changed.beep == after


def test_announcements() -> None:
    room, url = with_(ADA, BOB, CAT), "https://example.com/announce"
    room = rooms.change(room, ADA, Change(hold=True), LATER).room
    [to_all] = rooms.announce(room, url, "GET").effects
    assert to_all == Tell(call_sid=BOB, what="announce", url=url, method="GET", is_for_all=True)
    assert tells(rooms.announce(room, url, "GET", BOB).effects) == [(BOB, "announce")]
    of_all = told(rooms.announced(room, "", url, LATER).effects, "announcement-end")
    assert "CallSid" not in of_all
    heard = told(rooms.announced(room, BOB, url, LATER).effects, "announcement-end")
    assert (heard["CallSid"], heard["AnnounceUrl"]) == (BOB, url)
    failed = told(
        rooms.announced(room, BOB, url, LATER, "HTTP retrieval failure").effects, "announcement-fail"
    )
    assert failed["ReasonAnnouncementFailed"] == "HTTP retrieval failure"


def test_speech_of_those_who_are_heard() -> None:
    room = with_(ADA, BOB)
    assert events(rooms.speak(room, ADA, LATER, LATER).effects) == ["participant-speech-start"]
    assert events(rooms.fall_silent(room, ADA, LATER).effects) == ["participant-speech-stop"]
    for change in (Change(hold=True), Change(muted=True)):
        unheard = rooms.change(room, ADA, change, LATER).room
        assert rooms.speak(unheard, ADA, LATER, LATER).effects == ()


def test_speech_that_nobody_wants_to_hear_of_has_no_number() -> None:
    room = replace(with_(ADA, BOB), subscription=Subscription("https://example.com/events", events=("mute",)))
    silent = rooms.fall_silent(rooms.speak(room, ADA, LATER, LATER).room, ADA, LATER).room
    assert silent.sequence == room.sequence


# Who hears whom ------------------------------------------------------------------------------------------------


def hears(room: Room, listener: str) -> set[str]:
    """Whom this one hears."""
    heard_by = {each.call_sid: rooms.listeners(room, each.call_sid) for each in room.participants}
    return {sid for sid, by in heard_by.items() if listener in [each.call_sid for each in by]}


def test_everybody_hears_everybody_once_it_has_started() -> None:
    assert hears(with_(ADA), ADA) == set()
    room = with_(ADA, BOB, CAT)
    assert hears(room, ADA) == {BOB, CAT}
    muted = rooms.change(room, BOB, Change(muted=True), LATER).room
    assert (hears(muted, ADA), hears(muted, BOB)) == ({CAT}, {ADA, CAT})
    held = rooms.change(room, BOB, Change(hold=True), LATER).room
    assert (hears(held, ADA), hears(held, BOB)) == ({CAT}, set())


def test_a_coach_hears_all_and_is_heard_by_one() -> None:
    room = come(with_(ADA, BOB), CAT, coach=ADA).room
    assert [hears(room, each) for each in (ADA, BOB, CAT)] == [{BOB, CAT}, {ADA}, {ADA, BOB}]
    moved = rooms.change(room, CAT, Change(coach=BOB), LATER)
    assert events(moved.effects) == ["participant-modify"]
    assert [hears(moved.room, each) for each in (ADA, BOB)] == [{BOB}, {ADA, CAT}]
    plain = rooms.change(room, CAT, Change(coaching=False), LATER).room
    assert hears(plain, BOB) == {ADA, CAT}


def test_one_of_many_is_enough_to_work_with() -> None:
    """Of a room of 250 only those are at hand whom a step is about; its numbers are those of all."""
    room = new_room(subscription=None)
    for _ in range(200):
        room = come(room, sids.new("CA")).room
    room = come(room, ADA, label="host", end_on_exit=True).room
    some = replace(room, participants=room.participants[-1:])
    assert (some.size, some.inside, some.starters) == (201, 201, 201)
    newcomer = Entry(call_sid=BOB)
    assert not rooms.starts_with(some, newcomer)
    whole, part = rooms.join(room, newcomer, LATER), rooms.join(some, newcomer, LATER)
    assert part.effects == whole.effects
    assert replace(part.room, participants=()) == replace(whole.room, participants=())
    assert tells(come(some, BOB, label="host").effects) == [(BOB, "refused")]
    assert rooms.ends_without(some, ADA)
    back = rooms.leave(part.room, BOB, "hung-up", LATER).room
    assert replace(back, participants=()) == replace(
        rooms.leave(whole.room, BOB, "hung-up", LATER).room, participants=()
    )


def test_everybody_is_needed_when_it_starts() -> None:
    alone = with_(ADA, start_on_enter=False)
    assert not rooms.starts_with(alone, Entry(call_sid=BOB, start_on_enter=False))
    assert rooms.starts_with(alone, Entry(call_sid=BOB))
    assert rooms.starts_with(with_(ADA), Entry(call_sid=BOB, start_on_enter=False))
    assert not rooms.starts_with(new_room(), Entry(call_sid=BOB))


def test_one_on_hold_is_not_coached() -> None:
    held = rooms.change(with_(ADA, BOB), ADA, Change(hold=True), LATER).room
    assert [rooms.coach_fault(held, each) for each in (ADA, BOB, CAT)] == [16027, None, 13240]


# Callbacks -----------------------------------------------------------------------------------------------------


def test_every_callback_fits_its_schema_and_has_its_number() -> None:
    room, found = new_room(), []
    for outcome in _a_life(room):
        found += [each for each in outcome.effects if isinstance(each, Callback)]
    assert [int(each.params["SequenceNumber"]) for each in found] == list(range(1, len(found) + 1))
    assert {each.params["StatusCallbackEvent"] for each in found} == set(rooms.callbacks.KINDS)
    assert [fault for each in found for fault in faults("conference", dict(each.params))] == []


def _a_life(room: Room) -> list[Outcome]:
    outcomes = [come(room, ADA, label="host", end_on_exit=True)]
    steps: list[Any] = [
        lambda now: come(now, BOB),
        lambda now: come(now, CAT, coach=ADA),
        lambda now: rooms.change(now, BOB, Change(muted=True, hold=True, end_on_exit=True), LATER),
        lambda now: rooms.change(now, BOB, Change(muted=False, hold=False, end_on_exit=False), LATER),
        lambda now: rooms.announced(now, BOB, "https://example.com/a", LATER),
        lambda now: rooms.announced(now, BOB, "https://example.com/a", LATER, "HTTP retrieval failure"),
        lambda now: rooms.speak(now, ADA, LATER, LATER),
        lambda now: rooms.fall_silent(now, ADA, LATER),
        lambda now: rooms.leave(now, CAT, "kicked", LATER),
        lambda now: rooms.leave(now, ADA, "hung-up", LATER),
    ]
    for step in steps:
        outcomes.append(step(outcomes[-1].room))
    return outcomes
