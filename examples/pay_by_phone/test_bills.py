"""Somebody pays with the cards that Stripe gives for tests; time passes by itself while a test waits."""

import pytest
from bills import create_app

ANNA = "+15551230001"
GOOD, DECLINED = "4242424242424242", "4000000000000002"


@pytest.fixture
def site(webhook_app, clock):
    clock.auto()
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, NUMBER=served.number)
    return app.test_client()


@pytest.fixture
def call(site, phone):
    """Anna has typed the number of her bill."""
    call = phone(ANNA).call(site.application.config["NUMBER"])
    call.heard("number of your bill")
    call.press("2001#")
    call.heard("It is 20.45 dollars")
    return call


def enter_card(call, number):
    call.heard("card number")
    call.press(f"{number}#")
    call.heard("expiration date")
    call.press("1230#")
    call.heard("security code")
    call.press("123#")


def test_a_bill_is_paid(site, call, phone):
    enter_card(call, GOOD)
    call.heard("Thank you. You will get a receipt")
    assert call.ended() == "completed"
    assert site.get("/bills/2001").json == {"amount": "20.45", "is_paid": True}
    receipt = phone(ANNA).wait_for("Bill 2001").body
    assert "20.45 USD" in receipt
    assert receipt.endswith("4242.")
    assert GOOD not in receipt


def test_what_is_typed_is_nowhere_to_be_read(call):
    enter_card(call, GOOD)
    call.heard("You will get a receipt")
    assert [line.text for line in call.transcript if line.kind == "pressed"] == ["2001#", "…", "…", "…"]
    assert GOOD not in call.story()


def test_a_bank_that_declines(site, call):
    enter_card(call, DECLINED)
    call.heard("has declined the card")
    call.heard("number of your bill")
    call.hang_up()
    assert site.get("/bills/2001").json["is_paid"] is False


def test_a_number_that_is_no_card(site, call):
    call.heard("card number")
    call.press("4242424242424241#")
    call.heard("This card cannot be used")
    call.press("4242424242424241#")
    call.heard("We could not take your card")
    assert call.ended() == "completed"
    assert site.get("/bills/2001").json["is_paid"] is False


def test_star_ends_it(site, call):
    call.heard("card number")
    call.press("*")
    call.heard("Nothing was paid")
    call.hang_up()
    assert site.get("/bills/2001").json["is_paid"] is False


def test_a_bill_that_is_not_there(site, phone):
    call = phone(ANNA).call(site.application.config["NUMBER"])
    call.heard("number of your bill")
    call.press("99#")
    call.heard("There is no such bill")
    call.hang_up()
