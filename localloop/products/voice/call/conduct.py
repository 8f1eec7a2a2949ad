"""What each event does to a call. Pure: a turn gathers it, and the engine writes it down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from localloop.core import errors
from localloop.products.voice.call import lifecycle
from localloop.products.voice.call.events import (
    Arrived,
    Came,
    Conferred,
    Detected,
    Dialled,
    Event,
    HungUp,
    Ordered,
    Pressed,
    Said,
    TimeIsUp,
)
from localloop.products.voice.call.lifecycle import Status
from localloop.products.voice.call.turn import Turn
from localloop.telephony import leg
from localloop.telephony.leg import Ended, News

_UNANSWERED: Final[dict[str, Status]] = {"busy": "busy", "failed": "failed"}


def conduct(turn: Turn, event: Event) -> None:
    """Raises what the call refuses to whoever asked in person."""
    match event:
        case Dialled():
            _dial(turn)
        case Arrived():
            turn.ring()
        case Came(news):
            _hear(turn, turn.react(turn.end.due(news)))
        case Pressed(digits):
            _hear(turn, turn.react(turn.end.press(digits)))
        case Said(text):
            _hear(turn, turn.react(turn.end.say(text)))
        case HungUp():
            _hear(turn, turn.react(turn.end.hang_up()))
        case TimeIsUp():
            hang_up(turn)
        case Detected() | Conferred():
            pass
        case Ordered():
            _obey(turn, event)


def hang_up(turn: Turn) -> None:
    """The platform ends it."""
    turn.order(leg.HangUp())
    turn.become(lifecycle.ended_by_request(turn.call.status))


def _dial(turn: Turn) -> None:
    if not turn.become("initiated"):
        return
    turn.ring()
    _hear(turn, turn.order(leg.Ring(turn.call.options.timeout)))


def _hear(turn: Turn, news: Sequence[News]) -> None:
    for each in news:
        match each:
            case leg.Ringing():
                turn.become("ringing")
            case leg.Answered():
                turn.become("in-progress")
            case Ended():
                _end(turn, each)
            case _:
                pass


def _end(turn: Turn, ended: Ended) -> None:
    """The other end is gone; of a call that was not answered that says how."""
    if turn.call.status == "in-progress":
        turn.become("completed", sip_code=ended.sip_code)
    else:
        turn.become(_UNANSWERED.get(ended.how, "no-answer"), sip_code=ended.sip_code)


def _obey(turn: Turn, ordered: Ordered) -> None:
    """Raises 21220."""
    if ordered.options is not None:
        turn.adopt(ordered.options)
    if ordered.end == "canceled" and turn.call.status == "in-progress":
        raise errors.call_not_in_progress()
    if ordered.end:
        hang_up(turn)
    elif (ordered.url or ordered.twiml) and turn.call.status != "in-progress":
        raise errors.call_not_in_progress()
