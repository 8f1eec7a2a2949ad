"""Voice Insights: summaries of calls and conferences, their events, and what people note of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.calls.conftest import FROM, TO, Loop
from tests.api.calls.test_dial import AGENT

LATER = timedelta(minutes=15)
PAUSE = "<Response><Pause length='70'/></Response>"


async def summary(loop: Loop, sid: str) -> dict[str, object]:
    reply = await loop.ask("GET", f"/insights/v1/Voice/{sid}/Summary")
    assert reply.status == 200, reply.body
    return dict(reply.json())


async def listed(loop: Loop, query: str = "") -> list[str]:
    reply = await loop.ask("GET", f"/insights/v1/Voice/Summaries?{query}")
    assert reply.status == 200, reply.body
    return [each["call_sid"] for each in reply.json()["call_summaries"]]


async def test_a_call_and_what_it_came_to(loop: Loop) -> None:
    """Partial while it goes on and for a while after; then complete."""
    loop.app.documents["/voice"] = PAUSE
    await loop.persona(after=4)
    made = await loop.call(MachineDetection="Enable")
    await loop.advance(timedelta(seconds=10))
    early = await summary(loop, made["sid"])
    assert (early["call_state"], early["processing_state"], early["duration"]) == (
        "answered",
        "partial",
        None,
    )
    await loop.advance(timedelta(minutes=2))
    await loop.ended(made["sid"])
    complete = f"/insights/v1/Voice/{made['sid']}/Summary?ProcessingState=complete"
    assert (await loop.ask("GET", complete)).status == 404
    await loop.advance(LATER)
    done = (await loop.ask("GET", complete)).json()
    wanted = {
        "account_sid": loop.ask.account_sid,
        "call_sid": made["sid"],
        "call_type": "carrier",
        "call_state": "completed",
        "processing_state": "complete",
        "answered_by": "human",
        "duration": 76,  # four of ringing, one and a fifth to know who answered
        "connect_duration": 72,
        "carrier_edge": None,
        "tags": [],
        "annotation": None,
    }
    assert {name: done[name] for name in wanted} == wanted
    assert (done["from"]["caller"], done["from"]["country_code"]) == (FROM, "US")
    assert (done["from"]["country_subdivision"], done["to"]["callee"]) == ("AR", TO)
    assert (done["properties"]["direction"], done["properties"]["last_sip_response_num"]) == (
        "outbound_api",
        200,
    )
    events = (await loop.ask("GET", f"/insights/v1/Voice/{made['sid']}/Events")).json()["events"]
    assert [each["name"] for each in events] == ["initiated", "answered", "completed"]
    assert {each["edge"] for each in events} == {"carrier_edge"}
    of_sip = await loop.ask("GET", f"/insights/v1/Voice/{made['sid']}/Events?Edge=sip_edge")
    assert of_sip.json()["events"] == []
    metrics = await loop.ask("GET", f"/insights/v1/Voice/{made['sid']}/Metrics")
    assert metrics.json()["metrics"] == []


async def test_states_have_other_names(loop: Loop) -> None:
    states = {}
    for takes in ("busy", "never", "unreachable"):
        await loop.persona("client:ada", takes=takes)
        made = await loop.call(To="client:ada", From="client:bob", Timeout="5")
        await loop.advance(timedelta(seconds=10))
        await loop.ended(made["sid"])
        found = await summary(loop, made["sid"])
        states[takes] = (found["call_state"], found["call_type"], found["connect_duration"])
    assert states == {
        "busy": ("busy", "client", 0),
        "never": ("noanswer", "client", 0),
        "unreachable": ("fail", "client", 0),
    }


async def test_lists_are_of_what_is_complete_unless_somebody_says(loop: Loop) -> None:
    await loop.persona(takes="busy")
    over = await loop.call()
    await loop.advance(LATER)
    loop.app.documents["/voice"] = PAUSE
    going = await loop.call(To=AGENT)
    await loop.advance(timedelta(seconds=10))
    assert await listed(loop) == [over["sid"]]
    assert await listed(loop, "ProcessingState=all") == [going["sid"], over["sid"]]
    assert await listed(loop, "ProcessingState=partial") == [going["sid"]]
    assert await listed(loop, "ProcessingState=all&CallState=busy") == [over["sid"]]
    assert await listed(loop, f"ProcessingState=all&To=%2B{AGENT[1:]}&CallType=carrier") == [going["sid"]]
    assert await listed(loop, "ProcessingState=all&HasTag=true") == []
    assert await listed(loop, "ProcessingState=all&ToCountryCode=US") == [going["sid"], over["sid"]]
    assert await listed(loop, "ProcessingState=all&ToCountryCode=DE") == []
    first = await loop.ask("GET", "/insights/v1/Voice/Summaries?ProcessingState=all&PageSize=1")
    assert [each["call_sid"] for each in first.json()["call_summaries"]] == [going["sid"]]
    following = first.json()["meta"]["next_page_url"].partition("/v1/")[2]
    second = (await loop.ask("GET", f"/insights/v1/{following}")).json()
    assert [each["call_sid"] for each in second["call_summaries"]] == [over["sid"]]


async def test_what_somebody_notes_of_a_call(loop: Loop) -> None:
    """It is shown with the summary, searched for, and gone with the call."""
    await loop.persona(takes="busy")
    made = await loop.call()
    await loop.advance(LATER)
    path = f"/insights/v1/Voice/{made['sid']}/Annotation"
    noted = {"CallScore": "4", "Comment": "A good call", "QualityIssues": "echo", "Spam": "false"}
    assert (await loop.ask("POST", path, noted)).json()["call_score"] == 4
    annotation = (await summary(loop, made["sid"]))["annotation"]
    assert isinstance(annotation, dict)
    assert (annotation["comment"], annotation["quality_issues"]) == ("A good call", ["echo"])
    assert await listed(loop, "CallScoreAnnotation=4&QualityIssueAnnotation=echo") == [made["sid"]]
    assert await listed(loop, "CallScoreAnnotation=5") == []
    assert (await loop.ask("DELETE", f"{loop.path}/{made['sid']}.json")).status == 204
    assert (await loop.ask("GET", path)).status == 404
    assert await loop.database.fetchval("select count(*) from resources where kind like 'insights/%'") == 0


@pytest.mark.parametrize(
    "wrong", [{"CallScore": "6"}, {"Comment": "x" * 101}, {"QualityIssues": "echo,noise"}], ids=str
)
async def test_what_cannot_be_noted(loop: Loop, wrong: dict[str, str]) -> None:
    made = await loop.call()
    refused = await loop.ask("POST", f"/insights/v1/Voice/{made['sid']}/Annotation", wrong)
    assert refused.status == 400


async def test_a_conference(loop: Loop) -> None:
    loop.app.documents["/voice"] = (
        "<Response><Dial><Conference endConferenceOnExit='true' record='record-from-start'>standup</Conference>"
        "</Dial></Response>"
    )
    await loop.persona(script=[{"pause": 8}, {"hang_up": True}])
    made = await loop.call()
    await loop.go_on(LATER)
    await loop.ended(made["sid"])
    [found] = (await loop.ask("GET", "/insights/v1/Conferences?FriendlyName=standup")).json()["conferences"]
    one = (await loop.ask("GET", f"/insights/v1/Conferences/{found['conference_sid']}")).json()
    assert one == found
    known = ("status", "processing_state", "end_reason", "recording_enabled", "duration_seconds")
    assert [found[name] for name in known] == [
        "completed",
        "complete",
        "participant_with_end_conference_on_exit_left",
        True,
        8,
    ]
    assert found["ended_by"] == made["sid"]
    none = await loop.ask("GET", "/insights/v1/Conferences?Status=in_progress")
    assert none.json()["conferences"] == []
