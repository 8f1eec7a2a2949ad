"""Calls from one number of a world to another: two calls, whose applications speak with each other."""

from __future__ import annotations

from datetime import timedelta

from tests.api.calls.conftest import Loop

OWN = "+15005550110"
LATER = timedelta(minutes=10)


async def _own(loop: Loop, url: str) -> None:
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    own = {
        "PhoneNumber": OWN,
        "VoiceUrl": f"{loop.app.url}{url}",
        "StatusCallback": f"{loop.app.url}/own-status",
    }
    assert (await loop.ask("POST", f"{account}/IncomingPhoneNumbers.json", own)).status == 201


async def _calls(loop: Loop) -> list[tuple[str, str, str]]:
    """Direction, status and duration of all calls, oldest first."""
    listed = (await loop.ask("GET", f"{loop.path}.json")).json()["calls"][::-1]
    return [(each["direction"], each["status"], each["duration"]) for each in listed]


async def test_one_application_presses_what_the_other_asks_for(loop: Loop) -> None:
    await _own(loop, "/menu")
    loop.app.documents["/menu"] = "<Response><Gather numDigits='2' action='/chosen'/></Response>"
    loop.app.documents["/chosen"] = "<Response><Pause/><Say>Thank you very much.</Say></Response>"
    loop.app.documents["/voice"] = (
        "<Response><Pause length='2'/><Play digits='12'/>"
        "<Gather input='speech' speechTimeout='auto' action='/heard'/></Response>"
    )
    loop.app.documents["/heard"] = "<Response><Pause length='30'/></Response>"
    made = await loop.call(To=OWN)
    await loop.go_on(LATER)
    await loop.ended(made["sid"])
    (menu,), (chosen,), (heard,) = (loop.app.told(path) for path in ("/menu", "/chosen", "/heard"))
    assert (menu["Direction"], menu["CallStatus"], menu["From"]) == ("inbound", "ringing", made["from"])
    assert menu["CallSid"] != made["sid"]
    assert chosen["Digits"] == "12"
    assert heard["SpeechResult"] == "Thank you very much."
    # Three seconds, keys, a little more than one of speech; then the other side hangs up.
    assert await _calls(loop) == [("outbound-api", "completed", "5"), ("inbound", "completed", "5")]


async def test_it_is_rejected(loop: Loop) -> None:
    await _own(loop, "/no")
    loop.app.documents["/no"] = "<Response><Reject reason='busy'/></Response>"
    made = await loop.call(To=OWN)
    await loop.go_on(LATER)
    await loop.ended(made["sid"])
    assert await _calls(loop) == [("outbound-api", "busy", "0"), ("inbound", "busy", "0")]


async def test_it_is_not_answered_in_time(loop: Loop) -> None:
    await _own(loop, "/slow")
    loop.app.documents["/slow"] = "<Response><Pause length='60'/></Response>"
    made = await loop.call(To=OWN, Timeout=20)
    await loop.go_on(LATER)
    await loop.ended(made["sid"])
    assert await _calls(loop) == [("outbound-api", "no-answer", "0"), ("inbound", "no-answer", "0")]
    (told,) = loop.app.told("/own-status")
    assert (told["CallStatus"], told["SipResponseCode"]) == ("no-answer", "487")  # it was given up: CANCEL


async def test_a_number_that_calls_itself_comes_to_an_end(loop: Loop) -> None:
    await _own(loop, "/again")
    loop.app.documents["/again"] = f"<Response><Dial>{OWN}</Dial></Response>"
    made = await loop.call(To=OWN)
    await loop.go_on(LATER)
    await loop.ended(made["sid"])
    await loop.until("not exists (select from live_calls)")
    calls = await _calls(loop)
    assert len(calls) == 21  # eleven were dialled, the last of them in vain, and ten came in
    assert {status for _, status, _ in calls} <= {"completed", "failed", "no-answer"}


async def test_a_sound_comes_to_no_room_twice(loop: Loop) -> None:
    """Both ends of a call are in one room, and would hear each other for ever."""
    speaker, listener = "+12125550101", "+12125550102"
    await _own(loop, "/room")
    room = "<Response><Dial><Conference beep='false'>standup</Conference></Dial></Response>"
    loop.app.documents.update({"/voice": room, "/room": room})
    await loop.persona(
        speaker, takes="answers", script=[{"pause": 5}, {"say": "Please hold."}, {"press": "5"}]
    )
    made = [(await loop.call(To=to, TimeLimit=60))["sid"] for to in (listener, speaker, OWN)]
    await loop.go_on(timedelta(minutes=2))
    for sid in made:
        await loop.ended(sid)
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{listener}/Calls/{made[0]}")).json()["lines"]
    assert [line["text"] for line in lines if line["kind"] in ("heard", "tones")] == ["Please hold.", "5"]
