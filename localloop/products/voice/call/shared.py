"""A call in a queue or a conference, or one that takes callers of a queue: what it hears there, and what its document
hears of that.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec.structs import replace

from localloop.core import errors
from localloop.products.voice.call.events import (
    Conferred,
    Dequeued,
    Heard,
    LegOver,
    Matched,
    Name,
    Queued,
    QueueOver,
)
from localloop.products.voice.call.live import Taking
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.call.visits import Announce, Announced, GiveUp, Hush, Leave, Speak
from localloop.products.voice.conference.room import Going
from localloop.products.voice.queue import line
from localloop.twiml.interpreter import commands, events

# What its document wants -----------------------------------------------------------------------------------

Wanted: TypeAlias = (
    commands.EnterQueue
    | commands.LeaveQueue
    | commands.Dequeue
    | commands.JoinConference
    | commands.LeaveConference
    | commands.Announced
)


def perform(turn: Turn, wanted: Wanted) -> None:
    match wanted:
        case commands.EnterQueue():
            turn.visit(wanted)
        case commands.LeaveQueue():
            leave_queue(turn, wanted)
        case commands.Dequeue():
            dequeue(turn, wanted)
        case commands.JoinConference():
            join(turn, wanted)
        case commands.LeaveConference():
            leave(turn)
        case commands.Announced(url=url, code=code):
            announced(turn, url, code)


def dequeue(turn: Turn, wanted: commands.Dequeue) -> None:
    taking = Taking(wanted.leg, wanted.queue.url, wanted.queue.method)
    turn.live = replace(turn.live, taking=taking)
    turn.visit(wanted)


def give_up(turn: Turn) -> None:
    """It waits for a caller no longer."""
    taking = turn.live.taking
    if taking is not None and taking.leg not in turn.live.legs:
        turn.live = replace(turn.live, taking=None)
        turn.visit(GiveUp())


def leave_queue(turn: Turn, wanted: commands.LeaveQueue) -> None:
    turn.visit(wanted)
    if turn.live.boss is None:  # else whoever takes it is told first
        turn.live = replace(turn.live, queue_sid="")


def join(turn: Turn, wanted: commands.JoinConference) -> None:
    turn.live = replace(turn.live, room=wanted.conference.name)
    turn.visit(wanted)


def leave(turn: Turn, going: Going | None = None) -> None:
    """Out of the conference that it is in, or is called into."""
    if turn.live.room:
        turn.visit(Leave(turn.live.room, going or ("hung-up" if turn.call.has_ended else "redirected")))
        turn.live = replace(turn.live, room="")


def speak(turn: Turn, said: Heard) -> None:
    room = turn.live.room
    if room and room not in said.trail:
        turn.visit(Speak(room, said))


def hushed(turn: Turn) -> None:
    if turn.live.room:
        turn.visit(Hush(turn.live.room))


def announce(turn: Turn, heard: Heard) -> None:
    """Of an announcement for all, all hear it."""
    if turn.live.announces:
        turn.visit(Announce(turn.live.room, heard))


def announced(turn: Turn, url: str, code: int) -> None:
    failure = errors.title(code) if code else ""
    turn.visit(Announced(turn.live.room, url, failure, turn.live.announces))
    turn.live = replace(turn.live, announces=False)


# What it hears ---------------------------------------------------------------------------------------------


def queued(turn: Turn, event: Queued) -> None:
    if event.what == "entered":
        turn.live = replace(turn.live, queue_sid=event.sid)
    turn.expect(
        lambda seq: events.QueueEvent(seq=seq, at=turn.at, what=event.what, sid=event.sid, code=event.code)
    )


def matched(turn: Turn, event: Matched) -> None:
    """A caller is there: he hears what he shall hear first, and then is connected."""
    taking = turn.live.taking
    if taking is None:
        turn.send(event.caller, QueueOver())
        return
    turn.live = replace(
        turn.live,
        legs={**turn.live.legs, taking.leg: event.caller},
        taking=replace(taking, waited=event.waited),
    )
    taker = Name(turn.call.id, turn.live.root)
    told = line.whisper_params(event.queue_sid, event.waited, turn.call.sid)
    turn.send(event.caller, Dequeued(taking.leg, taker, taking.url, taking.method, dict(told)))


def dequeued(turn: Turn, event: Dequeued) -> None:
    turn.live = replace(turn.live, boss=event.taker, leg=event.leg, whisper=event.parameters)
    turn.expect(
        lambda seq: events.QueueEvent(
            seq=seq,
            at=turn.at,
            what="dequeued",
            sid=turn.live.queue_sid,
            url=event.url,
            method=event.method,
        )
    )


def bridged(turn: Turn, peer: Name | None) -> None:
    """It is connected; one that stood in a queue has left it."""
    turn.live = replace(turn.live, peer=peer, bridged_at=turn.at)
    if turn.live.queue_sid:
        turn.expect(
            lambda seq: events.QueueEvent(seq=seq, at=turn.at, what="bridged", sid=turn.live.queue_sid)
        )


def queue_over(turn: Turn) -> None:
    """Whoever took it from its queue is through with it: its document goes on."""
    sid = turn.live.queue_sid
    turn.live = replace(turn.live, boss=None, leg="", peer=None, bridged_at=None, queue_sid="")
    turn.expect(lambda seq: events.QueueEvent(seq=seq, at=turn.at, what="ended", sid=sid))


def completed(turn: Turn, event: LegOver) -> LegOver:
    """What the action of a <Dial> is told besides of a caller that it took from a queue."""
    taking = turn.live.taking
    if taking is None or taking.leg != event.leg:
        return event
    turn.live = replace(turn.live, taking=None)
    told = line.dial_params(event.call_sid, taking.waited, event.duration or 0)
    return replace(event, parameters={**event.parameters, **told}) if event.call_sid else event


def conferred(turn: Turn, event: Conferred) -> None:
    turn.live = replace(turn.live, announces=event.is_for_all)
    if event.what in ("left", "refused"):
        turn.live = replace(turn.live, room="")
    turn.expect(
        lambda seq: events.ConferenceEvent(
            seq=seq, at=turn.at, what=event.what, code=event.code, url=event.url, method=event.method
        )
    )
