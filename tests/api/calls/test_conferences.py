"""Conferences from end to end: who hears whom, what is recorded, and what the application is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from http_server import answer

from tests.api.calls.conftest import FROM, Loop
from tests.api.calls.test_documents import heard

ADA, BOB, CAT = "+15005550121", "+15005550122", "+15005550123"
EVERYTHING = "start end join leave mute hold modify speaker announcement"
SECOND = timedelta(seconds=1)


def room(**attributes: str) -> str:
    written = " ".join(f"{name}='{value}'" for name, value in attributes.items())
    return f"<Response><Dial action='/after'><Conference {written}>standup</Conference></Dial></Response>"


async def enter(loop: Loop, number: str, *script: Mapping[str, Any], **attributes: str) -> str:
    """A call into the room; its SID."""
    path = f"/into-{number[1:]}"
    loop.app.documents[path] = room(**{"waitUrl": "", "beep": "false", **attributes})
    await loop.persona(number, script=list(script))
    call = await loop.call(To=number, Url=f"{loop.app.url}{path}")
    await loop.go_on(SECOND * 2)
    return str(call["sid"])


async def get(loop: Loop, path: str) -> dict[str, Any]:
    return dict((await loop.ask("GET", f"{loop.path[:-6]}{path}.json")).json())


async def post(loop: Loop, path: str, **params: str) -> dict[str, Any]:
    reply = await loop.ask("POST", f"{loop.path[:-6]}{path}.json", params)
    assert reply.status in (200, 201), reply.body
    return dict(reply.json())


async def conference(loop: Loop) -> str:
    """The path of the only one."""
    [found] = (await get(loop, "/Conferences"))["conferences"]
    return f"/Conferences/{found['sid']}"


def told(loop: Loop, event: str) -> list[dict[str, str]]:
    return [each for each in loop.app.told("/room") if each["StatusCallbackEvent"] == event]


async def test_one_is_recorded(loop: Loop) -> None:
    """From when two hear each other; paused and resumed; silence is cut off."""
    callbacks = {"recordingStatusCallback": "/ready", "recordingStatusCallbackEvent": "in-progress completed"}
    words = [{"pause": 3}, {"say": "x" * 60}, {"pause": 20}, {"say": "y" * 30}, {"pause": 10}]
    await enter(loop, ADA, record="record-from-start", **callbacks)
    bob = await enter(loop, BOB, *words, endConferenceOnExit="true")
    path = await conference(loop)
    await loop.go_on(SECOND * 10)
    paused = await post(loop, f"{path}/Recordings/Twilio.CURRENT", Status="paused", PauseBehavior="skip")
    await loop.go_on(SECOND * 5)
    await post(loop, f"{path}/Recordings/Twilio.CURRENT", Status="in-progress")
    await loop.go_on(SECOND * 60)
    await loop.update(bob, Status="completed")
    await loop.quiet()
    [shown] = (await get(loop, f"{path}/Recordings"))["recordings"]
    assert (shown["sid"], shown["conference_sid"], shown["call_sid"]) == (paused["sid"], path[13:], None)
    assert (shown["source"], shown["channels"], shown["status"]) == ("Conference", 1, "completed")
    # Four seconds of words, twenty of silence of which five are left out, and two of words.
    assert shown["duration"] == "21"
    assert (await get(loop, f"{path}/Recordings/{shown['sid']}"))["duration"] == "21"
    begun, ready = loop.app.told("/ready")
    assert (begun["RecordingStatus"], ready["RecordingStatus"]) == ("in-progress", "completed")
    assert (ready["ConferenceSid"], ready["RecordingDuration"]) == (path[13:], "21")
    assert "CallSid" not in ready
    gone = await loop.ask("DELETE", f"{loop.path[:-6]}{path}/Recordings/{shown['sid']}.json")
    assert gone.status == 204
    assert (await get(loop, f"{path}/Recordings"))["recordings"] == []


async def test_who_hears_whom(loop: Loop) -> None:
    """The coach is heard by whom he coaches, the muted by nobody, who is on hold hears music alone."""
    ada = await enter(
        loop,
        ADA,
        {"pause": 20},
        {"say": "from Ada"},
        {"pause": 10},
        {"press": "7"},
        statusCallback="/room",
        statusCallbackEvent=EVERYTHING,
    )
    bob = await enter(loop, BOB, {"pause": 22}, {"say": "from Bob"}, {"press": "5"}, muted="true")
    cat = await enter(loop, CAT, {"pause": 24}, {"say": "from Cat"}, coach=ada, beep="onEnter")
    await loop.go_on(SECOND * 40)
    assert await heard(loop, ada, ADA) == [
        ("played", "beep"),
        ("said", "from Ada"),
        ("heard", "from Cat"),
        ("pressed", "7"),
    ]
    assert [("tones", "7") in await heard(loop, *each) for each in ((bob, BOB), (cat, CAT))] == [True, True]
    assert ("heard", "from Cat") not in await heard(loop, bob, BOB)
    assert ("heard", "from Ada") in await heard(loop, bob, BOB)
    assert ("heard", "from Ada") in await heard(loop, cat, CAT)
    assert [each["CallSid"] for each in told(loop, "participant-speech-start")] == [ada, cat]
    [_, cats] = told(loop, "participant-speech-stop")
    assert (cats["CallSid"], cats["Coaching"], cats["CallSidToCoach"]) == (cat, "true", ada)
    path = await conference(loop)
    await post(loop, f"{path}/Participants/{bob}", Muted="false", Hold="true")
    await loop.go_on(SECOND)
    assert (await heard(loop, bob, BOB))[-1] == ("played", "music")


async def test_an_announcement_to_all_is_asked_for_once(loop: Loop) -> None:
    loop.app.documents["/news"] = "<Response><Say>News.</Say><Play>/jingle.mp3</Play></Response>"
    loop.app.documents["/jingle.mp3"] = answer("200 OK", b"ding", "Content-Type: audio/mpeg")
    listening = {"statusCallback": "/room", "statusCallbackEvent": "announcement"}
    calls = {number: await enter(loop, number, **listening) for number in (ADA, BOB, CAT)}
    path = await conference(loop)
    await post(loop, f"{path}/Participants/{calls[BOB]}", Hold="true")
    await post(loop, path, AnnounceUrl=f"{loop.app.url}/news")
    await loop.go_on(SECOND * 30)
    news = [("heard", "News."), ("played", f"{loop.app.url}/jingle.mp3")]
    assert [await heard(loop, calls[each], each) for each in (ADA, CAT)] == [news, news]
    assert await heard(loop, calls[BOB], BOB) == [("played", "music")]
    assert len(loop.app.told("/news")) == 1
    [over] = loop.app.told("/room")
    assert (over["StatusCallbackEvent"], over["AnnounceUrl"]) == ("announcement-end", f"{loop.app.url}/news")
    assert "CallSid" not in over
    await post(loop, f"{path}/Participants/{calls[CAT]}", AnnounceUrl=f"{loop.app.url}/news?to=cat")
    await loop.go_on(SECOND * 30)
    assert await heard(loop, calls[CAT], CAT) == [*news, ("heard", "News."), news[1]]
    assert await heard(loop, calls[ADA], ADA) == news
    assert loop.app.told("/room")[-1]["CallSid"] == calls[CAT]


async def test_an_announcement_that_nobody_has(loop: Loop) -> None:
    loop.app.documents["/news"] = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
    listening = {"statusCallback": "/room", "statusCallbackEvent": "announcement"}
    for number in (ADA, BOB):
        await enter(loop, number, **listening)
    await post(loop, await conference(loop), AnnounceUrl=f"{loop.app.url}/news")
    await loop.go_on(SECOND * 5)
    [failed] = loop.app.told("/room")
    assert failed["StatusCallbackEvent"] == "announcement-fail"
    assert failed["ReasonAnnouncementFailed"] == "HTTP retrieval failure"


async def test_who_does_not_get_in(loop: Loop) -> None:
    """A label that somebody has, and one too many; each goes on with his action."""
    await enter(loop, ADA, participantLabel="host")
    await enter(loop, BOB, participantLabel="host")
    await enter(loop, BOB, maxParticipants="2")
    await enter(loop, CAT, maxParticipants="2")
    assert [each["DialCallStatus"] for each in loop.app.told("/after")] == ["failed", "failed"]
    path = await conference(loop)
    assert len((await get(loop, f"{path}/Participants"))["participants"]) == 2
    assert (await get(loop, f"{path}/Participants/host"))["label"] == "host"
    codes = await loop.database.fetch("select error_code from alerts order by id")
    assert [row["error_code"] for row in codes] == [16025, 16020]


async def test_all_wait_for_one_who_may_start_it(loop: Loop) -> None:
    """Each with his own document, or with the usual music, which goes on."""
    loop.app.documents["/wait"] = "<Response><Say>Please hold.</Say></Response>"
    path = {"record": "record-from-start", "trim": "do-not-trim", "recordingStatusCallback": "/ready"}
    told_by_get = {"statusCallback": "/room", "statusCallbackMethod": "GET", "statusCallbackEvent": "start"}
    ada = await enter(
        loop,
        ADA,
        startConferenceOnEnter="false",
        waitUrl="/wait",
        recordingStatusCallbackMethod="GET",
        **path,
        **told_by_get,
    )
    loop.app.documents["/music"] = (
        "<Response><Dial><Conference startConferenceOnEnter='false'>standup</Conference></Dial></Response>"
    )
    bob = await loop.call(To=BOB, Url=f"{loop.app.url}/music")
    await loop.go_on(SECOND * 600)
    assert await heard(loop, ada, ADA) == [("heard", "Please hold.")]
    assert await heard(loop, bob["sid"], BOB) == [("played", "music")]
    assert loop.app.told("/room") == []
    await enter(loop, CAT, endConferenceOnExit="true", beep="true")
    await loop.go_on(SECOND * 7)
    for sid, number in ((ada, ADA), (bob["sid"], BOB)):
        assert (await heard(loop, sid, number))[-1] == ("played", "beep")
    await post(loop, await conference(loop), Status="completed")
    await loop.quiet()
    [ready], [started] = loop.app.told("/ready"), loop.app.told("/room")
    assert (ready["RecordingDuration"], started["StatusCallbackEvent"]) == ("8", "conference-start")
    methods = {each.method for each in loop.app.server.requests if each.path.startswith(("/ready", "/room"))}
    assert methods == {"GET"}


@pytest.mark.parametrize(
    ("takes", "status"), [("busy", "busy"), ("rejects", "no-answer"), ("unreachable", "failed")]
)
async def test_who_is_called_and_never_comes(loop: Loop, takes: str, status: str) -> None:
    await loop.persona(ADA, takes=takes)
    await post(
        loop,
        "/Conferences/standup/Participants",
        To=ADA,
        From=FROM,
        ConferenceStatusCallback=f"{loop.app.url}/room",
        ConferenceStatusCallbackEvent=EVERYTHING,
    )
    await loop.go_on(SECOND * 70)
    left, ended = loop.app.told("/room")
    assert (left["ReasonParticipantLeft"], left["ParticipantCallStatus"]) == (
        "participant_add_failed",
        status,
    )
    assert ended["ReasonConferenceEnded"] == "last-participant-left"
    path = await conference(loop)
    assert (await get(loop, path))["status"] == "completed"
    assert (await get(loop, f"{path}/Participants"))["participants"] == []


def guest(url: str, coached: str) -> dict[str, str]:
    """Everything that may be said of a call into a conference, and of its place there."""
    return {
        "To": BOB,
        "From": FROM,
        "Label": "guest",
        "Timeout": "30",
        "TimeLimit": "600",
        "CallReason": "a reason",
        "CallerId": FROM,
        "Muted": "true",
        "EndConferenceOnExit": "true",
        "Coaching": "true",
        "CallSidToCoach": coached,
        "Record": "true",
        "RecordingChannels": "dual",
        "RecordingTrack": "inbound",
        "RecordingStatusCallback": f"{url}/recorded",
        "StatusCallback": f"{url}/status",
        "StatusCallbackEvent": "initiated ringing answered completed",
        "MachineDetection": "Enable",
        "AmdStatusCallback": f"{url}/amd",
        "ConferenceRecord": "true",
        "ConferenceTrim": "do-not-trim",
        "ConferenceRecordingStatusCallback": f"{url}/room-recorded",
        "ConferenceStatusCallback": f"{url}/told",
        "ConferenceStatusCallbackEvent": "join end",
        "Beep": "onEnter",
        "EarlyMedia": "false",
        "JitterBufferSize": "small",
        "Region": "ie1",
    }


async def test_who_is_called_comes_in_as_was_said(loop: Loop) -> None:
    await loop.persona(BOB, takes="voicemail", script=[{"pause": 4}, {"say": "z" * 30}, {"hang_up": True}])
    ada = await enter(loop, ADA)
    path = await conference(loop)
    made = await post(loop, f"{path}/Participants", **guest(loop.app.url, ada))
    assert (made["status"], made["queue_time"], made["call_sid_to_coach"]) == ("queued", "0", ada)
    await loop.go_on(SECOND * 2)
    assert (await get(loop, f"{path}/Participants/guest"))["status"] == "connected"
    await loop.go_on(SECOND * 60)
    assert ("played", "beep") in await heard(loop, ada, ADA)
    [joined, ended] = loop.app.told("/told")
    assert [joined[each] for each in ("Muted", "Coaching", "CallSidToCoach", "ParticipantLabel")] == [
        "true",
        "true",
        ada,
        "guest",
    ]
    assert ended["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert (ended["CallSidEndingConference"], ended["ParticipantLabelEndingConference"]) == (
        made["call_sid"],
        "guest",
    )
    statuses = [each["CallStatus"] for each in loop.app.told("/status")]
    assert statuses == ["initiated", "ringing", "in-progress", "completed"]
    assert [each["AnsweredBy"] for each in loop.app.told("/amd")] == ["machine_start"]
    [own], [of_room] = loop.app.told("/recorded"), loop.app.told("/room-recorded")
    assert (own["RecordingSource"], own["RecordingTrack"]) == ("OutboundAPI", "inbound")
    assert (of_room["RecordingSource"], of_room["ConferenceSid"]) == ("Conference", path[13:])


async def test_who_is_called_into_one_that_ends_meanwhile(loop: Loop) -> None:
    """Rings no longer: there is nothing to come into."""
    await loop.persona(BOB, takes="never")
    await enter(loop, ADA)
    path = await conference(loop)
    made = await post(loop, f"{path}/Participants", To=BOB, From=FROM, Label="guest")
    await loop.go_on(SECOND * 2)
    assert (await get(loop, f"{path}/Participants/guest"))["status"] == "ringing"
    await post(loop, path, Status="completed")
    await loop.quiet()
    assert (await loop.ended(made["call_sid"]))["status"] == "canceled"
    [only] = (await get(loop, "/Conferences"))["conferences"]
    assert (only["status"], only["reason_conference_ended"]) == ("completed", "conference-ended-via-api")


async def test_how_somebody_left(loop: Loop) -> None:
    """Hung up, ended over REST, led elsewhere, or shown out."""
    loop.app.documents["/elsewhere"] = "<Response><Pause length='5'/></Response>"
    await enter(loop, ADA, statusCallback="/room", statusCallbackEvent="leave")
    bob = await enter(loop, BOB)
    await loop.update(bob, Url=f"{loop.app.url}/elsewhere")
    cat = await enter(loop, CAT)
    await loop.update(cat, Status="completed")
    await enter(loop, CAT, {"pause": 1}, {"hang_up": True})
    bob = await enter(loop, BOB)
    gone = await loop.ask("DELETE", f"{loop.path[:-6]}{await conference(loop)}/Participants/{bob}.json")
    assert gone.status == 204
    await loop.quiet()
    left = [(each["ReasonParticipantLeft"], each["ParticipantCallStatus"]) for each in loop.app.told("/room")]
    assert left == [
        ("participant_updated_via_api", "in-progress"),
        ("participant_updated_via_api", "completed"),
        ("participant_hung_up", "completed"),
        ("participant_updated_via_api", "in-progress"),
    ]
    assert loop.app.told("/after")[-1]["DialCallStatus"] == "answered"
