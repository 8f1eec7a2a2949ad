"""Guests and the moderator of a meeting, on simulated phones; time passes by itself while a test waits."""

import pytest
from meeting import create_app

ANNA, BERT, MODERATOR = "+15551230001", "+15551230002", "+15551230100"


@pytest.fixture
def site(webhook_app, clock):
    clock.auto()
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, NUMBER=served.number)
    return app.test_client()


@pytest.fixture
def join(site, phone, expect):
    def joins(number, pin):
        call = phone(number).call(site.application.config["NUMBER"])
        call.heard("Type your PIN")
        call.press(f"{pin}#")
        call.heard("moderator" if pin == "9000" else "Welcome to the meeting")
        expect.delivery(StatusCallbackEvent="participant-join", CallSid=call.sid)
        return call

    return joins


def test_the_meeting_begins_with_its_moderator(site, join):
    anna = join(ANNA, "4711")
    anna.played("music")
    assert site.get("/meeting").json == {"has_begun": False, "present": ["guest"]}

    moderator = join(MODERATOR, "9000")
    moderator.say("Good morning, everybody.")
    anna.heard("Good morning")
    anna.say("Good morning.")
    moderator.heard("Good morning")
    assert site.get("/meeting").json == {"has_begun": True, "present": ["guest", "moderator"]}


def test_it_ends_when_the_moderator_goes(site, join, expect):
    anna, moderator = join(ANNA, "4711"), join(MODERATOR, "9000")
    moderator.hang_up()
    anna.heard("The meeting is over")
    assert anna.ended() == "completed"
    expect.delivery(StatusCallbackEvent="conference-end", HttpStatus=204)
    assert site.get("/meeting").json == {"has_begun": False, "present": []}


def test_it_goes_on_when_a_guest_goes(site, join, expect):
    anna, moderator, bert = join(ANNA, "4711"), join(MODERATOR, "9000"), join(BERT, "4711")
    anna.hang_up()
    expect.delivery(StatusCallbackEvent="participant-leave", CallSid=anna.sid, HttpStatus=204)
    moderator.say("Who was that?")
    bert.heard("Who was that")
    assert site.get("/meeting").json["present"] == ["guest", "moderator"]


def test_who_is_muted_is_not_heard(site, join):
    anna, moderator = join(ANNA, "4711"), join(MODERATOR, "9000")
    assert site.post("/meeting/quiet", data={"muted": "true"}).status_code == 204
    anna.say("Nobody hears me.")
    assert site.post("/meeting/quiet", data={"muted": "false"}).status_code == 204
    anna.say("Now you do.")
    moderator.heard("Now you do")
    assert [line.text for line in moderator.transcript if line.text == "Nobody hears me."] == []


def test_three_wrong_pins_are_enough(site, phone):
    call = phone(ANNA).call(site.application.config["NUMBER"])
    call.heard("Type your PIN")
    call.press("1111#")
    call.heard("That is not right")
    call.press("2222#")
    call.heard("That is not right")
    call.press("3333#")
    call.heard("ask whoever invited you")
    assert call.ended() == "completed"
    assert site.get("/meeting").json["present"] == []
