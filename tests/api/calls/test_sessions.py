"""What listens to a call: streams, SIPREC sessions and transcriptions; and what a call is connected to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.api.calls.conftest import Loop

A_WHILE = timedelta(minutes=2)
PAUSE = "<Pause length='60'/>"
STREAM = "<Stream name='ear' url='wss://ear.invalid/x' track='both_tracks' statusCallback='{app}/stream'/>"


async def begun(loop: Loop, document: str) -> str:
    """The SID of a call that is within this document."""
    text = document.replace("{app}", loop.app.url)
    loop.app.documents["/voice"] = f"<Response>{text}</Response>"
    made = await loop.call()
    await loop.advance(timedelta(seconds=10))
    assert (await loop.fetch(made["sid"]))["status"] == "in-progress"
    return str(made["sid"])


async def post(loop: Loop, call_sid: str, resource: str, **params: str) -> Any:
    return await loop.ask("POST", f"{loop.path}/{call_sid}/{resource}.json", params)


async def rows(loop: Loop) -> list[tuple[str, str, str]]:
    found = await loop.database.fetch("select prefix, name, status from call_sessions order by id")
    return [tuple(row) for row in found]


async def alerts(loop: Loop) -> list[int]:
    return [
        row["error_code"] for row in await loop.database.fetch("select error_code from alerts order by id")
    ]


def events(loop: Loop, path: str, name: str) -> list[str]:
    return [told[name] for told in loop.app.told(path)]


async def test_what_is_started_ends_with_the_call(loop: Loop) -> None:
    """The Debugger knows that no sound is sent; the rest is as it will be."""
    siprec = "<Siprec name='taker' connectorName='c' statusCallback='{app}/siprec'/>"
    sid = await begun(loop, f"<Start>{STREAM}{siprec}</Start>{PAUSE}")
    assert await rows(loop) == [("MZ", "ear", "in-progress"), ("SR", "taker", "in-progress")]
    assert await alerts(loop) == [31931, 31931]
    await loop.advance(A_WHILE)
    await loop.ended(sid)
    assert await rows(loop) == [("MZ", "ear", "stopped"), ("SR", "taker", "stopped")]
    first, last = loop.app.told("/stream")
    assert (first["StreamEvent"], last["StreamEvent"]) == ("stream-started", "stream-stopped")
    assert (first["StreamName"], first["CallSid"], first["StreamSid"][:2]) == ("ear", sid, "MZ")
    assert events(loop, "/siprec", "SiprecEvent") == ["siprec-started", "siprec-stopped"]


async def test_what_the_document_started_is_stopped_over_rest(loop: Loop) -> None:
    """Its name is free again then, and the document knows."""
    again = f"<Pause length='20'/><Start>{STREAM}</Start>{PAUSE}"
    sid = await begun(loop, f"<Start>{STREAM}</Start>{again}")
    refused = await post(loop, sid, "Streams", Url="wss://ear.invalid/", Name="ear")
    assert (refused.status, refused.json()["code"]) == (400, 20001)
    stopped = await post(loop, sid, "Streams/ear", Status="stopped")
    assert (stopped.status, stopped.json()["status"], stopped.json()["name"]) == (200, "stopped", "ear")
    twice = await post(loop, sid, f"Streams/{stopped.json()['sid']}", Status="stopped")
    assert (twice.status, twice.json()) == (200, stopped.json())
    await loop.advance(timedelta(seconds=30))
    assert await rows(loop) == [("MZ", "ear", "stopped"), ("MZ", "ear", "in-progress")]
    assert (await post(loop, sid, "Streams/eye", Status="stopped")).status == 404


async def test_what_rest_began_is_stopped_by_the_document(loop: Loop) -> None:
    made = "<Stop><Siprec name='taker'/></Stop>"
    sid = await begun(loop, f"<Pause length='20'/>{made}{PAUSE}")
    began = await post(loop, sid, "Siprec", Name="taker", StatusCallback=f"{loop.app.url}/siprec")
    assert (began.status, began.json()["status"], began.json()["call_sid"]) == (200, "in-progress", sid)
    assert began.headers["localloop-coverage"] == "silence"
    await loop.advance(timedelta(seconds=30))
    assert await rows(loop) == [("SR", "taker", "stopped")]
    assert events(loop, "/siprec", "SiprecEvent") == ["siprec-started", "siprec-stopped"]


async def test_what_rest_refuses(loop: Loop) -> None:
    sid = await begun(loop, PAUSE)

    async def code(resource: str, **params: str) -> int:
        return int((await post(loop, sid, resource, **params)).json()["code"])

    assert await code("Streams", Url="https://ear.invalid/") == 31922
    assert await code("Streams", Url="wss://ear.invalid/?a=1") == 31923
    assert await code("Streams", Url="wss://ear.invalid/", StatusCallback="no url") == 21609
    assert await code("Transcriptions", TranscriptionEngine="parrot") == 20001
    for name in ("a", "b"):
        both = await post(loop, sid, "Streams", Url="wss://ear.invalid/", Name=name, Track="both_tracks")
        assert both.status == 200, both.body
    assert await code("Streams", Url="wss://ear.invalid/") == 31960
    await loop.advance(A_WHILE)
    await loop.ended(sid)
    assert await code("Siprec", Name="late") == 21220


async def test_a_transcription_hears_both_sides(loop: Loop) -> None:
    """What is said is text on simulated phones, so it is told in full; each event has its number."""
    await loop.persona(script=[{"pause": 3}, {"say": "I am here."}])
    noun = (
        "<Transcription name='notes' statusCallbackUrl='{app}/notes' inboundTrackLabel='customer'"
        " partialResults='true' languageCode='en-GB'/>"
    )
    sid = await begun(loop, f"<Start>{noun}</Start><Say>Hello.</Say>{PAUSE}")
    await loop.advance(A_WHILE)
    await loop.ended(sid)
    told = loop.app.told("/notes")
    assert [each["SequenceId"] for each in told] == ["1", "2", "3", "4", "5", "6"]
    assert told[0]["TranscriptionEvent"] == "transcription-started"
    assert (told[0]["InboundTrackLabel"], told[0]["PartialResults"]) == ("customer", "true")
    content = [
        (each["Track"], orjson.loads(each["TranscriptionData"])["transcript"], each["Final"])
        for each in told[1:5]
    ]
    assert content == [
        ("outbound_track", "Hello.", "false"),
        ("outbound_track", "Hello.", "true"),
        ("inbound_track", "I am here.", "false"),
        ("inbound_track", "I am here.", "true"),
    ]
    assert told[5]["TranscriptionEvent"] == "transcription-stopped"
    assert await alerts(loop) == []


async def test_a_transcription_over_rest_hears_one_side(loop: Loop) -> None:
    sid = await begun(loop, f"<Say>Hello.</Say>{PAUSE}")
    url = f"{loop.app.url}/notes"
    began = await post(loop, sid, "Transcriptions", Track="inbound_track", StatusCallbackUrl=url)
    assert began.json()["sid"].startswith("GT")
    phone = f"/lab/v1/Phones/+15558675310/Calls/{sid}"
    assert (await loop.ask("POST", phone, {"Say": "Good morning"})).status == 200
    await loop.update(sid, Twiml="<Response><Say>Who is there?</Say></Response>")
    await loop.advance(A_WHILE)
    await loop.ended(sid)
    told = [each for each in loop.app.told("/notes") if each["TranscriptionEvent"] == "transcription-content"]
    assert [orjson.loads(each["TranscriptionData"])["transcript"] for each in told] == ["Good morning"]


@pytest.mark.parametrize(
    ("noun", "code", "told"),
    [
        ("<Stream url='wss://ear.invalid/' statusCallback='{app}/stream'/>", 31904, {}),
        (
            "<ConversationRelay url='wss://relay.invalid/'/>",
            64102,
            {"SessionStatus": "failed", "SessionDuration": "0", "ErrorCode": "39001"},
        ),
        (
            "<VirtualAgent connectorName='c'/>",
            32601,
            {"VirtualAgentStatus": "failed", "VirtualAgentErrorCode": "32601"},
        ),
        ("<Room>daily</Room>", 13750, {}),
    ],
)
async def test_what_a_call_is_connected_to_cannot_be_reached(
    loop: Loop, noun: str, code: int, told: dict[str, str]
) -> None:
    """The session is kept; its end is told as Twilio tells of one whose other side is not there."""
    loop.app.documents["/after"] = f"<Response>{PAUSE}</Response>"
    sid = await begun(loop, f"<Connect action='/after'>{noun}</Connect>")
    await loop.advance(A_WHILE)
    await loop.ended(sid)
    assert await alerts(loop) == [code]
    [asked] = loop.app.told("/after")
    assert asked.items() >= told.items()
    assert [status for _, _, status in await rows(loop)] == ["stopped"]
    if code == 31904:
        assert events(loop, "/stream", "StreamEvent") == ["stream-error"]


async def test_a_recording_that_was_started_is_as_it_was_asked_for(loop: Loop) -> None:
    told = "recordingStatusCallbackMethod='GET' recordingStatusCallbackEvent='in-progress completed'"
    noun = f"<Recording recordingStatusCallback='/kept' {told} track='inbound'/>"
    sid = await begun(loop, f"<Start>{noun}</Start>{PAUSE}")
    await loop.advance(A_WHILE)
    await loop.ended(sid)
    assert events(loop, "/kept", "RecordingStatus") == ["in-progress", "completed"]
    assert set(events(loop, "/kept", "RecordingTrack")) == {"inbound"}
    assert {each.method for each in loop.app.server.requests if each.path.startswith("/kept")} == {"GET"}


async def test_a_recording_that_was_started_is_one(loop: Loop) -> None:
    """Twilio names its source apart, and it has both sides in channels of their own."""
    sid = await begun(loop, f"<Start><Recording recordingStatusCallback='/kept'/></Start>{PAUSE}")
    await loop.advance(A_WHILE)
    ended = await loop.ended(sid)
    [recording] = (await loop.ask("GET", f"{loop.path}/{sid}/Recordings.json")).json()["recordings"]
    assert (recording["source"], recording["channels"]) == ("StartCallRecordingTwiML", 2)
    assert recording["duration"] == ended["duration"]
    assert events(loop, "/kept", "RecordingStatus") == ["completed"]
