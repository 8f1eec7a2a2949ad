"""A payment that an agent leads over REST while the payer is on the line: one piece after the other, as he asks. Pure.

Source: Twilio's "Payments subresource". What is entered shows in no text of these values, and leaves hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from localloop.products.voice.payment.connector import Answer
from localloop.twiml.interpreter import cards, entry
from localloop.twiml.interpreter.commands import Card, Charge
from localloop.twiml.interpreter.entry import Secret
from localloop.twiml.voice import verbs

Piece: TypeAlias = Literal[
    "payment-card-number",
    "expiration-date",
    "security-code",
    "postal-code",
    "bank-routing-number",
    "bank-account-number",
]
TOO_EARLY: Final = "invalid-card-number-security-code-capture-sequence"
_OF_CARD: Final = (entry.CARD, entry.EXPIRY, entry.SECURITY, entry.POSTAL)
_OF_BANK: Final = (entry.ROUTING, entry.ACCOUNT)


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`capture` is the piece that is being entered; `turn` counts the waits for a key, so that one that is out of date
    is known. `key` is that of the request that began it."""

    sid: str
    key: str
    pay: verbs.Pay
    callback: str
    created: datetime
    updated: datetime
    capture: Piece | None = None
    turn: int = 0
    entered: Secret = Secret()
    card: Card = Card()
    brand: str = ""
    is_over: bool = False
    ended_by: str = ""  # the request that completed or canceled it

    @property
    def is_private(self) -> bool:
        """Whether what is pressed now is nobody's business."""
        return self.capture is not None

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(each for each in entry.pieces(self.pay) if not entry.is_entered(self.card, each))

    def may_capture(self, piece: Piece) -> bool:
        return piece in (_OF_BANK if self.pay.payment_method == "ach-debit" else _OF_CARD)

    def holding(self, secret: Held) -> Session:
        return replace(self, entered=secret.entered, card=secret.card)


class Held(Struct, frozen=True):
    """All of a session that is secret."""

    entered: Secret = Secret()
    card: Card = Card()


class Step(Struct, frozen=True):
    """What became of it, what its callback is told, and whether the next key is waited for."""

    session: Session
    told: tuple[dict[str, str], ...] = ()
    waits: bool = False


def begun(session: Session) -> dict[str, str]:
    """What its callback is told first."""
    return {"Sid": session.sid, "DateCreated": _moment(session.created), **_wish(session)}


def capture(session: Session, piece: Piece, at: datetime) -> Step:
    """Ask for this piece, perhaps again: what was entered of it before is forgotten."""
    card = entry.with_piece(session.card, piece, "")
    if piece == entry.CARD:  # how long a security code is depends on it
        card = entry.with_piece(card, entry.SECURITY, "")
    now = replace(session, card=card, entered=Secret(), updated=at, capture=piece, turn=session.turn + 1)
    if piece == entry.CARD:
        now = replace(now, brand="")
    if piece == entry.SECURITY and not session.brand:
        now = replace(now, capture=None)
        return Step(now, (_captured(now, piece, {"ErrorType": TOO_EARLY}),))
    return Step(now, (_captured(now, piece),))


def press(session: Session, digits: str, at: datetime) -> Step:
    """Keys; each is told. What comes after the last of a piece is dropped."""
    told: list[dict[str, str]] = []
    step = Step(session)
    for key in digits:
        if step.session.capture is None:
            break
        step = _key(step.session, key, at)
        told += step.told
    return replace(step, told=tuple(told))


def wait_over(session: Session, turn: int, at: datetime) -> Step:
    """No key came for as long as it waits between two."""
    return _whole(session, at) if session.capture and turn == session.turn else Step(session)


def complete(session: Session, answer: Answer, by: str, at: datetime) -> Step:
    """What the connector says of it."""
    told = {
        "Result": "payment-connector-error" if answer.code else "success",
        **entry.told(session.card, session.brand, session.pay),
    }
    if answer.code:
        told |= {
            "PayErrorCode": str(answer.code),
            "PaymentError": answer.error,
            "ConnectorError": answer.error,
        }
    else:
        told |= {
            "PaymentConfirmationCode": answer.confirmation_code,
            "PaymentToken": answer.token,
            "ProfileId": answer.profile_id,
        }
    return _over(session, told, at, by)


def cancel(session: Session, by: str, at: datetime) -> Step:
    """No result: Twilio documents none for it."""
    return _over(session, {}, at, by)


def hung_up(session: Session, at: datetime) -> Step:
    return _over(session, {"Result": "caller-hung-up"}, at)


def charge(session: Session) -> Charge:
    return Charge(card=session.card, card_type=session.brand, pay=session.pay)


def _key(session: Session, key: str, at: datetime) -> Step:
    if key == "*":
        return _over(session, {"Result": "caller-interrupted-with-star"}, at)
    if key == "#":
        return _whole(session, at)
    if not key.isdigit():
        return Step(session, waits=bool(session.entered.keys))
    keys = (session.entered.keys + key)[: entry.LONGEST]
    piece = session.capture or ""
    now = replace(session, entered=Secret(keys), updated=at, turn=session.turn + 1)
    if len(keys) == entry.length(piece, keys, session.brand):
        return _whole(now, at)
    return Step(now, (_captured(now, piece),), waits=True)


def _whole(session: Session, at: datetime) -> Step:
    """All of a piece is there: it is taken, or has to be asked for again."""
    piece, keys = session.capture or "", session.entered.keys
    fault = entry.fault(piece, keys, session.brand, session.pay, at)
    now = replace(session, capture=None, entered=Secret(), updated=at, turn=session.turn + 1)
    if fault:
        return Step(now, (_captured(now, piece, {"ErrorType": fault}),))
    brand = cards.brand_of(keys) if piece == entry.CARD else session.brand
    now = replace(now, card=entry.with_piece(session.card, piece, keys), brand=brand)
    return Step(now, (_captured(now, piece),))


def _over(session: Session, told: Mapping[str, str], at: datetime, by: str = "") -> Step:
    """Nothing that was entered stays."""
    now = replace(
        session,
        capture=None,
        entered=Secret(),
        card=Card(),
        brand="",
        is_over=True,
        ended_by=by,
        updated=at,
        turn=session.turn + 1,
    )
    return Step(now, ({**begun(now), "DateUpdated": _moment(at), **told},))


def _captured(session: Session, piece: str, more: Mapping[str, str] = {}) -> dict[str, str]:
    so_far = entry.told_so_far(piece, session.entered.keys) if session.capture else {}
    return {
        **begun(session),
        "DateUpdated": _moment(session.updated),
        "Capture": piece,
        "PartialResult": "true" if session.capture else "false",
        "Required": ",".join(session.missing),
        **entry.told(session.card, session.brand, session.pay),
        **so_far,
        **more,
    }


def _wish(session: Session) -> dict[str, str]:
    pay = session.pay
    known: dict[str, Any] = {"PaymentConnector": pay.payment_connector, "PaymentMethod": pay.payment_method}
    if float(pay.charge_amount) > 0:
        known["ChargeAmount"] = pay.charge_amount
    else:
        known["TokenType"] = pay.token_type
    if pay.payment_method == "ach-debit":
        known["BankAccountType"] = pay.bank_account_type
    return known


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
