"""A call that cannot go on, because of a fault of ours: it alone fails, and all that it has to do with hear of it."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from localloop.products.voice.call import family, payments, shared
from localloop.products.voice.call.events import Released
from localloop.products.voice.call.turn import Turn
from localloop.telephony import leg
from localloop.twiml.interpreter import commands

INTERNAL: Final = 20500
_SIP_CODE: Final = 500


def end(turn: Turn, reason: str) -> None:
    """Whatever it was about to do; those that it was connected to are let go."""
    turn.order(leg.HangUp())
    turn.news.clear()
    _leave(turn)
    for other in turn.live.legs.values():
        turn.send(other, Released())
    fail(turn, reason)
    payments.call_over(turn)
    family.over(turn, "failed")


def fail(turn: Turn, reason: str) -> None:
    """The least that can be done: it has failed, and says so."""
    turn.live = replace(turn.live, script=None, end=None)
    turn.become("failed", sip_code=_SIP_CODE)
    turn.warn(INTERNAL, reason)


def _leave(turn: Turn) -> None:
    """The queue and the conference that it is in, and whatever it waits for."""
    shared.leave(turn)
    shared.give_up(turn)
    if turn.live.queue_sid:
        turn.visit(commands.LeaveQueue(result="hangup"))
