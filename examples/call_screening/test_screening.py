"""A caller, and the phones of whom he calls, all simulated; time passes by itself while a test waits."""

import pytest
from screening import create_app

ANNA = "+15551230001"
MOBILE, HOME = "+15551230100", "+15551230101"


@pytest.fixture
def number(webhook_app, clock):
    clock.auto()
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, PHONES=[MOBILE, HOME])
    return served.number


@pytest.fixture
def call(number, phone):
    """Anna has said who she is."""
    phone(MOBILE).takes("manual")
    phone(HOME).takes("never")

    def calls():
        call = phone(ANNA).call(number)
        call.heard("Who is calling")
        call.say("Anna from next door")
        return call

    return calls


def test_the_owner_takes_it(call, phone):
    anna = call()
    mobile = phone(MOBILE).incoming_call()
    mobile.answer()
    mobile.heard("Anna from next door is calling")
    mobile.press("1")
    mobile.heard("You are connected")
    mobile.say("Anna, hello!")
    anna.heard("Anna, hello")
    anna.hang_up()
    assert mobile.ended() == "completed"
    assert [each.ended() for each in phone(HOME).calls()] == ["no-answer"]


def test_the_owner_does_not_want_to(call, phone):
    phone(HOME).takes("busy")
    anna = call()
    mobile = phone(MOBILE).incoming_call()
    mobile.answer()
    mobile.heard("Press 1")
    mobile.press("2")
    anna.heard("Nobody can take your call")
    assert anna.ended() == "completed"


def test_a_voicemail_is_not_connected(call, phone):
    phone(MOBILE).takes("voicemail")
    anna = call()
    anna.heard("Nobody can take your call")
    assert anna.ended() == "completed"
    assert "voicemail" not in " ".join(line.text for line in anna.transcript)


def test_nobody_answers(call, phone):
    phone(MOBILE).takes("rejects")
    anna = call()
    anna.heard("Nobody can take your call")


def test_who_gives_no_name_is_announced_all_the_same(number, phone):
    phone(MOBILE).takes("manual")
    call = phone(ANNA).call(number)
    call.heard("Who is calling")
    mobile = phone(MOBILE).incoming_call()
    mobile.answer()
    mobile.heard("Somebody who gave no name")
    call.hang_up()
    assert mobile.ended() == "completed"
