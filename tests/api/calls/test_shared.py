"""Calls that meet in queues and conferences."""

from __future__ import annotations

from datetime import timedelta

from tests.api.calls.conftest import FROM, TO, Loop
from tests.api.calls.test_documents import heard

CALLER, AGENT = "+15005550110", "+15005550111"
LATER = timedelta(minutes=5)


async def test_a_queue_and_its_agent(loop: Loop) -> None:
    """The caller waits, hears who takes him, speaks, and goes on when the agent is through."""
    loop.app.documents["/caller"] = (
        "<Response><Enqueue waitUrl='/wait' action='/left'>support</Enqueue><Say>Thank you.</Say></Response>"
    )
    loop.app.documents["/wait"] = "<Response><Say>You are waiting.</Say><Pause length='30'/></Response>"
    loop.app.documents["/agent"] = (
        "<Response><Dial action='/done'><Queue url='/whisper'>support</Queue></Dial></Response>"
    )
    loop.app.documents["/whisper"] = "<Response><Say>An agent is here.</Say></Response>"
    loop.app.documents["/left"] = "<Response><Say>Bye.</Say></Response>"
    await loop.persona(CALLER, script=[{"wait": "hello"}, {"say": "I need help."}])
    await loop.persona(AGENT, script=[{"pause": 5}, {"say": "Hello."}, {"pause": 10}, {"hang_up": True}])
    caller = await loop.call(To=CALLER, Url=f"{loop.app.url}/caller")
    await loop.go_on(timedelta(seconds=20))
    agent = await loop.call(To=AGENT, Url=f"{loop.app.url}/agent")
    await loop.go_on(LATER)
    await loop.ended(agent["sid"])
    await loop.ended(caller["sid"])
    (wait, *_), (whisper,) = loop.app.told("/wait"), loop.app.told("/whisper")
    assert (wait["QueuePosition"], wait["CurrentQueueSize"], wait["CallSid"]) == ("1", "1", caller["sid"])
    assert (whisper["CallSid"], whisper["DequeingCallSid"]) == (caller["sid"], agent["sid"])
    (left,), (done,) = loop.app.told("/left"), loop.app.told("/done")
    assert (left["QueueResult"], left["QueueSid"]) == ("bridged", wait["QueueSid"])
    assert (done["DialCallStatus"], done["DequeuedCallSid"], done["DequeueResult"]) == (
        "completed",
        caller["sid"],
        "bridged",
    )
    assert await heard(loop, caller["sid"], CALLER) == [
        ("heard", "You are waiting."),
        ("heard", "An agent is here."),
        ("heard", "Hello."),
        ("said", "I need help."),
        ("heard", "Bye."),
    ]
    assert ("heard", "I need help.") in await heard(loop, agent["sid"], AGENT)


async def test_an_agent_waits_for_the_next_caller(loop: Loop) -> None:
    loop.app.documents["/caller"] = "<Response><Enqueue waitUrl='/wait'>support</Enqueue></Response>"
    loop.app.documents["/wait"] = "<Response><Pause length='30'/></Response>"
    loop.app.documents["/agent"] = "<Response><Dial timeout='60'><Queue>support</Queue></Dial></Response>"
    await loop.ask("POST", f"{loop.path[:-6]}/Queues.json", {"FriendlyName": "support"})
    await loop.persona(CALLER, script=[{"pause": 9}, {"hang_up": True}])
    agent = await loop.call(To=AGENT, Url=f"{loop.app.url}/agent")
    await loop.go_on(timedelta(seconds=20))
    caller = await loop.call(To=CALLER, Url=f"{loop.app.url}/caller")
    await loop.go_on(LATER)
    assert (await loop.ended(caller["sid"]))["duration"] == "9"
    assert loop.app.told("/wait")[0]["QueuePosition"] == "1"  # though somebody has taken him already
    assert (await loop.ended(agent["sid"]))[
        "duration"
    ] == "29"  # nineteen alone, one of ringing, nine together


async def test_a_conference(loop: Loop) -> None:
    """It begins with the second, who hears the first; it ends when the moderator goes."""
    loop.app.documents["/guest"] = (
        "<Response><Dial action='/after'><Conference waitUrl='/music' startConferenceOnEnter='false'"
        " statusCallback='/room' statusCallbackEvent='start join leave end'>standup</Conference></Dial></Response>"
    )
    loop.app.documents["/music"] = "<Response><Say>Please wait.</Say></Response>"
    loop.app.documents["/moderator"] = (
        "<Response><Dial><Conference endConferenceOnExit='true'>standup</Conference></Dial></Response>"
    )
    loop.app.documents["/after"] = "<Response><Say>It is over.</Say></Response>"
    await loop.persona(
        AGENT, script=[{"pause": 3}, {"say": "Good morning."}, {"pause": 6}, {"hang_up": True}]
    )
    guest = await loop.call(To=TO, From=FROM, Url=f"{loop.app.url}/guest")
    await loop.go_on(timedelta(seconds=10))
    moderator = await loop.call(To=AGENT, Url=f"{loop.app.url}/moderator")
    await loop.go_on(LATER)
    await loop.ended(guest["sid"])
    await loop.ended(moderator["sid"])
    assert await heard(loop, guest["sid"]) == [
        ("heard", "Please wait."),
        ("played", "beep"),
        ("heard", "Good morning."),
        ("heard", "It is over."),
    ]
    told = [each["StatusCallbackEvent"] for each in loop.app.told("/room")]
    assert sorted(told) == [
        "conference-end",
        "conference-start",
        *["participant-join"] * 2,
        *["participant-leave"] * told.count("participant-leave"),
    ]
    (after,) = loop.app.told("/after")
    assert (after["DialCallStatus"], "DialCallSid" in after) == ("answered", False)
    listed = (await loop.ask("GET", f"{loop.path[:-6]}/Conferences.json")).json()["conferences"]
    assert [(each["friendly_name"], each["status"]) for each in listed] == [("standup", "completed")]
