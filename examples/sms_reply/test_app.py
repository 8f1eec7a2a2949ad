"""Webhooks as Twilio sends them, without Twilio and without a server."""

import os

import pytest

os.environ["TWILIO_AUTH_TOKEN"] = "any-token-you-like"

from app import app

from localloop.testing import request_for


@pytest.fixture
def client():
    return app.test_client()


def test_a_text_is_answered(client):
    answer = request_for("sms", "/sms", Body="Hello & welcome").flask(client)
    assert answer.status_code == 200
    assert "<Message>You said: Hello &amp; welcome</Message>" in answer.text


def test_a_status_is_followed(client, caplog):
    sent = request_for("status", "/status", MessageStatus="undelivered")
    assert sent.flask(client).status_code == 204
    assert f"{sent.params['MessageSid']} is undelivered" in caplog.text


@pytest.mark.parametrize("kind", ["sms", "status"])
def test_a_stranger_is_turned_away(client, kind):
    assert request_for(kind, f"/{kind}", token="of-somebody-else").flask(client).status_code == 403
