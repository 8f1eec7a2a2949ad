"""Where else a call may lead: to whom it is referred by SIP, to an application, to a SIM."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.calls.conftest import Loop

A_WHILE = timedelta(minutes=2)
BOB = "sip:bob@pbx.example.com"
SIM = "DE" + "0" * 32
GOODBYE = "<Response><Say>Goodbye.</Say></Response>"


async def run(loop: Loop, document: str, **params: Any) -> dict[str, Any]:
    """The call when it has ended."""
    loop.app.documents["/voice"] = f"<Response>{document}</Response>"
    made = await loop.call(**params)
    await loop.advance(A_WHILE)
    return await loop.ended(made["sid"])


async def alerts(loop: Loop) -> list[int]:
    return [
        row["error_code"] for row in await loop.database.fetch("select error_code from alerts order by id")
    ]


# REFER


@pytest.mark.parametrize(
    ("whom", "takes", "told"),
    [
        ({}, "answers", ("completed", "202", "200")),
        ({}, "busy", ("failed", "202", "486")),
        ({"refer": False}, "answers", ("failed", "603", "0")),
    ],
)
async def test_who_is_referred_calls_somebody_else(
    loop: Loop, whom: dict[str, Any], takes: str, told: tuple[str, str, str]
) -> None:
    """Then the call is over here; else it goes on with the action."""
    caller = "sip:ann@pbx.example.com"
    await loop.persona(caller, **whom)
    await loop.persona(BOB, takes=takes)
    loop.app.documents["/referred"] = GOODBYE
    ended = await run(
        loop, f"<Refer action='/referred'><Sip>{BOB}</Sip></Refer>", To=caller, From="+15017122661"
    )
    [asked] = loop.app.told("/referred")
    names = ("ReferCallStatus", "ReferSipResponseCode", "NotifySipResponseCode")
    assert tuple(asked[name] for name in names) == told
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{caller}/Calls/{ended['sid']}")).json()["lines"]
    last = ("transferred", BOB) if told[0] == "completed" else ("heard", "Goodbye.")
    assert [(line["kind"], line["text"]) for line in lines] == [last]


async def test_nobody_is_referred_who_did_not_come_by_sip(loop: Loop) -> None:
    ended = await run(loop, f"<Refer><Sip>{BOB}</Sip></Refer>")
    assert ended["status"] == "completed"
    assert await alerts(loop) == [13801]


# <Application>


async def application(loop: Loop, **params: str) -> str:
    path = loop.path.replace("/Calls", "/Applications.json")
    asked = {"VoiceUrl": f"{loop.app.url}/app", "StatusCallback": f"{loop.app.url}/over", **params}
    made = await loop.ask("POST", path, asked)
    assert made.status == 201, made.body
    return str(made.json()["sid"])


async def test_an_application_takes_a_call_that_is_dialled(loop: Loop) -> None:
    """It is a call of its own that comes in there, between the two that are connected."""
    sid = await application(loop)
    loop.app.documents["/app"] = "<Response><Say>Welcome.</Say></Response>"
    loop.app.documents["/dialled"] = GOODBYE
    ended = await run(loop, f"<Dial action='/dialled'><Application>{sid}</Application></Dial>")
    [asked] = loop.app.told("/app")
    assert (asked["To"], asked["From"], asked["Direction"]) == (sid, "+15017122661", "inbound")
    assert (asked["ApplicationSid"], asked["CustomerId"]) == (sid, loop.ask.account_sid)
    assert asked["CallSid"] != ended["sid"]
    [dialled] = loop.app.told("/dialled")
    assert (dialled["DialCallStatus"], dialled["DialBridged"]) == ("completed", "true")
    assert [told["CallStatus"] for told in loop.app.told("/over")] == ["completed"]


async def test_what_an_application_is_told(loop: Loop) -> None:
    sid = await application(loop)
    noun = f"<Application customerId='c-17' copyParentTo='true'><ApplicationSid>{sid}</ApplicationSid></Application>"
    ended = await run(loop, f"<Dial>{noun}</Dial>")
    [asked] = loop.app.told("/app")
    assert (asked["CustomerId"], asked["To"]) == ("c-17", ended["to"])


async def test_a_call_to_an_application_is_told_of(loop: Loop) -> None:
    sid = await application(loop)
    events = "statusCallbackEvent='initiated ringing answered completed'"
    callback = f"statusCallback='{loop.app.url}/told' statusCallbackMethod='GET' {events}"
    await run(loop, f"<Dial><Application {callback}>{sid}</Application></Dial>")
    told = loop.app.told("/told")
    assert [each["CallStatus"] for each in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert {each["To"] for each in told} == {sid}
    methods = {each.method for each in loop.app.server.requests if each.path.startswith("/told")}
    assert methods == {"GET"}


async def test_applications_of_others_are_open_only_where_they_say_so(loop: Loop) -> None:
    """Those of another account of the world; one that is unknown is nobody."""
    other = (await loop.ask("POST", "/2010-04-01/Accounts.json", {})).json()
    theirs = loop.ask.acting_as(other["sid"], other["auth_token"])
    path = f"/2010-04-01/Accounts/{other['sid']}/Applications"
    url = f"{loop.app.url}/app"
    open_ = await theirs("POST", f"{path}.json", {"VoiceUrl": url, "PublicApplicationConnectEnabled": "true"})
    closed = await theirs("POST", f"{path}.json", {"VoiceUrl": url})
    loop.app.documents["/app"] = "<Response><Say>Welcome.</Say></Response>"
    for made in (open_, closed):
        await run(loop, f"<Dial><Application>{made.json()['sid']}</Application></Dial>")
    await run(loop, f"<Dial><Application>AP{'0' * 32}</Application></Dial>")
    assert [asked["AccountSid"] for asked in loop.app.told("/app")] == [other["sid"]]
    assert await alerts(loop) == [13224, 13224]


# <Sim>


async def test_a_sim_has_a_phone(loop: Loop) -> None:
    await loop.persona(f"sim:{SIM}", script=[{"say": "This is a meter."}, {"hang_up": True}])
    loop.app.documents["/dialled"] = GOODBYE
    ended = await run(loop, f"<Dial action='/dialled'><Sim>{SIM}</Sim></Dial><Dial><Sim>meter</Sim></Dial>")
    [dialled] = loop.app.told("/dialled")
    assert dialled["DialCallStatus"] == "completed"
    child = await loop.fetch(dialled["DialCallSid"])
    assert (child["to"], child["from"], child["parent_call_sid"]) == (
        f"sim:{SIM}",
        ended["from"],
        ended["sid"],
    )


async def test_what_is_no_sim_is_nobody(loop: Loop) -> None:
    await run(loop, "<Dial><Sim>meter</Sim></Dial>")
    assert await alerts(loop) == [13224]


# <Enqueue workflowSid>


async def test_a_workflow_makes_no_task(loop: Loop) -> None:
    """One that is there neither (14222): TaskRouter keeps what it is told, and routes nothing."""
    workspace = (await loop.ask("POST", "/taskrouter/v1/Workspaces", {"FriendlyName": "Desk"})).json()["sid"]
    path = f"/taskrouter/v1/Workspaces/{workspace}/Workflows"
    made = await loop.ask("POST", path, {"FriendlyName": "All", "Configuration": '{"task_routing":{}}'})
    assert made.status == 201, made.body
    loop.app.documents["/left"] = GOODBYE
    for sid in (made.json()["sid"], "WW" + "0" * 32):
        await run(loop, f"<Enqueue workflowSid='{sid}' action='/left'><Task>{{}}</Task></Enqueue>")
    assert await alerts(loop) == [14222, 14220]
    assert [told["QueueResult"] for told in loop.app.told("/left")] == ["system-error"] * 2
