"""Twilio's Python package, untouched: a call is made, led by documents from the package's own builder, and ended."""

from __future__ import annotations

import pytest
import requests
from application import Application
from localloop_process import Credentials
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

FROM, TO = "+15551230000", "+15551230001"
XML = "text/xml"


def _menu() -> str:
    response = VoiceResponse()
    gather = Gather(num_digits=1, action="/chosen")
    gather.say("Press 1 for sales")
    response.append(gather)
    response.say("Goodbye")
    return str(response)


def _answer(*said: str) -> str:
    response = VoiceResponse()
    for text in said:
        response.say(text)
    response.hangup()
    return str(response)


def _lab(account: Credentials, method: str, path: str, **params: str) -> dict[str, object]:
    url = f"{account.url}/lab/v1/Phones/{TO}/{path}"
    sent = {"params": params} if method == "GET" else {"data": params}
    answer = requests.request(method, url, auth=account.auth, timeout=30, **sent)  # type: ignore[arg-type]
    answer.raise_for_status()
    return dict(answer.json())


def test_a_call_is_answered_led_and_ended(
    client: Client, account: Credentials, application: Application
) -> None:
    application.answers["/voice"] = (XML, _menu())
    application.answers["/chosen"] = (XML, _answer("Bye"))
    _lab(account, "POST", "Voice", After="0")
    made = client.calls.create(
        from_=FROM,
        to=TO,
        url=f"{application.url}/voice",
        status_callback=f"{application.url}/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert (made.status, made.direction, made.to) == ("queued", "outbound-api", TO)
    heard = _lab(account, "GET", f"Calls/{made.sid}/Wait", Matches="Press 1", Kind="heard", Timeout="20")
    assert heard["text"] == "Press 1 for sales"
    assert client.calls(made.sid).fetch().status == "in-progress"
    assert made.sid in {each.sid for each in client.calls.list(status="in-progress")}
    _lab(account, "POST", f"Calls/{made.sid}", Press="1")
    told = [application.asked.get(timeout=20) for _ in range(6)]
    statuses = [form["CallStatus"] for path, form in told if path == "/status"]
    assert statuses == ["initiated", "ringing", "in-progress", "completed"]
    assert [form["Digits"] for path, form in told if path == "/chosen"] == ["1"]
    ended = client.calls(made.sid).fetch()
    assert (ended.status, ended.price_unit) == ("completed", "USD")
    assert int(ended.duration) >= 1
    assert client.calls(made.sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        client.calls(made.sid).fetch()
    assert gone.value.code == 20404


def test_a_call_is_hung_up_while_it_rings(client: Client, account: Credentials) -> None:
    _lab(account, "POST", "Voice", Takes="never")
    made = client.calls.create(from_=FROM, to=TO, twiml=_answer("Hello"))
    assert client.calls(made.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as late:
        client.calls(made.sid).update(twiml=_answer("Hello again"))
    assert (late.value.status, late.value.code) == (400, 21220)
