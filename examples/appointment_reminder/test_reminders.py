"""Patients, and what answers in their place, on simulated phones; time passes by itself while a test waits."""

import pytest
from reminders import create_app

ANNA = "+15551230001"


@pytest.fixture
def site(webhook_app, clock):
    clock.auto()
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, NUMBER=served.number)
    return app.test_client()


@pytest.fixture
def remind(site):
    def reminds():
        answer = site.post("/reminders", data={"phone": ANNA, "at": "Tuesday at 10"})
        assert answer.status_code == 202, answer.text
        return lambda: site.get(f"/reminders/{answer.json['reminder']}").json["state"]

    return reminds


def test_somebody_confirms(remind, phone):
    phone(ANNA).answers({"wait": "press 1"}, {"press": "1"}, rings=2, greeting="Hello?")
    state = remind()
    call = phone(ANNA).incoming_call()
    call.heard("expected Tuesday at 10")
    call.heard("Until then")
    assert call.ended() == "completed"
    assert (call.answered_by, state()) == ("human", "confirmed")


def test_somebody_cancels(remind, phone):
    phone(ANNA).answers({"wait": "or 2"}, {"press": "2"})
    state = remind()
    phone(ANNA).incoming_call().heard("It is cancelled")
    assert state() == "cancelled"


def test_a_wrong_key_is_asked_again(remind, phone):
    phone(ANNA).takes("manual")
    state = remind()
    call = phone(ANNA).incoming_call()
    call.answer()
    call.heard("Press 1")
    call.press("7")
    call.heard("Press 1")
    call.press("1")
    call.heard("Until then")
    assert state() == "confirmed"


def test_a_voicemail_gets_a_message_after_its_beep(remind, phone, expect):
    phone(ANNA).takes("voicemail", greeting="This is Anna. Say something after the beep.", rings=3)
    state = remind()
    call = phone(ANNA).incoming_call()
    call.heard("expected Tuesday at 10. Call us")
    assert call.ended() == "completed"
    assert (call.answered_by, state()) == ("machine_end_beep", "left on voicemail")
    assert [line.kind for line in call.transcript] == ["said", "heard"]  # the greeting was over before
    expect.nothing("texts", Number=ANNA, within=60)


@pytest.mark.parametrize("takes", ["never", "busy", "unreachable", "fax"])
def test_who_is_not_reached_gets_a_text(remind, phone, takes):
    phone(ANNA).takes(takes)
    state = remind()
    assert "expected Tuesday at 10" in phone(ANNA).wait_for("could not reach you", timeout=60).body
    assert state() == "texted"
