"""Calls that dial others: who is connected, who is let go, and what each side and the application hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.calls.conftest import FROM, TO, Loop
from tests.api.calls.test_documents import heard

AGENT, OTHER = "+15005550110", "+15005550111"
HOUR = timedelta(hours=1)


async def children(loop: Loop, sid: str) -> list[dict[str, Any]]:
    """The calls that a call made, oldest first."""
    reply = await loop.ask("GET", f"{loop.path}.json?ParentCallSid={sid}")
    return list(reply.json()["calls"])[::-1]


async def test_two_people_speak(loop: Loop) -> None:
    """What one says the other hears; when the agent hangs up, the action is asked, and leads on."""
    loop.app.documents["/voice"] = (
        "<Response><Dial action='/after'><Number statusCallback='/leg'"
        f" statusCallbackEvent='ringing answered completed'>{AGENT}</Number></Dial></Response>"
    )
    loop.app.documents["/after"] = "<Response><Say>Bye.</Say></Response>"
    await loop.persona(
        AGENT, after=3, script=[{"wait": "who"}, {"say": "Ada."}, {"pause": 10}, {"hang_up": True}]
    )
    made = await loop.call()
    await loop.advance(timedelta(seconds=5))
    phone = f"/lab/v1/Phones/{TO}/Calls/{made['sid']}"
    assert (await loop.ask("POST", phone, {"Say": "Who is there?"})).status == 200
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    (child,) = await children(loop, made["sid"])
    assert (child["status"], child["direction"], child["to"], child["from"]) == (
        "completed",
        "outbound-dial",
        AGENT,
        FROM,
    )
    assert await heard(loop, child["sid"], AGENT) == [("heard", "Who is there?"), ("said", "Ada.")]
    assert await heard(loop, made["sid"]) == [("said", "Who is there?"), ("heard", "Ada."), ("heard", "Bye.")]
    (after,) = loop.app.told("/after")
    assert (after["DialCallStatus"], after["DialCallSid"], after["DialBridged"]) == (
        "completed",
        child["sid"],
        "true",
    )
    assert after["DialCallDuration"] == child["duration"] == "12"  # a second, half of one, half of one, ten
    told = loop.app.told("/leg")
    assert [each["CallStatus"] for each in told] == ["ringing", "in-progress", "completed"]
    assert {each["ParentCallSid"] for each in told} == {made["sid"]}
    assert ended["status"] == "completed"


async def test_the_first_who_answers_is_connected(loop: Loop) -> None:
    loop.app.documents["/voice"] = (
        f"<Response><Dial action='/after'><Number>{AGENT}</Number><Number>{OTHER}</Number></Dial></Response>"
    )
    await loop.persona(AGENT, after=8)
    await loop.persona(OTHER, after=2, script=[{"pause": 5}, {"hang_up": True}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    first, second = await children(loop, made["sid"])
    assert (first["status"], second["status"], second["duration"]) == ("no-answer", "completed", "5")
    (after,) = loop.app.told("/after")
    assert (after["DialCallSid"], after["DialCallStatus"]) == (second["sid"], "completed")


@pytest.mark.parametrize(
    ("takes", "status"), [("busy", "busy"), ("never", "no-answer"), ("unreachable", "failed")]
)
async def test_nobody_is_reached(loop: Loop, takes: str, status: str) -> None:
    """Without an action the document goes on."""
    loop.app.documents["/voice"] = f"<Response><Dial timeout='9'>{AGENT}</Dial><Say>Nobody.</Say></Response>"
    await loop.persona(AGENT, takes=takes)
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (child,) = await children(loop, made["sid"])
    assert child["status"] == status
    assert await heard(loop, made["sid"]) == [("heard", "Nobody.")]


async def test_a_callee_is_asked_first(loop: Loop) -> None:
    """A screening document that hangs up is nobody who took the call."""
    loop.app.documents["/voice"] = (
        f"<Response><Dial action='/after'><Number url='/screen'>{AGENT}</Number></Dial></Response>"
    )
    loop.app.documents["/screen"] = (
        "<Response><Gather numDigits='1' action='/screened'><Say>Press 1.</Say></Gather><Hangup/></Response>"
    )
    loop.app.documents["/screened"] = "<Response><Say>Connecting.</Say></Response>"
    await loop.persona(AGENT, script=[{"wait": "press 1"}, {"press": "1"}, {"pause": 5}, {"hang_up": True}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (child,) = await children(loop, made["sid"])
    (screened,) = loop.app.told("/screened")
    assert (screened["CallSid"], screened["ParentCallSid"]) == (child["sid"], made["sid"])
    assert loop.app.told("/after")[0]["DialBridged"] == "true"
    await loop.persona(AGENT, script=[])
    again = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(again["sid"])
    declined = loop.app.told("/after")[1]
    assert (declined["DialCallStatus"], declined["DialBridged"]) == ("completed", "false")


async def test_the_caller_hangs_up_and_the_action_hears_how_long_it_was(loop: Loop) -> None:
    loop.app.documents["/voice"] = f"<Response><Dial action='/after'>{AGENT}</Dial></Response>"
    await loop.persona(script=[{"pause": 11}, {"hang_up": True}])
    made = await loop.call()
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    (child,) = await children(loop, made["sid"])
    (after,) = loop.app.told("/after")
    assert (ended["duration"], child["duration"], child["status"]) == ("11", "10", "completed")
    assert (after["CallStatus"], after["DialCallStatus"], after["DialCallDuration"]) == (
        "completed",
        "completed",
        "10",
    )


async def test_a_number_that_is_not_ones_own_is_not_shown(loop: Loop) -> None:
    loop.app.documents["/voice"] = (
        f"<Response><Dial callerId='{OTHER}'>{AGENT}</Dial><Say>No.</Say></Response>"
    )
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    assert [child["status"] for child in await children(loop, made["sid"])] == ["failed"]
    assert await heard(loop, made["sid"]) == [("heard", "No.")]
    alert = await loop.database.fetchrow("select error_code, facts from alerts")
    assert alert["error_code"] == 13214
    assert alert["facts"]["Msg"].startswith(
        f"Dial: Invalid callerId value: {AGENT} was not called: {OTHER} is"
    )


async def test_a_star_calls_off_what_rings(loop: Loop) -> None:
    """Twilio's support pages: the call that was dialled is canceled then."""
    loop.app.documents["/voice"] = (
        f"<Response><Dial hangupOnStar='true' action='/after'>{AGENT}</Dial></Response>"
    )
    await loop.persona(AGENT, takes="never")
    await loop.persona(script=[{"pause": 2}, {"press": "*"}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (child,) = await children(loop, made["sid"])
    assert child["status"] == loop.app.told("/after")[0]["DialCallStatus"] == "canceled"


@pytest.mark.parametrize(("takes", "code"), [("answers", "200"), ("busy", "486"), ("unreachable", "404")])
async def test_how_sip_answered_is_told(loop: Loop, takes: str, code: str) -> None:
    loop.app.documents["/voice"] = (
        "<Response><Dial action='/after'><Sip>sip:ada@example.com</Sip></Dial></Response>"
    )
    await loop.persona("sip:ada@example.com", takes=takes, script=[{"pause": 2}, {"hang_up": True}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (after,) = loop.app.told("/after")
    assert after["DialSipResponseCode"] == code
    assert after["DialSipCallId"]
