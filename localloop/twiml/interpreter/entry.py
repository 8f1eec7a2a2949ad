"""What is entered to pay, piece by piece: when a piece is whole, what is wrong with it, how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.twiml.interpreter import cards
from localloop.twiml.interpreter.commands import Card
from localloop.twiml.voice import verbs

CARD: Final = "payment-card-number"
EXPIRY: Final = "expiration-date"
SECURITY: Final = "security-code"
POSTAL: Final = "postal-code"
ROUTING: Final = "bank-routing-number"
ACCOUNT: Final = "bank-account-number"
LONGEST: Final = 20  # keys of one entry; more are not kept
_FIELDS: Final[Mapping[str, str]] = {
    CARD: "number",
    EXPIRY: "expires",
    SECURITY: "security_code",
    POSTAL: "postal_code",
    ROUTING: "routing_number",
    ACCOUNT: "account_number",
}


class Secret(Struct, frozen=True):
    """Keys that were pressed."""

    keys: str = ""

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


def pieces(pay: verbs.Pay) -> tuple[str, ...]:
    """What is asked for, in order. A postal code that is given is not asked for."""
    if pay.payment_method == "ach-debit":
        return (ROUTING, ACCOUNT)
    asked = [CARD, EXPIRY]
    if pay.security_code:
        asked.append(SECURITY)
    if pay.postal_code == "true":
        asked.append(POSTAL)
    return tuple(asked)


def empty(pay: verbs.Pay) -> Card:
    """Before anything is entered."""
    return Card(postal_code=pay.postal_code if pay.postal_code not in ("true", "false") else "")


def is_entered(card: Card, piece: str) -> bool:
    return bool(getattr(card, _FIELDS[piece]))


def with_piece(card: Card, piece: str, keys: str) -> Card:
    return replace(card, **{_FIELDS[piece]: keys})


def length(piece: str, keys: str, brand: str) -> int:
    """After so many keys it is whole; 0 where that is not known."""
    match piece:
        case "payment-card-number":
            return cards.usual_length(keys) if len(keys) > 3 else 0
        case "expiration-date":
            return 4
        case "security-code":
            return cards.security_code_length(brand)
        case "bank-routing-number":
            return 9
    return 0


def fault(piece: str, keys: str, brand: str, pay: verbs.Pay, at: datetime) -> str:
    """What is wrong with it, as Twilio calls that; "" for nothing."""
    if not keys:
        return "input-timeout"
    match piece:
        case "payment-card-number":
            if not cards.is_card_number(keys):
                return "invalid-card-number"
            return "" if cards.brand_of(keys) in pay.valid_card_types else "invalid-card-type"
        case "expiration-date":
            return "" if cards.is_good_until(keys, at) else "invalid-date"
        case "security-code":
            return "" if len(keys) == cards.security_code_length(brand) else "invalid-security-code"
        case "postal-code":
            return "" if len(keys) >= pay.min_postal_code_length else "invalid-postal-code"
        case "bank-routing-number":
            return "" if cards.is_routing_number(keys) else "invalid-bank-routing-number"
        case _:
            return "" if cards.is_account_number(keys) else "invalid-bank-account-number"


def told(card: Card, brand: str, pay: verbs.Pay) -> dict[str, str]:
    """What has been entered, with what is secret of it hidden."""
    known = {
        "PaymentCardNumber": cards.masked(card.number, 4),
        "PaymentCardType": brand,
        "ExpirationDate": card.expires,
        "SecurityCode": cards.masked(card.security_code, 0),
        "PaymentCardPostalCode": card.postal_code,
        "BankRoutingNumber": card.routing_number,
        "BankAccountNumber": cards.masked(card.account_number, 2),
        "BankAccountType": pay.bank_account_type if card.account_number else "",
    }
    return {name: value for name, value in known.items() if value}


def told_so_far(piece: str, keys: str) -> dict[str, str]:
    """A piece of which keys are still to come: hidden, but for those that are no secret."""
    hidden = "x" * len(keys)
    known = {
        CARD: {"PaymentCardNumber": hidden},
        EXPIRY: {"ExpirationDate": keys},
        SECURITY: {"SecurityCode": hidden},
        POSTAL: {"PaymentCardPostalCode": keys},
        ROUTING: {"BankRoutingNumber": keys},
        ACCOUNT: {"BankAccountNumber": hidden},
    }
    return known[piece] if keys else {}
