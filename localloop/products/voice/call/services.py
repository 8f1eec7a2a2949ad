"""What a document wants of others than the caller: a payment, a text, whatever listens, another switch."""

from __future__ import annotations

from localloop.products.voice.call import payments, sessions, texting
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.payment import connector
from localloop.telephony import leg
from localloop.twiml.interpreter import AnyCommand, commands, events


def perform(turn: Turn, command: AnyCommand) -> None:
    match command:
        case commands.Listen(private=True):
            payments.begin_in_document(turn)
        case commands.Charge():
            _charge(turn, command)
        case commands.SendMessage():
            texting.send(turn, command)
        case commands.StartBackground():
            sessions.start(turn, command)
        case commands.StopBackground(of=n):
            turn.end_session(n)
        case commands.Connect():
            sessions.connect(turn, command)
        case commands.Refer(n=n, uri=uri):
            turn.order(leg.Refer(n, uri))
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
