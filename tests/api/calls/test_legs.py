"""Calls that one dialled, changed over REST one by one: what becomes of the other side, and what the action hears."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.calls.conftest import FROM, TO, Loop
from tests.api.calls.test_dial import AGENT, OTHER, children
from tests.api.calls.test_documents import heard

HOUR = timedelta(hours=1)
DIAL = f"<Response><Dial action='/after'>{AGENT}</Dial></Response>"
AFTER = "<Response><Say>Bye.</Say></Response>"


@pytest.fixture
async def pair(loop: Loop) -> tuple[str, str]:
    """A call and the one that it dialled; they have been connected for eight seconds."""
    loop.app.documents |= {"/voice": DIAL, "/after": AFTER}
    made = await loop.call()
    await loop.advance(timedelta(seconds=10))
    [child] = await children(loop, made["sid"])
    assert (child["status"], child["queue_time"]) == ("in-progress", "0")
    return made["sid"], child["sid"]


def action(loop: Loop) -> dict[str, str]:
    """What the action was told of the call that was dialled."""
    [after] = loop.app.told("/after")
    return {name: value for name, value in after.items() if name.startswith("Dial")}


@pytest.mark.parametrize("status", ["canceled", "completed"])
async def test_it_is_called_off_while_it_rings(loop: Loop, status: str) -> None:
    loop.app.documents |= {"/voice": DIAL, "/after": AFTER}
    await loop.persona(AGENT, takes="never")
    made = await loop.call()
    await loop.advance(timedelta(seconds=10))
    [child] = await children(loop, made["sid"])
    assert (await loop.update(child["sid"], Status=status)).json()["status"] == "canceled"
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    told = {"DialCallStatus": "canceled", "DialBridged": "false", "DialCallSid": child["sid"]}
    assert {name: action(loop).get(name) for name in told} == told


async def test_the_one_that_was_dialled_is_hung_up(loop: Loop, pair: tuple[str, str]) -> None:
    """The other goes on as its document says."""
    parent, child = pair
    assert (await loop.update(child, Status="completed")).json()["status"] == "completed"
    await loop.advance(HOUR)
    await loop.ended(parent)
    assert action(loop) == {
        "DialCallStatus": "completed",
        "DialBridged": "true",
        "DialCallSid": child,
        "DialCallDuration": "8",
    }
    assert await heard(loop, parent) == [("heard", "Bye.")]


async def test_the_one_that_was_dialled_is_led_elsewhere(loop: Loop, pair: tuple[str, str]) -> None:
    """Its own document runs; the other goes on, and nobody knows how long that call will be."""
    parent, child = pair
    twiml = "<Response><Say>You are somewhere else now.</Say></Response>"
    assert (await loop.update(child, Twiml=twiml)).status == 200
    await loop.advance(HOUR)
    await loop.ended(parent)
    assert action(loop) == {"DialCallStatus": "completed", "DialBridged": "true", "DialCallSid": child}
    assert await heard(loop, child, AGENT) == [("heard", "You are somewhere else now.")]
    assert (await loop.fetch(child))["status"] == "completed"


async def test_the_one_that_dialled_is_led_elsewhere(loop: Loop, pair: tuple[str, str]) -> None:
    """The other side is let go, and the action is not asked."""
    parent, child = pair
    assert (await loop.update(parent, Url=f"{loop.app.url}/agent")).status == 200
    await loop.advance(HOUR)
    await loop.ended(parent)
    assert [path for path in loop.app.paths() if path != "/voice"] == ["/agent"]
    ended = await loop.fetch(child)
    assert (ended["status"], ended["duration"]) == ("completed", "8")


async def test_a_call_that_another_made_is_told_of_apart(loop: Loop) -> None:
    """A noun's callback is about the call that was dialled; without events named it is told of the end alone."""
    loop.app.documents["/voice"] = (
        f"<Response><Dial><Number statusCallback='/leg' statusCallbackMethod='GET'>{AGENT}</Number></Dial></Response>"
    )
    await loop.persona(AGENT, takes="busy")
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    [told] = loop.app.told("/leg")
    [child] = await children(loop, made["sid"])
    wanted: dict[str, Any] = {
        "CallSid": child["sid"],
        "ParentCallSid": made["sid"],
        "CallStatus": "busy",
        "Direction": "outbound-dial",
        "SequenceNumber": "0",
        "CallbackSource": "call-progress-events",
        "To": AGENT,
        "From": FROM,
        "SipResponseCode": "486",
    }
    assert {name: told.get(name) for name in wanted} == wanted
    assert [each.method for each in loop.app.server.requests if "/leg" in each.path] == ["GET"]


async def test_who_answers_a_dialled_call_is_told(loop: Loop) -> None:
    """AMD of a noun: never waited for, told apart, with its own times."""
    loop.app.documents["/voice"] = (
        "<Response><Dial><Number machineDetection='Enable' machineDetectionSpeechThreshold='3000'"
        f" amdStatusCallback='/amd' amdStatusCallbackMethod='GET'>{AGENT}</Number></Dial></Response>"
    )
    await loop.persona(AGENT, takes="voicemail", script=[{"pause": 20}, {"hang_up": True}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    [child] = await children(loop, made["sid"])
    [told] = loop.app.told("/amd")
    assert (told["CallSid"], told["AnsweredBy"], told["MachineDetectionDuration"]) == (
        child["sid"],
        "machine_start",
        "3000",
    )
    assert child["answered_by"] == "machine_start"


async def test_the_first_request_of_a_call_that_comes_in(loop: Loop) -> None:
    """What Twilio says of it: twins of both ends, where they are, who forwarded it; and no parent."""
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    own = {"PhoneNumber": FROM, "VoiceUrl": f"{loop.app.url}/voice", "VoiceMethod": "GET"}
    assert (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).status == 201
    called = {"To": FROM, "ForwardedFrom": OTHER}
    sid = (await loop.ask("POST", f"/lab/v1/Phones/{TO}/Calls", called)).json()["sid"]
    await loop.quiet()
    [asked] = loop.app.told("/voice")
    wanted = {
        "CallSid": sid,
        "AccountSid": loop.ask.account_sid,
        "ApiVersion": "2010-04-01",
        "CallStatus": "ringing",
        "Direction": "inbound",
        "From": TO,
        "Caller": TO,
        "To": FROM,
        "Called": FROM,
        "ForwardedFrom": OTHER,
        "ToCity": "LITTLE ROCK",
        "CalledCity": "LITTLE ROCK",
        "ToState": "AR",
        "ToCountry": "US",
        "CallerCountry": "US",
    }
    assert {name: asked.get(name) for name in wanted} == wanted
    assert "ParentCallSid" not in asked
    assert loop.app.server.requests[0].method == "GET"
    assert (await loop.fetch(sid))["forwarded_from"] == OTHER


async def test_a_dialled_conversation_is_recorded_as_its_caller(loop: Loop) -> None:
    """The recording is of the call that dialled; its callback comes by the events that were named."""
    loop.app.documents["/voice"] = (
        "<Response><Dial record='record-from-ringing' trim='trim-silence' recordingStatusCallback='/recording'"
        " recordingStatusCallbackMethod='GET' recordingStatusCallbackEvent='in-progress completed'>"
        f"{AGENT}</Dial></Response>"
    )
    await loop.persona(AGENT, after=4, script=[{"pause": 7}, {"hang_up": True}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    begun, ready = loop.app.told("/recording")
    assert (begun["RecordingStatus"], ready["RecordingStatus"]) == ("in-progress", "completed")
    assert (ready["CallSid"], ready["RecordingSource"], ready["RecordingDuration"]) == (
        made["sid"],
        "DialVerb",
        "11",
    )
    assert ready["RecordingChannels"] == "1"
    assert {each.method for each in loop.app.server.requests if "/recording" in each.path} == {"GET"}


async def test_a_voicemail_is_told_of_as_its_document_says(loop: Loop) -> None:
    """By its method, and of the events that were named."""
    loop.app.documents["/voice"] = (
        "<Response><Record maxLength='5' action='/after' recordingStatusCallback='/recording'"
        " recordingStatusCallbackMethod='GET' recordingStatusCallbackEvent='in-progress completed'/></Response>"
    )
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    assert [each["RecordingStatus"] for each in loop.app.told("/recording")] == ["in-progress", "completed"]
    assert {each["RecordingSource"] for each in loop.app.told("/recording")} == {"RecordVerb"}
    assert {each.method for each in loop.app.server.requests if "/recording" in each.path} == {"GET"}
