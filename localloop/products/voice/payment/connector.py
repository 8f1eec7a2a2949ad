"""A payment connector that moves no money: it answers as a gateway in test mode would.

Any card or account that is well-formed is good, except for those numbers that Stripe publishes for testing refusals.
The same payment has the same answer: what it is known by comes from its key, and tells nothing of the card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from localloop.twiml.interpreter.commands import Card, Charge
from localloop.twiml.voice import verbs

CHARGE_REJECTED: Final = 64008
TOKEN_REJECTED: Final = 64010
CARD_REJECTED: Final = 64012

# Card numbers and bank accounts that are refused, and what the gateway says of each (Stripe: "Testing").
REFUSED_CARDS: Final[Mapping[str, str]] = {
    "4000000000000002": "card_declined",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000009979": "stolen_card",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000000000000119": "processing_error",
}
REFUSED_ACCOUNTS: Final[Mapping[str, str]] = {
    "000111111113": "account_closed",
    "000111111116": "no_account",
    "000222222227": "insufficient_funds",
    "000333333335": "debit_not_authorized",
}
_TOKENS: Final[Mapping[str, str]] = {"reusable": "tok", "one-time": "tok", "payment-method": "pm"}
_KEPT: Final = frozenset({"reusable", "payment-method"})  # the gateway keeps a customer for these


class Answer(Struct, frozen=True, kw_only=True):
    """Without a code it was a success: of a charge there is a confirmation, else a token."""

    code: int = 0
    error: str = ""
    token: str = ""
    confirmation_code: str = ""
    profile_id: str = ""


def answer(charge: Charge, key: str) -> Answer:
    """What the gateway says; `key` names the payment: its call and the number of the command."""
    pay = charge.pay
    is_charge = Decimal(pay.charge_amount) > 0
    error = _refusal(charge.card)
    if error:
        return Answer(code=_code(error, pay, is_charge=is_charge), error=error)
    if is_charge:
        return Answer(confirmation_code=_name("ch", key))
    profile = _name("cus", key) if pay.token_type in _KEPT else ""
    return Answer(token=_name(_TOKENS[pay.token_type], key), profile_id=profile)


def _refusal(card: Card) -> str:
    return REFUSED_CARDS.get(card.number) or REFUSED_ACCOUNTS.get(card.account_number, "")


def _code(error: str, pay: verbs.Pay, *, is_charge: bool) -> int:
    """Cards are refused as such; what else goes wrong is the gateway's refusal of what it was asked for."""
    if pay.payment_method == "credit-card" and error != "processing_error":
        return CARD_REJECTED
    return CHARGE_REJECTED if is_charge else TOKEN_REJECTED


def _name(prefix: str, key: str) -> str:
    return f"{prefix}_{hashlib.sha256(f'{prefix}:{key}'.encode()).hexdigest()[:24]}"
