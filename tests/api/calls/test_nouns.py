"""What the attributes of whoever <Dial> and <Enqueue> name do, where whole calls show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.calls.conftest import Loop

FIRST, SECOND, THIRD = "+15005550110", "+15005550111", "+15005550112"
HOUR = timedelta(hours=1)
NOUNS = {
    "Number": ("+15005550113", "+15005550113"),
    "Client": ("ada", "client:ada"),
    "Sip": ("sip:ada@example.com", "sip:ada@example.com"),
    "WhatsApp": ("+15005550114", "whatsapp:+15005550114"),
}


async def test_everybody_who_is_called_is_told_of_apart(loop: Loop) -> None:
    """Each noun has its own callback, with its own method and events."""
    inside = "".join(
        f"<{tag} statusCallback='/{tag}' statusCallbackMethod='GET' statusCallbackEvent='initiated ringing'>"
        f"{written}</{tag}>"
        for tag, (written, _) in NOUNS.items()
    )
    loop.app.documents["/voice"] = f"<Response><Dial timeout='20'>{inside}</Dial></Response>"
    for _, address in NOUNS.values():
        await loop.persona(address.removeprefix("whatsapp:"), takes="never")
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    for tag, (_, address) in NOUNS.items():
        told = loop.app.told(f"/{tag}")
        assert [each["CallStatus"] for each in told] == ["initiated", "ringing"]
        assert {(each["To"], each["ParentCallSid"]) for each in told} == {(address, made["sid"])}
    methods = {each.method for each in loop.app.server.requests if "/voice" not in each.path}
    assert methods == {"GET"}


@pytest.mark.parametrize(("tag", "written"), [("Number", FIRST), ("Sip", "sip:bob@example.com")])
async def test_who_answers_is_found_out_as_the_noun_says(loop: Loop, tag: str, written: str) -> None:
    """A greeting longer than its time, a pause shorter than usual, a silence shorter than usual."""
    wanted: dict[str, tuple[dict[str, Any], str, tuple[str, str]]] = {
        "/a": (
            {"takes": "voicemail", "greeting": "x" * 150},
            "machineDetection='DetectMessageEnd' machineDetectionTimeout='4'",
            ("unknown", "4000"),
        ),
        "/b": (
            {"takes": "answers"},
            "machineDetection='Enable' machineDetectionSpeechEndThreshold='700'",
            ("human", "700"),
        ),
        "/c": (
            {"takes": "answers", "script": [{"pause": 4}, {"say": "Hello?"}]},
            "machineDetection='Enable' machineDetectionSilenceTimeout='2500'",
            ("unknown", "2500"),
        ),
        "/d": (
            {"takes": "voicemail"},
            "machineDetection='Enable' machineDetectionSpeechThreshold='3100'",
            ("machine_start", "3100"),
        ),
    }
    for path, (persona, attributes, _) in wanted.items():
        callback = f"amdStatusCallback='{path}-amd' amdStatusCallbackMethod='GET'"
        noun = f"<{tag} {attributes} {callback}>{written}</{tag}>"
        loop.app.documents[path] = f"<Response><Dial timeLimit='60'>{noun}</Dial></Response>"
        await loop.persona(written, **{"greeting": "", "script": [], **persona})
        await loop.call(Url=f"{loop.app.url}{path}")
        await loop.advance(timedelta(minutes=5))
    found = {path: loop.app.told(f"{path}-amd") for path in wanted}
    assert {
        path: [(told["AnsweredBy"], told["MachineDetectionDuration"]) for told in each]
        for path, each in found.items()
    } == {path: [who] for path, (_, _, who) in wanted.items()}
    methods = {each.method for each in loop.app.server.requests if "-amd" in each.path}
    assert methods == {"GET"}


async def test_a_queue_takes_no_more_than_the_document_says(loop: Loop) -> None:
    loop.app.documents["/voice"] = (
        "<Response><Enqueue maxQueueSize='1' waitUrl='/wait' action='/left'>small</Enqueue></Response>"
    )
    loop.app.documents["/wait"] = "<Response><Pause length='60'/></Response>"
    first = await loop.call(To=FIRST)
    await loop.advance(timedelta(seconds=5))
    second = await loop.call(To=SECOND)
    await loop.advance(timedelta(seconds=5))
    await loop.ended(second["sid"])
    assert [(each["CallSid"], each["QueueResult"]) for each in loop.app.told("/left")] == [
        (second["sid"], "queue-full")
    ]
    assert (await loop.fetch(first["sid"]))["status"] == "in-progress"
