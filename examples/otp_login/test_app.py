"""The application as its users see it: real texts on simulated phones, real callbacks, and whatever goes wrong.

`pytest` starts a localloop for the run; each test has a world of its own.
"""

from datetime import timedelta

import pytest
from app import create_app

from localloop.testing import Persona, Rule

PHONE = "+15551230001"


@pytest.fixture
def site(webhook_app):
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, NUMBER=served.number)
    return app.test_client()


@pytest.fixture
def number(site):
    return site.application.config["NUMBER"]


def login(site):
    answer = site.post("/login", data={"phone": PHONE})
    assert answer.status_code == 202, answer.text
    return f"/login/{answer.json['login']}"


def test_the_code_signs_in(site, phone):
    page = login(site)
    assert site.get(page).json["signed_in"] is False
    assert site.post(page, data={"code": phone(PHONE).code()}).status_code == 200
    assert site.get(page).json["signed_in"] is True


def test_a_second_login_has_another_code(site, phone):
    first, second = login(site), login(site)
    one, other = phone(PHONE).code(), phone(PHONE).code()
    assert site.post(second, data={"code": other}).status_code == 200
    assert site.post(first, data={"code": one}).status_code == 200


def test_three_wrong_codes_are_enough(site, phone):
    page, code = login(site), phone(PHONE).code()
    wrong = "000000" if code != "000000" else "111111"
    assert [site.post(page, data={"code": wrong}).status_code for _ in range(4)] == [401, 401, 401, 410]
    assert site.post(page, data={"code": code}).status_code == 410


def test_the_code_is_an_answer_as_well(site, phone):
    phone(PHONE).be(Persona(rules=[Rule(match=r"code is (\d{6})", template="{1}", delay="20ms")]))
    page = login(site)
    phone(PHONE).wait_for("You are signed in")
    assert site.get(page).json["signed_in"] is True


def test_who_wants_no_texts_gets_none(site, number, phone, expect):
    phone(PHONE).text("STOP", to=number)
    expect.text(PHONE, Body="~unsubscribed")
    refused = site.post("/login", data={"phone": PHONE})
    assert (refused.status_code, refused.json["error"]) == (409, f"Text START to {number} first.")

    phone(PHONE).text("START", to=number)
    expect.text(PHONE, Body="~re-subscribed")
    login(site)
    assert phone(PHONE).code()


def test_a_phone_that_cannot_be_reached(site, phone, expect):
    phone(PHONE).be(Persona(behavior=30003))
    page = login(site)
    expect.delivery(MessageStatus="undelivered", HttpStatus=204)
    assert site.get(page).json["text"] == "undelivered"


def test_a_phone_that_is_off_for_two_hours(site, phone, clock, expect):
    clock.auto()
    phone(PHONE).be(Persona(delay="2h"))
    page = login(site)
    expect.delivery(MessageStatus="delivered", HttpStatus=204, within=timedelta(hours=3))
    assert site.get(page).json["text"] == "delivered"


def test_an_answer_that_is_lost_costs_no_second_text(site, faults, expect):
    faults.add("api-lose", count=1, Operation="CreateMessage")
    login(site)
    expect.text(PHONE)
    expect.exactly(1, "messages", To=PHONE)


def test_a_stranger_is_turned_away(site):
    forged = {"From": PHONE, "Body": "482915"}
    assert site.post("/sms", data=forged, headers={"X-Twilio-Signature": "forged"}).status_code == 403
