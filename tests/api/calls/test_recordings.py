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
