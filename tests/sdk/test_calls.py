"""Twilio's Python package, untouched: a call is made, led by documents from the package's own builder, and ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from application import Application
from localloop_process import Credentials
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.twiml.voice_response import Conference, Dial, Gather, VoiceResponse

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


def test_a_whole_flow_of_calls(client: Client, account: Credentials, application: Application) -> None:
    """Made with a document, led elsewhere, recorded; into a conference, held and muted; into a queue and out of it."""
    application.answers["/hall"] = (XML, _dial(Conference("standup", end_conference_on_exit=True)))
    application.answers["/line"] = (XML, _enqueue("support"))
    application.answers["/next"] = (XML, _answer("Go"))
    application.answers["/wait"] = (XML, _waiting())
    _lab(account, "POST", "Voice", After="0")
    made = client.calls.create(from_=FROM, to=TO, twiml=_waiting("Hi"), record=True, time_limit=600)
    _heard(account, made.sid, "Hi")
    _recorded(client, made.sid)
    client.calls(made.sid).update(url=f"{application.url}/hall")
    conference = _until(lambda: client.conferences.list(friendly_name="standup", limit=1))[0]
    second = client.conferences(conference.sid).participants.create(from_=FROM, to=TO, label="second")
    started = _until(lambda: client.conferences.list(status="in-progress", limit=1))[0]
    assert (started.sid, second.conference_sid) == (conference.sid, conference.sid)
    people = client.conferences(conference.sid).participants
    assert {each.call_sid for each in people.list()} == {made.sid, second.call_sid}
    changed = client.conferences(conference.sid).participants("second").update(muted=True, hold=True)
    assert (changed.muted, changed.hold) == (True, True)
    assert client.conferences(conference.sid).participants(second.call_sid).delete()
    queue = client.queues.create(friendly_name="support", max_size=5)
    client.calls(made.sid).update(url=f"{application.url}/line")
    [member] = _until(lambda: client.queues(queue.sid).members.list())
    assert (member.call_sid, member.position) == (made.sid, 1)
    client.queues(queue.sid).members("Front").update(url=f"{application.url}/next")
    _heard(account, made.sid, "Go")
    ended = _until(
        lambda: [each for each in client.calls.list(status="completed", to=TO) if each.sid == made.sid]
    )
    assert client.conferences(conference.sid).fetch().status == "completed"
    assert client.queues(queue.sid).delete()
    _listed(client, ended[0])


def _recorded(client: Client, sid: str) -> None:
    [whole] = client.calls(sid).recordings.list()
    assert (whole.status, whole.source) == ("in-progress", "OutboundAPI")
    assert client.calls(sid).recordings("Twilio.CURRENT").update(status="paused").status == "paused"
    assert client.calls(sid).recordings(whole.sid).update(status="stopped").status == "stopped"
    again = client.calls(sid).recordings.create(recording_channels="dual")
    assert (again.source, again.channels) == ("StartCallRecordingAPI", 2)


def _listed(client: Client, call: CallInstance) -> None:
    """By dates, by what it asked, and by what it comes to."""
    day = call.start_time.date()
    found = client.calls.list(start_time_after=day, end_time_before=day + timedelta(days=1), from_=FROM)
    assert call.sid in {each.sid for each in found}
    assert client.calls.list(parent_call_sid=call.sid) == []
    urls = [event.request["url"].rpartition("/")[2] for event in client.calls(call.sid).events.list()]
    assert urls[:2] == ["hall", "line"]  # and who is taken at once may never have heard the wait document
    assert set(urls) - {"wait"} == {"hall", "line", "next"}
    assert client.calls(call.sid).notifications.list() == []
    assert {each.source for each in client.recordings.list(call_sid=call.sid)} == {
        "OutboundAPI",
        "StartCallRecordingAPI",
    }
    summary = client.insights.v1.calls(call.sid).summary().fetch()
    assert (summary.call_state, summary.processing_state, summary.to["callee"]) == (
        "completed",
        "partial",
        TO,
    )
    [minutes] = client.usage.records.today.list(category="calls")
    assert int(minutes.usage) >= 2


def _dial(conference: Conference) -> str:
    response, dial = VoiceResponse(), Dial()
    dial.append(conference)
    response.append(dial)
    return str(response)


def _enqueue(name: str) -> str:
    response = VoiceResponse()
    response.enqueue(name, wait_url="/wait")
    return str(response)


def _waiting(text: str = "Please wait") -> str:
    response = VoiceResponse()
    response.say(text)
    response.pause(length=60)
    return str(response)


def _heard(account: Credentials, sid: str, text: str) -> None:
    _lab(account, "GET", f"Calls/{sid}/Wait", Matches=text, Kind="heard", Timeout="20")


def _until(find: Callable[[], list[Any]]) -> list[Any]:
    """What is found once there is something."""
    ends = time.monotonic() + 20
    while not (found := find()):
        assert time.monotonic() < ends
    return found
