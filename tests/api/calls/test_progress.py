"""A call's way from the queue to its end: its statuses, its callbacks, and what its row says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from http_server import answer

from tests.api.calls.conftest import FROM, TO, Loop

HOUR = timedelta(hours=1)
ALL = ["initiated", "ringing", "answered", "completed"]


async def test_a_call_that_is_answered_and_hung_up(loop: Loop) -> None:
    made = await loop.call(
        StatusCallback=f"{loop.app.url}/status",
        StatusCallbackEvent=ALL,
        Twiml="<Response><Pause length='30'/></Response>",
        Url="",
    )
    assert (made["status"], made["direction"], made["duration"]) == ("queued", "outbound-api", None)
    assert (made["from"], made["to"], made["queue_time"]) == (FROM, TO, "0")
    await loop.quiet()
    assert (await loop.fetch(made["sid"]))["status"] == "ringing"
    await loop.advance(timedelta(seconds=1))
    assert (await loop.fetch(made["sid"]))["status"] == "in-progress"
    await loop.advance(timedelta(seconds=9.5))
    assert (await loop.update(made["sid"], Status="completed")).json()["status"] == "completed"
    ended = await loop.ended(made["sid"])
    assert (ended["status"], ended["duration"]) == ("completed", "10")
    told = loop.app.told("/status")
    assert [each["CallStatus"] for each in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [each["SequenceNumber"] for each in told] == ["0", "1", "2", "3"]
    assert {each["CallbackSource"] for each in told} == {"call-progress-events"}
    assert (told[3]["CallDuration"], told[3]["Duration"], told[3]["SipResponseCode"]) == ("10", "1", "200")
    assert "CallDuration" not in told[2]
    assert (told[0]["FromCity"], told[0]["Called"], told[0]["Direction"]) == (
        "LITTLE ROCK",
        TO,
        "outbound-api",
    )


@pytest.mark.parametrize(
    ("takes", "status", "sip_code"),
    [
        ("busy", "busy", "486"),
        ("never", "no-answer", "487"),
        ("rejects", "no-answer", "603"),
        ("unreachable", "failed", "404"),
    ],
)
async def test_a_call_that_nobody_takes(loop: Loop, takes: str, status: str, sip_code: str) -> None:
    """Without events named, only its end is told."""
    await loop.persona(takes=takes)
    made = await loop.call(StatusCallback=f"{loop.app.url}/status", Timeout=20)
    await loop.advance(timedelta(seconds=20))
    ended = await loop.ended(made["sid"])
    assert (ended["status"], ended["duration"], ended["price"]) == (status, "0", None)
    (told,) = loop.app.told("/status")
    assert (told["CallStatus"], told["SipResponseCode"], told["SequenceNumber"]) == (status, sip_code, "0")
    assert told["CallDuration"] == "0"
    assert "Duration" not in told
    assert loop.app.told("/voice") == []


async def test_what_waits_in_the_queue_is_canceled_silently(loop: Loop) -> None:
    made = await loop.call(StatusCallback=f"{loop.app.url}/status", StatusCallbackEvent=ALL)
    await loop.quiet()
    answered = await loop.update(made["sid"], Status="canceled")
    assert answered.json()["status"] == "canceled"
    await loop.quiet()
    assert [each["CallStatus"] for each in loop.app.told("/status")] == ["initiated", "ringing", "canceled"]
    assert (await loop.update(made["sid"], Status="completed")).json()["code"] == 21220
    gone = await loop.ask("DELETE", f"{loop.path}/{made['sid']}.json")
    assert gone.status == 204
    assert (await loop.ask("GET", f"{loop.path}/{made['sid']}.json")).status == 404


async def test_an_answer_to_a_callback_that_is_an_error_is_warned_of(loop: Loop) -> None:
    """15003; it is not asked again, and the call goes on. Nobody at the address is an error as ever."""
    loop.app.documents["/voice"] = "<Response><Pause length='3'/></Response>"
    loop.app.documents["/status"] = answer("500 Oops", b"no")
    made = await loop.call(StatusCallback=f"{loop.app.url}/status", StatusCallbackEvent=["answered"])
    await loop.advance(HOUR)
    assert (await loop.ended(made["sid"]))["status"] == "completed"
    assert sorted(loop.app.paths()) == ["/status", "/voice"]
    listed = (await loop.ask("GET", "/monitor/v1/Alerts")).json()["alerts"]
    assert [(each["error_code"], each["log_level"]) for each in listed] == [("15003", "warning")]
    await loop.call(StatusCallback="http://127.0.0.1:9/status", StatusCallbackEvent=["initiated"])
    await loop.quiet()
    listed = (await loop.ask("GET", "/monitor/v1/Alerts")).json()["alerts"]
    assert listed[0]["error_code"] == "11202"
