"""Everything that can happen to a call by what its interpreter has asked for until now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from localloop.twiml.interpreter import commands, events
from localloop.twiml.interpreter.commands import AnyCommand
from tests.support.interpreted import Talk

Happening: TypeAlias = tuple[type[events.Event], dict[str, Any]]

_TIMED = (commands.Say, commands.Play, commands.PlayTones, commands.Beep, commands.Pause)
_ANSWERS: tuple[tuple[type[commands.Command], type[events.Event], tuple[dict[str, Any], ...]], ...] = (
    (commands.SendMessage, events.MessageSent, ({"sid": "SM1"}, {"status": "failed", "code": 14107})),
    (commands.Charge, events.Charged, ({"token": "tok_1"}, {"code": 64012, "error": "declined"})),
    (commands.Connect, events.SessionEnded, ({}, {"code": 64105})),
    (commands.Refer, events.Referred, ({"status": "completed"}, {"status": "failed"})),
    (commands.StartRecording, events.RecordingEnded, ({"sid": "RE1", "url": "u", "duration": 1},)),
    (commands.StartBackground, events.BackgroundEnded, ({},)),
)


def happenings(talk: Talk) -> list[Happening]:
    """What the world owes the call, first; those that it may do besides are `surprises`."""
    return [
        *_fetches(talk),
        *_media(talk),
        *_answers(talk),
        *_legs(talk),
        *_rooms(talk),
        *_queues(talk),
        *_timers(talk),
    ]


def _numbers(talk: Talk, *kinds: type[events.Event]) -> set[int]:
    return {getattr(event, "n", 0) for event in talk.history if isinstance(event, kinds)}


def _of(talk: Talk, kind: Any) -> Iterator[Any]:
    return (command for command in talk.all if isinstance(command, kind))


def _is_in(talk: Talk, enter: Any, leave: Any, event: type[events.Event], ends: tuple[str, ...]) -> bool:
    """Whether it has gone in oftener than out."""
    ended = sum(isinstance(each, event) and getattr(each, "what", "") in ends for each in talk.history)
    return len(list(_of(talk, enter))) > len(list(_of(talk, leave))) + ended


def _after(talk: Talk, kind: Any) -> int:
    """The number of the last command of this kind."""
    return max((command.n for command in _of(talk, kind)), default=0)


def _fetches(talk: Talk) -> Iterator[Happening]:
    done = _numbers(talk, events.Fetched, events.FetchFailed)
    for fetch in _of(talk, commands.Fetch):
        if fetch.n not in done:
            yield events.FetchFailed, {"n": fetch.n, "code": 11200}


def unanswered(talk: Talk) -> commands.Fetch | None:
    """The last request for a document that nobody has answered yet."""
    done = _numbers(talk, events.Fetched, events.FetchFailed)
    return next((fetch for fetch in _of(talk, commands.Fetch) if fetch.n not in done), None)


def _media(talk: Talk) -> Iterator[Happening]:
    done, stopped = _numbers(talk, events.Played), _after(talk, commands.StopMedia)
    for sound in _of(talk, _TIMED):
        if sound.n not in done and sound.n > stopped:
            yield events.Played, {"n": sound.n}
            if isinstance(sound, commands.Play):
                yield events.Played, {"n": sound.n, "code": 13420}


def _answers(talk: Talk) -> Iterator[Happening]:
    for command, event, choices in _ANSWERS:
        done = _numbers(talk, event)
        for asked in _of(talk, command):
            if asked.n not in done:
                for fields in choices:
                    yield event, {"n": asked.n, **fields}


def _timers(talk: Talk) -> Iterator[Happening]:
    gone = {command.name for command in _of(talk, commands.CancelTimer)}
    gone |= {event.name for event in talk.history if isinstance(event, events.Timer)}
    for timer in _of(talk, commands.StartTimer):
        if timer.name not in gone:
            yield events.Timer, {"name": timer.name}


def _legs(talk: Talk) -> Iterator[Happening]:
    over = {event.leg for event in talk.history if isinstance(event, events.LegEnded)}
    for leg in _placed(talk.all):
        if leg in over:
            continue
        for how in ("no-answer", "completed", "busy", "failed", "redirected"):
            yield events.LegEnded, {"leg": leg, "how": how, "call_sid": "CA1", "duration": 3}
        for what in ("ringing", "answered", "accepted"):
            yield events.DialProgress, {"leg": leg, "what": what, "call_sid": "CA1"}


def _placed(said: list[AnyCommand]) -> Iterator[str]:
    for command in said:
        if isinstance(command, commands.PlaceLegs):
            yield from (leg.leg for leg in command.legs)
        elif isinstance(command, commands.Dequeue):
            yield command.leg


def _rooms(talk: Talk) -> Iterator[Happening]:
    ends = ("left", "refused")
    if _is_in(talk, commands.JoinConference, commands.LeaveConference, events.ConferenceEvent, ends):
        url = "https://app.example.com/room"
        for what in ("left", "wait", "enter", "hold", "unhold", "refused"):
            yield events.ConferenceEvent, {"what": what, "sid": "CF1"}
        for what in ("hold", "announce"):
            yield events.ConferenceEvent, {"what": what, "url": url}


def _queues(talk: Talk) -> Iterator[Happening]:
    ends = ("full", "refused", "ended")
    if _is_in(talk, commands.EnterQueue, commands.LeaveQueue, events.QueueEvent, ends):
        for what in ("full", "entered", "refused", "dequeued", "bridged", "ended"):
            yield events.QueueEvent, {"what": what, "sid": "QU1"}
        yield events.QueueEvent, {"what": "dequeued", "url": "https://app.example.com/whisper"}


def play_out(talk: Talk, choose: Callable[[list[Happening]], Happening], most: int) -> int:
    """Let what the world owes happen, until the run has ended or nothing is owed; how many events that took."""
    for count in range(most):
        owed = happenings(talk)
        if talk.state.ended or not owed:
            return count
        kind, fields = choose(owed)
        talk.send(kind, **fields)
    return most
