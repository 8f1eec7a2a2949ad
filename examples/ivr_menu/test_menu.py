"""Callers at the menu, on simulated phones; time passes by itself while a test waits."""

import pytest
from menu import create_app

ANNA = "+15551230001"
SALES = "+15551230100"


@pytest.fixture
def site(webhook_app, clock):
    clock.auto()
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, SALES=SALES)
    return served


@pytest.fixture
def call(site, phone):
    return phone(ANNA).call(site.number)


def test_sales_are_put_through(call, phone):
    phone(SALES).takes("manual")
    call.heard("for sales, press 1")
    call.press("1")
    sales = phone(SALES).incoming_call(from_=ANNA)
    sales.answer()
    sales.say("Anderson Books, sales, this is Bob.")
    call.heard("this is Bob")
    call.say("I want to order two hundred copies.")
    sales.heard("two hundred")
    sales.hang_up()
    assert call.ended() == "completed"


def test_an_order_is_looked_up(call):
    call.heard("state of your order, press 2")
    call.press("2")
    call.heard("type your order number")
    call.press("1042#")
    call.heard("left our house this morning")
    assert call.ended() == "completed"


def test_a_key_that_means_nothing(call):
    call.heard("Welcome")
    call.press("9")
    call.heard("Sorry, once more")
    call.heard("for our hours, press 3")
    call.press("3")
    call.heard("from nine to five")
    call.heard("Welcome")
    call.hang_up()


def test_who_presses_nothing_is_asked_three_times(call):
    call.heard("Welcome")
    call.heard("once more")
    call.heard("once more")
    call.heard("could not understand you")
    assert call.ended() == "completed"
    assert call.duration > 15


def test_nobody_is_in_sales(call, phone):
    phone(SALES).takes("never")
    call.heard("press 1")
    call.press("1")
    call.heard("Nobody is there")
    assert call.ended() == "completed"


def test_an_order_that_is_not_there(call):
    call.heard("press 2")
    call.press("2")
    call.heard("order number")
    call.press("77#")
    call.heard("no order of that number")
