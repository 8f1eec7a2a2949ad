"""Documents lead calls: what is heard, pressed and said, where the next document comes from, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from http_server import answer
from waiting import until

from tests.api.calls.conftest import FROM, TO, Loop
from tests.api.webhooks.test_forgetting import holding

HOUR = timedelta(hours=1)
MENU = """<Response>
  <Gather action="/chosen" numDigits="1"><Say>Press 1 for sales.</Say></Gather>
  <Say>Goodbye.</Say>
</Response>"""
SORRY = "We're sorry, an application error has occurred. Goodbye."


async def heard(loop: Loop, sid: str, number: str = TO) -> list[tuple[str, str]]:
    """What happened on a phone during a call."""
    reply = await loop.ask("GET", f"/lab/v1/Phones/{number}/Calls/{sid}")
    assert reply.status == 200, reply.body
    return [(line["kind"], line["text"]) for line in reply.json()["lines"]]


async def test_a_menu_is_heard_and_a_key_leads_on(loop: Loop) -> None:
    loop.app.documents["/voice"] = MENU
    loop.app.documents["/chosen"] = "<Response><Say>Sales are closed.</Say><Hangup/></Response>"
    await loop.persona(script=[{"wait": "press 1"}, {"press": "1"}])
    made = await loop.call()
    await loop.quiet()
    assert loop.app.asked == []
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    (first,), (second,) = loop.app.told("/voice"), loop.app.told("/chosen")
    assert (first["CallStatus"], first["Direction"], first["CallSid"]) == (
        "in-progress",
        "outbound-api",
        made["sid"],
    )
    assert (second["Digits"], second["msg"]) == ("1", "Gather End")
    assert await heard(loop, made["sid"]) == [
        ("heard", "Press 1 for sales."),
        ("pressed", "1"),
        ("heard", "Sales are closed."),
    ]
    # 1.2 s of prompt, half a second to react, 1.13 s of the last words.
    assert (ended["status"], ended["duration"], ended["price"]) == ("completed", "3", "-0.01400")


async def test_nobody_presses_and_the_document_goes_on(loop: Loop) -> None:
    loop.app.documents["/voice"] = MENU
    made = await loop.call()
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert await heard(loop, made["sid"]) == [("heard", "Press 1 for sales."), ("heard", "Goodbye.")]
    assert ended["duration"] == "7"  # 1.2 s, five of silence, 0.53 s


async def test_what_is_heard_by_now_is_told(loop: Loop) -> None:
    gather = "<Gather input='speech' action='/said' partialResultCallback='/partial'/>"
    loop.app.documents["/voice"] = f"<Response>{gather}</Response>"
    loop.app.documents["/said"] = "<Response/>"
    await loop.persona(script=[{"pause": 1}, {"say": "one two"}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (first, *_) = loop.app.told("/partial")
    assert (first["CallSid"], first["UnstableSpeechResult"]) == (made["sid"], "one two")
    assert (first["StableSpeechResult"], first["SequenceNumber"]) == ("", "0")


async def test_a_call_to_a_number_is_led_by_its_application(loop: Loop) -> None:
    """The caller hears ringing until something is said to him; when he hangs up, its status callback says so."""
    own = {
        "PhoneNumber": FROM,
        "VoiceUrl": f"{loop.app.url}/voice",
        "StatusCallback": f"{loop.app.url}/status",
    }
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    assert (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).status == 201
    loop.app.documents["/voice"] = (
        "<Response><Pause length='2'/><Gather input='speech' action='/said'/></Response>"
    )
    loop.app.documents["/said"] = "<Response><Say>You said so.</Say><Pause length='600'/></Response>"
    dialled = await loop.ask("POST", f"/lab/v1/Phones/{TO}/Calls", {"To": FROM})
    assert dialled.status == 201, dialled.body
    sid = dialled.json()["sid"]
    await loop.quiet()
    assert (await loop.fetch(sid))["status"] == "ringing"
    await loop.advance(timedelta(seconds=2))
    assert (await loop.fetch(sid))["status"] == "in-progress"
    phone = f"/lab/v1/Phones/{TO}/Calls/{sid}"
    assert (await loop.ask("POST", phone, {"Say": "I want my money back"})).status == 200
    await loop.advance(timedelta(seconds=10))
    assert (await loop.ask("POST", phone, {"Status": "completed"})).status == 200
    ended = await loop.ended(sid)
    assert (ended["status"], ended["direction"], ended["duration"]) == ("completed", "inbound", "10")
    (first,), (said,), (told,) = (loop.app.told(path) for path in ("/voice", "/said", "/status"))
    assert (first["CallStatus"], first["From"], first["To"]) == ("ringing", TO, FROM)
    assert (said["SpeechResult"], said["Confidence"]) == ("I want my money back", "0.9")
    assert (told["CallStatus"], told["CallDuration"]) == ("completed", "10")
    assert await heard(loop, sid) == [("said", "I want my money back"), ("heard", "You said so.")]
    assert (await loop.ask("POST", phone, {"Press": "1"})).json()["code"] == 21220


@pytest.mark.parametrize(
    ("document", "status", "sip_code"),
    [("<Reject/>", "no-answer", "487"), ("<Reject reason='busy'/>", "busy", "486")],
)
async def test_a_call_is_rejected(loop: Loop, document: str, status: str, sip_code: str) -> None:
    await _own(loop)
    loop.app.documents["/voice"] = f"<Response>{document}</Response>"
    sid = (await loop.ask("POST", f"/lab/v1/Phones/{TO}/Calls", {"To": FROM})).json()["sid"]
    ended = await loop.ended(sid)
    assert (ended["status"], ended["duration"], ended["price"]) == (status, "0", None)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (answer("500 Oops", b"broken", "Content-Type: text/plain"), "11200"),
        (answer("200 OK", b"<Response><Say>", "Content-Type: text/xml"), "12100"),
        (answer("200 OK", b"{}", "Content-Type: application/json"), "12300"),
    ],
)
async def test_the_fallback_leads_on(loop: Loop, bad: bytes, code: str) -> None:
    loop.app.documents["/voice"] = bad
    loop.app.documents["/fallback"] = "<Response><Say>Plan B.</Say></Response>"
    made = await loop.call(FallbackUrl=f"{loop.app.url}/fallback")
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (told,) = loop.app.told("/fallback")
    assert (told["ErrorCode"], told["ErrorUrl"]) == (code, f"{loop.app.url}/voice")
    assert await heard(loop, made["sid"]) == [("heard", "Plan B.")]
    assert await _alerts(loop) == [int(code)]


async def test_without_a_fallback_the_caller_is_told(loop: Loop) -> None:
    loop.app.documents["/voice"] = answer("404 Not Found", b"")
    made = await loop.call(StatusCallback=f"{loop.app.url}/status")
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert await heard(loop, made["sid"]) == [("heard", SORRY)]
    assert (ended["status"], ended["duration"]) == ("completed", "4")
    assert [each["CallStatus"] for each in loop.app.told("/status")] == ["completed"]


async def test_a_live_call_is_led_elsewhere(loop: Loop) -> None:
    """What runs is left, and its timers with it."""
    loop.app.documents["/voice"] = "<Response><Say loop='0'>Please hold.</Say></Response>"
    loop.app.documents["/agent"] = "<Response><Say>Hello.</Say></Response>"
    made = await loop.call()
    early = await loop.update(made["sid"], Url=f"{loop.app.url}/agent")
    assert (early.status, early.json()["code"]) == (400, 21220)
    await loop.advance(timedelta(seconds=10))
    assert (await loop.update(made["sid"], Url=f"{loop.app.url}/agent", Method="GET")).status == 200
    await loop.advance(timedelta(seconds=1))
    ended = await loop.ended(made["sid"])
    assert (ended["status"], ended["duration"]) == ("completed", "10")
    assert [text for _, text in await heard(loop, made["sid"])] == ["Please hold.", "Hello."]
    late = await loop.update(made["sid"], Twiml="<Response/>")
    assert late.json()["code"] == 21220


async def test_cookies_are_kept_for_the_call(loop: Loop) -> None:
    body = b"<Response><Redirect>/next</Redirect></Response>"
    loop.app.documents["/voice"] = answer("200 OK", body, "Content-Type: text/xml", "Set-Cookie: flow=7")
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    first, second = loop.app.server.requests
    assert "cookie" not in first.headers
    assert second.headers["cookie"] == "flow=7"


@pytest.mark.parametrize(
    ("takes", "mode", "answered_by"),
    [
        ("answers", "Enable", "human"),
        ("voicemail", "Enable", "machine_start"),
        ("voicemail", "DetectMessageEnd", "machine_end_beep"),
        ("fax", "Enable", "fax"),
    ],
)
async def test_who_answered(loop: Loop, takes: str, mode: str, answered_by: str) -> None:
    await loop.persona(takes=takes)
    made = await loop.call(MachineDetection=mode)
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    (asked,) = loop.app.told("/voice")
    assert (asked["AnsweredBy"], ended["answered_by"]) == (answered_by, answered_by)
    assert int(asked["MachineDetectionDuration"]) > 0


async def test_who_answered_is_told_later(loop: Loop) -> None:
    loop.app.documents["/voice"] = "<Response><Pause length='10'/></Response>"
    told: dict[str, Any] = {"AsyncAmd": "true", "AsyncAmdStatusCallback": f"{loop.app.url}/amd"}
    made = await loop.call(MachineDetection="Enable", **told)
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (first,), (found,) = loop.app.told("/voice"), loop.app.told("/amd")
    assert "AnsweredBy" not in first
    assert found == {
        "CallSid": made["sid"],
        "AccountSid": loop.ask.account_sid,
        "AnsweredBy": "human",
        "MachineDetectionDuration": "1200",
    }


async def test_four_hours_are_enough(loop: Loop) -> None:
    loop.app.documents["/voice"] = "<Response><Pause length='86400'/></Response>"
    made = await loop.call(StatusCallback=f"{loop.app.url}/status")
    await loop.advance(timedelta(hours=9))
    ended = await loop.ended(made["sid"])
    assert (ended["status"], ended["duration"]) == ("completed", "14400")
    assert await _alerts(loop) == [32015]


async def test_a_time_limit_is_changed_while_the_call_lasts(loop: Loop) -> None:
    loop.app.documents["/voice"] = "<Response><Pause length='86400'/></Response>"
    longer = await loop.call(TimeLimit=60)
    shorter = await loop.call(To="+15005550110")
    await loop.advance(timedelta(seconds=10))
    assert (await loop.update(longer["sid"], TimeLimit="90")).status == 200
    assert (await loop.update(shorter["sid"], TimeLimit="30")).status == 200
    await loop.advance(HOUR)
    assert (await loop.ended(longer["sid"]))["duration"] == "90"
    assert (await loop.ended(shorter["sid"]))["duration"] == "30"


async def test_digits_are_sent_before_anything_is_said(loop: Loop) -> None:
    loop.app.documents["/voice"] = "<Response><Say>Hello.</Say></Response>"
    made = await loop.call(SendDigits="ww12#")
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert await heard(loop, made["sid"]) == [("tones", "ww12#"), ("heard", "Hello.")]
    assert ended["duration"] == "3"  # 1.6 s of keys, 0.5 s of speech


async def _own(loop: Loop) -> None:
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    own = {"PhoneNumber": FROM, "VoiceUrl": f"{loop.app.url}/voice"}
    assert (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).status == 201


async def _alerts(loop: Loop) -> list[int]:
    """They are written beside what they are about, and may come a moment later."""

    async def told() -> list[int]:
        rows = await loop.database.fetch("select error_code from alerts order by id")
        return [row["error_code"] for row in rows]

    return await until(told)


async def test_a_deleted_call_is_forgotten(loop: Loop) -> None:
    """What was said in it is in no table any more, nor on the phone."""
    words = "xyzzy plugh and nothing else"
    loop.app.documents["/voice"] = "<Response><Gather input='speech' action='/said'/></Response>"
    loop.app.documents["/said"] = answer("500 Oops", words.encode(), "Content-Type: text/plain")
    await loop.persona(script=[{"pause": 1}, {"say": "first"}])
    made = await loop.call()
    await loop.advance(timedelta(seconds=1))
    phone = f"/lab/v1/Phones/{TO}/Calls/{made['sid']}"
    assert (await loop.ask("POST", phone, {"Say": words})).status == 200
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    assert await holding(loop.database, words) >= {"deliveries", "phone_call_lines", "alerts"}
    assert (await loop.ask("DELETE", f"{loop.path}/{made['sid']}.json")).status == 204
    assert await holding(loop.database, words) == set()


async def test_who_answered_is_found_after_the_call_was_led_elsewhere(loop: Loop) -> None:
    """The document that waited for that was given up: it does not come back."""
    loop.app.documents["/agent"] = "<Response><Pause length='30'/></Response>"
    await loop.persona(takes="voicemail")
    made = await loop.call(MachineDetection="Enable")
    await loop.advance(timedelta(seconds=2))
    assert (await loop.update(made["sid"], Url=f"{loop.app.url}/agent")).status == 200
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert loop.app.paths() == ["/agent"]
    assert (ended["answered_by"], ended["duration"]) == ("machine_start", "31")
