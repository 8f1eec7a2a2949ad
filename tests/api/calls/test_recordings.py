"""Documents that record: a voicemail, and a conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.calls.conftest import Loop

HOUR = timedelta(hours=1)
WORDS = "This is Ada. Please call me back when you can."  # 46 characters: 3.07 s


@pytest.mark.parametrize(
    ("ends", "digits"), [({"pause": 60}, None), ({"press": "#"}, "#"), ({"hang_up": True}, "hangup")]
)
async def test_a_voicemail(loop: Loop, ends: dict[str, object], digits: str | None) -> None:
    """It ends by silence, a key or the call; silence is cut off."""
    loop.app.documents["/voice"] = (
        "<Response><Say>Speak.</Say><Record action='/recorded' recordingStatusCallback='/ready'/></Response>"
    )
    await loop.persona(script=[{"pause": 2}, {"say": WORDS}, ends])
    made = await loop.call()
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert ended["status"] == "completed"
    (recorded,), (ready,) = loop.app.told("/recorded"), loop.app.told("/ready")
    assert (recorded.get("Digits"), recorded["RecordingDuration"]) == (
        digits,
        "3",
    )  # from the first word to the last
    assert (ready["RecordingSid"], ready["RecordingStatus"]) == (recorded["RecordingSid"], "completed")
    path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Recordings/{recorded['RecordingSid']}"
    assert recorded["RecordingUrl"].endswith(path)
    kept = (await loop.ask("GET", f"{path}.json")).json()
    assert (kept["call_sid"], kept["source"], kept["duration"]) == (made["sid"], "RecordVerb", "3")


async def test_a_conversation(loop: Loop) -> None:
    agent = "+15005550110"
    loop.app.documents["/voice"] = (
        f"<Response><Dial action='/after' record='record-from-answer-dual'>{agent}</Dial></Response>"
    )
    await loop.persona(agent, script=[{"pause": 7}, {"hang_up": True}])
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    (after,) = loop.app.told("/after")
    assert (after["DialCallStatus"], after["RecordingDuration"]) == ("completed", "7")
    kept = await loop.database.fetchrow("select status, duration, wish from recordings")
    assert (kept["status"], kept["duration"], kept["wish"]["channels"]) == ("completed", 7, 2)


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ({}, "4"),  # what was said to it
        ({"Trim": "do-not-trim"}, "19"),
        ({"RecordingTrack": "inbound"}, "2"),  # what its phone said
        ({"RecordingTrack": "outbound", "RecordingChannels": "dual"}, "4"),
    ],
)
async def test_a_call_that_is_recorded_from_its_answer(
    loop: Loop, wish: dict[str, str], seconds: str
) -> None:
    said = "x" * 60  # 4 s
    loop.app.documents["/voice"] = (
        f"<Response><Pause length='5'/><Say>{said}</Say><Pause length='10'/></Response>"
    )
    await loop.persona(script=[{"pause": 6}, {"say": "y" * 30}])
    made = await loop.call(Record="true", RecordingStatusCallback=f"{loop.app.url}/ready", **wish)
    await loop.go_on(HOUR)
    assert (await loop.ended(made["sid"]))["duration"] == "19"
    (ready,) = loop.app.told("/ready")
    assert (ready["RecordingDuration"], ready["RecordingSource"]) == (seconds, "OutboundAPI")


async def test_what_two_say_to_each_other_is_left_of_a_conversation(loop: Loop) -> None:
    """Its action and its callback name the same length."""
    agent = "+15005550110"
    loop.app.documents["/voice"] = (
        "<Response><Dial action='/after' record='record-from-answer' trim='trim-silence'"
        f" recordingStatusCallback='/ready'>{agent}</Dial></Response>"
    )
    await loop.persona(agent, script=[{"pause": 9}, {"say": "x" * 30}, {"pause": 20}, {"hang_up": True}])
    await loop.persona(script=[{"pause": 3}, {"say": "y" * 30}])
    await loop.call()
    await loop.go_on(HOUR)
    (after,), (ready,) = loop.app.told("/after"), loop.app.told("/ready")
    assert after["RecordingDuration"] == ready["RecordingDuration"]
    assert 7 <= int(ready["RecordingDuration"]) <= 11  # from the first's words to the end of the other's


async def test_a_recording_that_rest_begins_and_ends(loop: Loop) -> None:
    """Beside that of the call itself, but only one."""
    loop.app.documents["/voice"] = "<Response><Pause length='60'/></Response>"
    made = await loop.call(Record="true")
    await loop.go_on(timedelta(seconds=5))
    path = f"{loop.path}/{made['sid']}/Recordings"
    begun = (await loop.ask("POST", f"{path}.json", {"RecordingChannels": "dual"})).json()
    assert (begun["status"], begun["channels"], begun["call_sid"]) == ("in-progress", 2, made["sid"])
    again = await loop.ask("POST", f"{path}.json")
    assert (again.status, again.json()["code"]) == (400, 16108)
    await loop.go_on(timedelta(seconds=8))
    stopped = await loop.ask("POST", f"{path}/Twilio.CURRENT.json", {"Status": "stopped"})
    assert (stopped.status, stopped.json()["status"]) == (200, "stopped")
    await loop.quiet()
    done = (await loop.ask("GET", f"{path}/{begun['sid']}.json")).json()
    assert (done["status"], done["duration"]) == ("completed", "8")
    heard = await loop.ask(
        "GET",
        f"/2010-04-01/Accounts/{loop.ask.account_sid}/Recordings/{begun['sid']}.wav?RequestedChannels=1",
    )
    assert (heard.status, len(heard.body)) == (200, 44 + 8 * 16_000)
