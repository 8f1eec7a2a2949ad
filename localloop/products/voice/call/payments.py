"""Payments within their call: over REST, where what is pressed goes to it and nobody else hears that; and by <Pay>."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from localloop.core import errors, sids
from localloop.products.voice.call.events import EntryOver, PaymentAsked
from localloop.products.voice.call.turn import Turn
from localloop.products.voice.payment import connector, session
from localloop.products.voice.payment.session import Session, Step
from localloop.twiml.interpreter import commands

NOTHING_WANTED = 64018
INCOMPLETE = 64019
INVALID_VALUE = 64020
INVALID_OPERATION = 64021


def begin(turn: Turn, wanted: Session) -> None:
    """The same request once more begins nothing. Raises 21220, and 64021 beside another."""
    if turn.call.status != "in-progress":
        raise errors.call_not_in_progress()
    before = turn.live.payment
    if before is not None and before.key == wanted.key:
        return
    is_paying = turn.live.script is not None and turn.live.script.is_private
    if is_paying or (before is not None and not before.is_over):
        raise errors.of(INVALID_OPERATION)
    turn.live = replace(turn.live, payment=wanted)
    _tell(turn, session.begun(wanted))


def ask(turn: Turn, asked: PaymentAsked) -> None:
    """Raises 20404, 64018, 64019, 64020 and 64021."""
    payment = turn.live.payment
    if payment is None or payment.sid != asked.sid:
        raise errors.of(20404, path=f"/Payments/{asked.sid}")
    if asked.status is None and asked.capture is None:
        raise errors.of(NOTHING_WANTED)
    if payment.is_over:
        if asked.status is None or _name(asked) != payment.ended_by:
            raise errors.of(INVALID_OPERATION)
        return
    payment = replace(payment, callback=asked.callback)
    if asked.status is not None:
        _take(turn, _ended(turn, payment, asked))
    elif asked.capture is not None:
        if not payment.may_capture(asked.capture):
            raise errors.of(INVALID_VALUE)
        _take(turn, session.capture(payment, asked.capture, turn.at))


def _ended(turn: Turn, payment: Session, asked: PaymentAsked) -> Step:
    if asked.status == "cancel":
        return session.cancel(payment, _name(asked), turn.at)
    if payment.missing or payment.capture:
        raise errors.of(INCOMPLETE)
    answer = connector.answer(session.charge(payment), payment.sid)
    if answer.code:
        turn.warn(answer.code, answer.error)
    return session.complete(payment, answer, _name(asked), turn.at)


def _name(asked: PaymentAsked) -> str:
    """What the same request once more is known by."""
    return f"{asked.status} {asked.key}"


def pressed(turn: Turn, digits: str) -> bool:
    """Whether this was for the payment, and for nobody else."""
    payment = turn.live.payment
    if payment is None or not payment.is_private:
        return False
    _take(turn, session.press(payment, digits, turn.at))
    return True


def entry_over(turn: Turn, event: EntryOver) -> None:
    payment = turn.live.payment
    if payment is not None and payment.sid == event.sid:
        _take(turn, session.wait_over(payment, event.turn, turn.at))


def call_over(turn: Turn) -> None:
    """Nobody is on the line any more."""
    payment = turn.live.payment
    if payment is not None and not payment.is_over and turn.call.has_ended:
        _take(turn, session.hung_up(payment, turn.at))


def begin_in_document(turn: Turn) -> None:
    """<Pay> asks for its first piece."""
    turn.live = replace(turn.live, paying=sids.new("PK"))


def tell_of_document(turn: Turn, told: commands.Notify) -> None:
    """A step of <Pay>: its status callback has nothing of the call but its SID."""
    who = {"AccountSid": turn.call.account_sid, "CallSid": turn.call.sid, "PaymentSid": turn.live.paying}
    turn.tell_only(told.url, told.method, {**who, **told.parameters}, follows=True)


def _take(turn: Turn, step: Step) -> None:
    now = step.session
    turn.live = replace(turn.live, payment=now)
    for told in step.told:
        _tell(turn, told)
    if step.waits:
        turn.later(timedelta(seconds=now.pay.timeout), EntryOver(now.sid, now.turn))


def _tell(turn: Turn, told: dict[str, str]) -> None:
    """The call that it names is the first of its family that has two legs (Twilio: "CallSid")."""
    payment, call = turn.live.payment, turn.call
    if payment is not None:
        who = {"AccountSid": call.account_sid, "CallSid": call.parent_sid or call.sid}
        turn.tell_only(payment.callback, "POST", {**who, **told}, follows=True)
