"""What a document wants of others than the caller: a payment, a text, a stream, another switch.

Streams, transcriptions and sessions need sound, which simulated phones have not: they end as they begin, and the
Debugger says so (13750).
"""

from __future__ import annotations

from typing import Final

from localloop.products.voice.call import texting
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.payment import connector
from localloop.twiml.interpreter import AnyCommand, commands, events

NOT_SUPPORTED: Final = 13750
NOT_IMPLEMENTED: Final = 501  # of SIP


def perform(turn: Turn, command: AnyCommand) -> None:
    match command:
        case commands.Charge():
            _charge(turn, command)
        case commands.SendMessage():
            texting.send(turn, command)
        case commands.StartBackground(n=n):
            _say(turn, "what listens to a call")
            turn.expect(lambda seq: events.BackgroundEnded(seq=seq, at=turn.at, n=n))
        case commands.Connect(n=n):
            _say(turn, "<Connect>")
            turn.expect(lambda seq: events.SessionEnded(seq=seq, at=turn.at, n=n, code=NOT_SUPPORTED))
        case commands.Refer(n=n):
            turn.expect(
                lambda seq: events.Referred(
                    seq=seq, at=turn.at, n=n, status="failed", sip_code=NOT_IMPLEMENTED
                )
            )
        case _:
            pass


def _charge(turn: Turn, charge: commands.Charge) -> None:
    """The same payment has the same answer, however often it is made."""
    said = connector.answer(charge, f"{turn.call.sid}:{charge.n}")
    turn.expect(
        lambda seq: events.Charged(
            seq=seq,
            at=turn.at,
            n=charge.n,
            code=said.code,
            error=said.error,
            token=said.token,
            confirmation_code=said.confirmation_code,
            profile_id=said.profile_id,
        )
    )


def _say(turn: Turn, what: str) -> None:
    turn.known = 0
    turn.warn(NOT_SUPPORTED, f"{what} is not carried out on simulated phones yet")
    turn.known = NOT_SUPPORTED
