"""Callers and the owner, on simulated phones; time passes by itself while a test waits."""

import pytest
from answering import create_app

ANNA = "+15551230001"
OWNER = "+15551230100"


@pytest.fixture
def number(webhook_app, clock):
    clock.auto()
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, NUMBER=served.number, OWNER=OWNER)
    return served.number


def test_the_owner_answers(number, phone):
    phone(OWNER).answers({"say": "Hello, who is it?"}, rings=1)
    call = phone(ANNA).call(number)
    call.heard("who is it")
    call.hang_up()
    assert phone(OWNER).calls()[0].ended() == "completed"
    assert phone(OWNER).messages() == []


@pytest.mark.parametrize("takes", ["never", "busy"])
def test_a_message_comes_as_a_text(number, phone, takes):
    phone(OWNER).takes(takes)
    call = phone(ANNA).call(number)
    call.heard("Leave a message")
    call.played("beep", whole=True)
    call.say("It is Anna. The keys are under the mat.")
    call.press("#")
    call.heard("Thank you")
    assert call.ended() == "completed"

    text = phone(OWNER).wait_for("Voicemail from")
    (recording,) = call.recordings
    assert f"{ANNA}: It is Anna. The keys are under the mat." in text.body
    assert recording.sid in text.links[0]
    assert recording.status == "completed"


def test_who_hangs_up_after_the_tone_has_left_a_message_all_the_same(number, phone):
    phone(OWNER).takes("busy")
    call = phone(ANNA).call(number)
    call.played("beep", whole=True)
    call.say("Please call me back when you have a minute.")
    call.hang_up()
    assert "call me back" in phone(OWNER).wait_for("Voicemail").body


def test_who_says_nothing_leaves_no_message(number, phone, expect):
    phone(OWNER).takes("busy")
    call = phone(ANNA).call(number)
    call.heard("Thank you")
    assert call.ended() == "completed"
    expect.nothing("texts", Number=OWNER, within=60)


def test_who_hangs_up_before_the_tone_leaves_no_message(number, phone, expect):
    phone(OWNER).takes("busy")
    call = phone(ANNA).call(number)
    call.heard("Leave a message", whole=False)
    call.hang_up()
    assert call.ended() == "completed"
    assert call.recordings == []
    expect.nothing("texts", Number=OWNER, within=60)
