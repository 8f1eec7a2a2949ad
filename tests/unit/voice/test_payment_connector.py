"""The simulated payment connector: what is charged, what becomes a token, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.core.errors import catalogue
from localloop.products.voice.payment import connector
from localloop.products.voice.payment.connector import Answer, answer
from localloop.twiml.interpreter import cards
from localloop.twiml.interpreter.commands import Card, Charge
from localloop.twiml.voice import verbs

VISA = "4242424242424242"


def asked(card: Card | None = None, **pay: Any) -> Answer:
    return answer(Charge(card=card or Card(number=VISA), pay=verbs.Pay(**pay)), "CA1:7")


def test_an_amount_is_charged() -> None:
    found = asked(charge_amount="10.50")
    assert found.confirmation_code.startswith("ch_")
    assert (found.code, found.token) == (0, "")


@pytest.mark.parametrize("amount", ["0", "0.00"])
def test_no_amount_makes_a_token(amount: str) -> None:
    found = asked(charge_amount=amount)
    assert found.token.startswith("tok_")
    assert found.profile_id.startswith("cus_")
    assert found.confirmation_code == ""


def test_a_token_for_once_belongs_to_nobody() -> None:
    assert asked(token_type="one-time").profile_id == ""


def test_a_token_may_be_a_payment_method() -> None:
    assert asked(token_type="payment-method").token.startswith("pm_")


def test_the_same_payment_has_the_same_answer_and_another_has_another() -> None:
    charge = Charge(card=Card(number=VISA), pay=verbs.Pay())
    assert answer(charge, "CA1:7") == answer(charge, "CA1:7")
    assert answer(charge, "CA1:7").token != answer(charge, "CA1:8").token


@pytest.mark.parametrize("number", connector.REFUSED_CARDS)
def test_refused_cards_pass_the_checks_and_are_refused(number: str) -> None:
    assert cards.is_card_number(number)
    found = asked(Card(number=number), charge_amount="1")
    assert found.error == connector.REFUSED_CARDS[number]
    expected = connector.CHARGE_REJECTED if found.error == "processing_error" else connector.CARD_REJECTED
    assert found.code == expected
    assert found.confirmation_code == ""


@pytest.mark.parametrize(("amount", "code"), [("5", 64008), ("0", 64010)])
def test_refused_accounts(amount: str, code: int) -> None:
    card = Card(routing_number="110000000", account_number="000111111113")
    found = asked(card, payment_method="ach-debit", charge_amount=amount)
    assert (found.code, found.error) == (code, "account_closed")
    assert code in catalogue()
