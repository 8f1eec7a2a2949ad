"""A phone in somebody's hands: it rings until it is taken, and whoever looks on sees what is heard and what runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.api.calls.conftest import TO, Loop

MENU = """<Response>
  <Gather numDigits="1" action="/chosen"><Say>Press 1 for sales.</Say></Gather>
  <Say>Goodbye.</Say>
</Response>"""


async def _rings(loop: Loop, **params: Any) -> str:
    """The path of a call that rings on a phone in somebody's hands."""
    await loop.persona(takes="manual")
    loop.app.documents["/voice"] = MENU
    made = await loop.call(**params)
    await loop.quiet()
    return f"/lab/v1/Phones/{TO}/Calls/{made['sid']}"


async def _live(loop: Loop, query: str = "") -> list[tuple[str, str, str]]:
    reply = await loop.ask("GET", f"/lab/v1/Calls{query}")
    return [(each["number"], each["direction"], each["status"]) for each in reply.json()["calls"]]


async def test_a_call_is_taken_and_talked_on(loop: Loop) -> None:
    phone = await _rings(loop)
    assert await _live(loop) == [(TO, "received", "ringing")]
    assert (await loop.ask("POST", phone, {"Press": "1"})).json()["code"] == 21220
    taken = (await loop.ask("POST", phone, {"Status": "in-progress", "Say": "Hello?"})).json()
    assert (taken["status"], taken["lines"][0]["text"]) == ("in-progress", "Hello?")
    await loop.quiet()

    assert await _live(loop, "?Status=ringing") == []
    assert await _live(loop, f"?Number={TO.replace('+', '%2B')}") == [(TO, "received", "in-progress")]
    lines = (await loop.ask("GET", f"{phone}/Lines")).json()["lines"]
    assert [(line["kind"], line["text"]) for line in lines] == [
        ("said", "Hello?"),
        ("heard", "Press 1 for sales."),
    ]
    later = (await loop.ask("GET", f"{phone}/Lines?After={lines[0]['sid']}")).json()["lines"]
    assert later == lines[1:]

    loop.app.documents["/chosen"] = "<Response><Pause length='60'/></Response>"
    await loop.ask("POST", phone, {"Press": "1"})
    await loop.quiet()
    assert loop.app.told("/chosen")[0]["Digits"] == "1"
    assert (await loop.ask("POST", phone, {"Status": "completed"})).json()["status"] == "completed"
    assert await _live(loop) == []
    assert (await loop.ask("POST", phone, {"Status": "in-progress"})).json()["code"] == 21220


async def test_whoever_listens_hears_all_of_it(loop: Loop) -> None:
    phone = await _rings(loop)
    loop.app.documents["/voice"] = "<Response><Say>Good evening.</Say></Response>"
    listening = asyncio.create_task(
        loop.ask("GET", f"{phone}/Lines", headers={"accept": "text/event-stream"})
    )
    await loop.ask("POST", phone, {"Status": "in-progress", "Say": "Hello?"})
    await loop.go_on(timedelta(minutes=1))
    async with asyncio.timeout(20):
        events = (await listening).body.decode().split("\n\n")
    told = [tuple(line.partition(": ")[2] for line in each.split("\n")) for each in events if "data" in each]
    assert [orjson.loads(each[-1]) for each in told if each[0] == "status"][-1] == {"status": "completed"}
    lines = [orjson.loads(each[2]) for each in told if each[1:2] == ("line",)]
    assert [(line["kind"], line["text"]) for line in lines] == [
        ("said", "Hello?"),
        ("heard", "Good evening."),
    ]
    assert [each[0] for each in told if each[1:2] == ("line",)] == [line["sid"] for line in lines]
    rest = await loop.ask(
        "GET", f"{phone}/Lines", headers={"accept": "text/event-stream", "last-event-id": lines[0]["sid"]}
    )
    assert b"Good evening." in rest.body
    assert b"Hello?" not in rest.body


@pytest.mark.parametrize(("status", "becomes"), [("busy", "busy"), ("rejected", "no-answer")])
async def test_a_call_is_not_taken(loop: Loop, status: str, becomes: str) -> None:
    phone = await _rings(loop)
    await loop.ask("POST", phone, {"Status": status})
    assert (await loop.ended(phone.rpartition("/")[2]))["status"] == becomes
    assert loop.app.asked == []


async def test_it_rings_no_longer_than_it_may(loop: Loop) -> None:
    phone = await _rings(loop, Timeout=30)
    await loop.go_on(timedelta(minutes=1))
    assert (await loop.ended(phone.rpartition("/")[2]))["status"] == "no-answer"


async def test_what_runs(loop: Loop) -> None:
    phone = await _rings(loop)
    await loop.ask("POST", phone, {"Status": "in-progress"})
    await loop.quiet()
    shown = (await loop.ask("GET", f"/lab/v1/Calls/{phone.rpartition('/')[2]}/Document")).json()
    (document,) = shown["documents"]
    assert document == {
        "role": "main",
        "url": f"{loop.app.url}/voice",
        "method": "POST",
        "line": 2,
        "verb": "Gather",
        "waits_for": "gathering",
        "rest": ["Say"],
        "is_fallback": False,
        "twiml": MENU,
    }


async def test_what_runs_of_a_document_given_over_rest(loop: Loop) -> None:
    menu = MENU.replace("/chosen", "https://a.example/chosen")  # nothing is relative to what has no address
    phone = await _rings(loop, Url="", Twiml=menu)
    sid = phone.rpartition("/")[2]
    await loop.ask("POST", phone, {"Status": "in-progress"})
    await loop.quiet()

    async def documents() -> list[tuple[str, str]]:
        shown = (await loop.ask("GET", f"/lab/v1/Calls/{sid}/Document")).json()
        return [(each["verb"], each["twiml"]) for each in shown["documents"]]

    assert await documents() == [("Gather", menu)]
    await loop.update(sid, Twiml="<Response><Pause length='9'/></Response>")
    await loop.quiet()
    assert await documents() == [(None, None)]  # it runs, but its text is not kept


async def test_who_waits_for_words_is_told_when_the_call_is_over(loop: Loop) -> None:
    phone = await _rings(loop)
    await loop.ask("POST", phone, {"Status": "in-progress"})
    await loop.quiet()
    whole = f"{phone}/Wait?Kind=heard&Whole=true&Matches=sales"  # time stands: nobody can wait for its end
    first = (await loop.ask("GET", whole)).json()
    assert (first["text"], first["seconds"]) == ("Press 1 for sales.", 1.2)

    waiting = asyncio.create_task(loop.ask("GET", f"{phone}/Wait?After={first['sid']}&Timeout=60"))
    await loop.ask("POST", phone, {"Status": "completed"})
    async with asyncio.timeout(20):
        in_vain = await waiting
    assert (in_vain.status, in_vain.json()["code"]) == (408, 20408)
    assert "until the call was over: heard 'Press 1 for sales.'" in in_vain.json()["message"]
