"""What goes wrong inside: a call that cannot go on fails alone, and says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from localloop.products.voice.call import live as lives
from localloop.products.voice.call import queries
from localloop.telephony.simulated import Persona, Phone
from tests.api.calls.conftest import Loop

HOUR = timedelta(hours=1)
SAID_BY_NOBODY = "\0"  # PostgreSQL keeps no such text
TOLD = {"StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"]}


async def alter(loop: Loop, sid: str, **changes: Any) -> None:
    """Break what is kept of a call."""
    found = await queries.find(loop.database, loop.ask.account_sid, UUID(sid[2:]))
    assert found is not None
    state = lives.encode(replace(found, **changes))
    await loop.database.execute("update live_calls set state = $2 where id = $1", found.call.id, state)


async def told(loop: Loop, sid: str) -> list[str]:
    """The statuses that an application heard of, in order."""
    return [params["CallStatus"] for params in loop.app.told("/status") if params["CallSid"] == sid]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"end": None}, id="its turn raises"),
        pytest.param(
            {"end": Phone(state="ringing", persona=Persona(greeting=SAID_BY_NOBODY))},
            id="what comes of it cannot be written",
        ),
    ],
)
async def test_a_call_that_cannot_go_on_fails_alone(loop: Loop, broken: dict[str, Any]) -> None:
    """Others of the same moment, and so of the same commit, go on."""
    loop.app.documents["/voice"] = "<Response><Say>Fine.</Say></Response>"
    wish = {"StatusCallback": f"{loop.app.url}/status", **TOLD}
    others = [(await loop.call(**wish))["sid"] for _ in range(3)]
    bad = (await loop.call(**wish))["sid"]
    await loop.quiet()
    await alter(loop, bad, **broken)
    await loop.advance(HOUR)
    assert [(await loop.ended(sid))["status"] for sid in others] == ["completed"] * 3
    assert (await loop.ended(bad))["status"] == "failed"
    assert (await told(loop, bad))[-1] == "failed"
    assert not await loop.database.fetchval("select exists (select from dead_jobs)")
    alert = "select count(*) from alerts where error_code = 20500 and resource_sid = $1"
    assert await loop.database.fetchval(alert, bad) == 1


async def test_what_nobody_can_read_of_a_call_ends_it(loop: Loop) -> None:
    loop.app.documents["/voice"] = "<Response><Say>Fine.</Say></Response>"
    bad = (await loop.call(StatusCallback=f"{loop.app.url}/status"))["sid"]
    good = (await loop.call())["sid"]
    await loop.quiet()
    await loop.database.execute("update live_calls set state = 'x' where id = $1", UUID(bad[2:]))
    await loop.advance(HOUR)
    assert (await loop.ended(bad))["status"] == "failed"
    assert (await loop.ended(good))["status"] == "completed"
    assert await told(loop, bad) == ["failed"]


async def test_whoever_dialled_it_goes_on(loop: Loop) -> None:
    loop.app.documents["/voice"] = "<Response><Dial>+15005550110</Dial><Say>After.</Say></Response>"
    parent = await loop.call()
    await loop.advance(timedelta(seconds=1.5))
    child = (await loop.ask("GET", f"{loop.path}.json", {"ParentCallSid": parent["sid"]})).json()["calls"][0]
    assert child["status"] == "ringing"
    await alter(loop, child["sid"], end=None)
    await loop.advance(HOUR)
    assert (await loop.ended(child["sid"]))["status"] == "failed"
    ended = await loop.ended(parent["sid"])
    assert (ended["status"], ended["duration"]) == ("completed", "2")
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{parent['to']}/Calls/{parent['sid']}")).json()["lines"]
    assert [line["text"] for line in lines] == ["After."]
