"""Pay: what is asked for, what is checked, what is told, and that nothing of a card shows anywhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from localloop.twiml.interpreter import cards, commands, events
from localloop.twiml.interpreter.commands import Card
from tests.support.interpreted import BASE, Talk, talking

NEXT = "<Say>next</Say>"
VISA = "4242424242424242"
AMEX = "378282246310005"


def pay(attributes: str = "action='paid'", inside: str = "") -> Talk:
    return talking(f"<Pay {attributes}>{inside}</Pay>{NEXT}")


def told(talk: Talk) -> dict[str, str]:
    fetch = talk.one(commands.Fetch)
    assert (fetch.url, fetch.method, fetch.why) == (f"{BASE}paid", "POST", "pay")
    return fetch.parameters


def enter(talk: Talk, *entries: str) -> None:
    for entry in entries:
        talk.press(entry)


def charged(talk: Talk, **fields: object) -> None:
    talk.send(events.Charged, n=talk.last(commands.Charge).n, **fields)


def test_a_card_from_its_number_to_its_token() -> None:
    talk = pay("action='paid' chargeAmount='10.50'")
    assert talk.one(commands.Listen).private
    for entry, word in ((VISA, "expiration"), ("1230", "security"), ("123", "postal")):
        talk.press(entry)
        assert word in talk.heard()[-1]
    talk.press("94105#")
    charge = talk.one(commands.Charge)
    assert charge.card == Card(VISA, "1230", "123", "94105")
    assert (charge.card_type, charge.pay.charge_amount) == ("visa", "10.50")
    charged(talk, confirmation_code="ch_1", profile_id="cus_1")
    assert told(talk) == {
        "Result": "success",
        "PaymentMethod": "credit-card",
        "Connector": "Default",
        "PaymentCardNumber": "xxxxxxxxxxxx4242",
        "PaymentCardType": "visa",
        "ExpirationDate": "1230",
        "SecurityCode": "xxx",
        "PaymentCardPostalCode": "94105",
        "PaymentConfirmationCode": "ch_1",
        "ProfileId": "cus_1",
    }


def test_nothing_of_a_card_shows_in_any_text() -> None:
    talk = pay("action='paid' statusCallback='/status'")
    written = []
    for key in f"{VISA}123012394105#":
        talk.press(key)
        written += [repr(talk.state), repr(talk.said), str(talk.said)]
        assert talk.state.is_private
    charged(talk, token="tok_1")
    written += [repr(talk.state), repr(talk.all)]
    assert talk.last(commands.Charge).card.number == VISA
    for secret in (VISA, VISA[:8], "'123'"):
        assert not any(secret in text for text in written)


def test_what_is_entered_elsewhere_is_no_secret() -> None:
    assert not talking("<Gather/>").state.is_private


def test_an_american_express_card_has_other_lengths() -> None:
    talk = pay("action='paid' postalCode='false'")
    enter(talk, AMEX, "1230", "1234")
    assert talk.last(commands.Charge).card == Card(AMEX, "1230", "1234")


def test_a_postal_code_that_is_known_is_not_asked_for() -> None:
    talk = pay("action='paid' postalCode='94105' securityCode='false'")
    enter(talk, VISA, "1230")
    assert talk.one(commands.Charge).card == Card(VISA, "1230", "", "94105")


def test_cards_of_other_brands_are_taken_where_they_are_named() -> None:
    talk = pay("action='paid' validCardTypes='discover'")
    talk.press("6011111111111117")
    assert "expiration" in talk.heard()[-1]
    talk = pay("action='paid' validCardTypes='discover' maxAttempts='1'")
    talk.press(VISA)
    assert told(talk)["Result"] == "too-many-failed-attempts"


def test_a_bank_account() -> None:
    talk = pay("action='paid' paymentMethod='ach-debit' bankAccountType='consumer-savings'")
    assert "routing" in talk.heard()[-1]
    enter(talk, "021000021", "123456789#")
    charge = talk.one(commands.Charge)
    assert (charge.card.routing_number, charge.card.account_number) == ("021000021", "123456789")
    charged(talk, token="tok_1")
    parameters = told(talk)
    assert parameters["BankAccountNumber"] == "xxxxxxx89"
    assert parameters["BankRoutingNumber"] == "021000021"
    assert (parameters["BankAccountType"], parameters["PaymentToken"]) == ("consumer-savings", "tok_1")


# -- what is wrong


@pytest.mark.parametrize(
    ("before", "entry", "error"),
    [
        ((), "4242424242424241", "invalid-card-number"),
        ((), "4242#", "invalid-card-number"),
        ((), "6011111111111117", "invalid-card-type"),
        ((), "#", "input-timeout"),
        ((VISA,), "1330", "invalid-date"),
        ((VISA,), "1225", "invalid-date"),
        ((VISA, "1230"), "12#", "invalid-security-code"),
        ((VISA, "1230", "123"), "9410#", "invalid-postal-code"),
    ],
)
def test_what_is_wrong_is_told_and_asked_for_again(before: tuple[str, ...], entry: str, error: str) -> None:
    talk = pay("action='paid' statusCallback='/status' minPostalCodeLength='5' maxAttempts='2'")
    enter(talk, *before)
    step = talk.heard()[-1]
    talk.press(entry)
    notify = talk.one(commands.Notify)
    assert (notify.url, notify.kind) == ("https://app.example.com/status", "pay-status")
    assert (notify.parameters["ErrorType"], notify.parameters["Attempt"]) == (error, "1")
    assert talk.heard()[-1].endswith(step)
    assert talk.heard()[-1] != step
    talk.press(entry)
    assert talk.one(commands.Notify).parameters["Attempt"] == "2"
    assert told(talk)["Result"] == "too-many-failed-attempts"


@pytest.mark.parametrize(
    ("entry", "error"),
    [("021000022", "invalid-bank-routing-number"), ("12#", "invalid-bank-routing-number")],
)
def test_a_bank_that_is_none(entry: str, error: str) -> None:
    talk = pay("statusCallback='/status' paymentMethod='ach-debit'")
    talk.press(entry)
    assert talk.one(commands.Notify).parameters["ErrorType"] == error


def test_nothing_entered_in_time() -> None:
    talk = pay("statusCallback='/status' timeout='7'")
    talk.played()
    assert talk.one(commands.StartTimer).seconds == 7
    talk.wait()
    assert talk.one(commands.Notify).parameters["ErrorType"] == "input-timeout"


def test_what_was_entered_in_time_counts() -> None:
    talk = pay("postalCode='true'")
    enter(talk, VISA, "1230", "123", "94105")
    talk.wait()
    assert talk.one(commands.Charge).card.postal_code == "94105"


def test_one_more_try_unless_said_otherwise() -> None:
    talk = pay()
    talk.press("#")
    assert talk.state.frames[-1].line == 1
    talk.press("#")
    assert told(talk)["Result"] == "too-many-failed-attempts"


def test_too_many_attempts_without_an_action_fall_through() -> None:
    talk = pay("maxAttempts='1'")
    talk.press("#")
    assert talk.heard()[-1] == "next"


def test_every_step_that_succeeds_is_told() -> None:
    talk = pay("statusCallback='/status'")
    talk.press(VISA)
    assert talk.one(commands.Notify).parameters == {
        "For": "payment-card-number",
        "Attempt": "1",
        "PaymentCardNumber": "xxxxxxxxxxxx4242",
        "PaymentCardType": "visa",
    }


def test_a_connector_that_refuses() -> None:
    talk = pay("action='paid' postalCode='false'")
    enter(talk, VISA, "1230", "123")
    charged(talk, code=64012, error="card_declined")
    assert talk.warned() == [64012]
    parameters = told(talk)
    assert (parameters["Result"], parameters["PayErrorCode"]) == ("payment-connector-error", "64012")


# -- how it ends


def test_a_star_ends_it_at_any_time() -> None:
    talk = pay()
    talk.press("42*")
    assert told(talk)["Result"] == "caller-interrupted-with-star"


def test_who_hangs_up() -> None:
    talk = pay()
    talk.press(VISA)
    talk.hangs_up()
    notify = talk.one(commands.Notify)
    assert (notify.kind, notify.parameters["Result"]) == ("pay", "caller-hung-up")
    assert talk.state.ended


def test_without_an_action_a_success_asks_the_document_itself() -> None:
    talk = pay("postalCode='false' securityCode='false'")
    enter(talk, VISA, "1230")
    charged(talk, token="tok_1")
    assert talk.one(commands.Fetch).url == f"{BASE}start"


# -- prompts


def test_a_key_stops_the_prompt() -> None:
    talk = pay()
    talk.press("4")
    assert talk.kinds() == ["StopMedia", "StartTimer"]


def test_a_pound_key_after_the_last_digit_is_no_second_entry() -> None:
    """People do as they are told, and press it; the number was whole before."""
    talk = pay("action='paid' maxAttempts='2'")
    talk.press("4242424242424241#")
    assert len([text for text in talk.heard() if "card number" in text.lower()]) == 2
    talk.press("#")
    assert told(talk)["Result"] == "too-many-failed-attempts"  # that one was an entry


def test_own_words_where_they_fit() -> None:
    talk = pay(
        inside="<Prompt for='payment-card-number'><Say>Your card?</Say></Prompt>"
        "<Prompt for='payment-card-number' attempt='2'><Say>Again?</Say></Prompt>"
        "<Prompt for='payment-card-number' errorType='input-timeout' attempt='2'><Say>Still there?</Say></Prompt>"
        "<Prompt for='security-code' cardType='amex'><Say>Four digits?</Say><Pause/></Prompt>"
        "<Parameter name='a' value='b'/>"
    )
    assert talk.heard() == ["Your card?"]
    talk.press("4242#")
    assert talk.heard()[-1] == "Again?"
    talk = pay(inside="<Prompt errorType='timeout'><Say>Still there?</Say></Prompt>")
    talk.press("#")
    assert talk.heard()[-1] == "Still there?"
    talk = pay(inside="<Prompt for='security-code' cardType='amex'><Say>Four digits?</Say></Prompt>")
    enter(talk, AMEX, "1230")
    assert talk.heard()[-1] == "Four digits?"


def test_what_must_be_entered_twice() -> None:
    again = "<Prompt for='bank-account-number' requireMatchingInputs='true'/>"
    talk = pay("statusCallback='/status' paymentMethod='ach-debit' maxAttempts='3'", again)
    enter(talk, "021000021", "12345#")
    assert "Charge" not in talk.kinds()
    talk.press("12346#")
    assert talk.one(commands.Notify).parameters["ErrorType"] == "input-matching-failed"
    enter(talk, "12345#", "12345#")
    assert talk.one(commands.Charge).card.account_number == "12345"


def test_a_prompt_of_its_own_means_nothing() -> None:
    talk = talking(f"<Prompt for='security-code'><Say>a</Say></Prompt>{NEXT}")
    assert talk.warned() == [12200]
    assert talk.heard() == ["next"]


# -- cards


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        (VISA, "visa"),
        (AMEX, "amex"),
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("6011111111111117", "discover"),
        ("3530111333300000", "jcb"),
        ("30569309025904", "diners-club"),
        ("6759649826438453", "maestro"),
        ("201400000000009", "enroute"),
        ("9999999999999999", ""),
    ],
)
def test_whose_card_it_is(number: str, brand: str) -> None:
    assert cards.brand_of(number) == brand
    assert cards.is_card_number(number) is bool(brand)


def test_one_wrong_digit_is_always_found() -> None:
    for place in range(1, 16):
        wrong = VISA[:place] + str((int(VISA[place]) + 1) % 10) + VISA[place + 1 :]
        assert not cards.is_card_number(wrong)


@pytest.mark.parametrize(
    ("expires", "is_good"),
    [("0126", True), ("1225", False), ("1226", True), ("0026", False), ("1326", False), ("126", False)],
)
def test_until_when_a_card_is_good(expires: str, is_good: bool) -> None:
    assert cards.is_good_until(expires, datetime(2026, 1, 31, tzinfo=UTC)) is is_good


def test_what_the_connector_is_asked_for() -> None:
    """By name; what kind of token, in which currency, for what."""
    talk = pay(
        "action='paid' postalCode='false' paymentConnector='Shop' tokenType='payment-method' currency='eur' "
        "description='A book'"
    )
    enter(talk, VISA, "1230", "123")
    asked = talk.one(commands.Charge).pay
    assert (asked.payment_connector, asked.token_type) == ("Shop", "payment-method")
    assert (asked.currency, asked.description) == ("eur", "A book")
    charged(talk, token="pm_1")
    parameters = told(talk)
    assert (parameters["Connector"], parameters["PaymentToken"]) == ("Shop", "pm_1")


def test_a_hash_after_a_piece_that_is_whole_belongs_to_it() -> None:
    talk = pay("action='paid' statusCallback='status'")
    enter(talk, f"{VISA}#", "1230#", "123#", "94105#")
    assert talk.one(commands.Charge).card == Card(VISA, "1230", "123", "94105")
    notified = [each.parameters for each in talk.all if isinstance(each, commands.Notify)]
    assert not any("ErrorType" in each for each in notified)
