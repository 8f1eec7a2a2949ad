"""Calls as the page reads them: the list, one call's story and its running document, conferences and queues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from http_server import Received, answer, running
from http_server import Server as HttpServer
from waiting import until

from localloop.console import queries_calls
from tests.api.console.conftest import Page, Server

PHONE = "+15558675310"
MENU = """<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>Welcome.</Say>
  <Gather action="/chosen" numDigits="1" timeout="600"><Say>Press one.</Say></Gather>
  <Say>Goodbye.</Say>
</Response>"""


class Program:
    """Answers in TwiML, by path."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.server = HttpServer(respond=self._respond)

    async def _respond(self, request: Received, writer: asyncio.StreamWriter) -> None:
        document = self.documents.get(urlsplit(request.path).path, "<Response/>")
        writer.write(answer("200 OK", document.encode(), "Content-Type: text/xml"))


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    program = Program()
    async with running(program.server):
        yield program


async def number(page: Page, url: str, **more: str) -> str:
    """A bought number whose calls are answered at this address."""
    bought = await page.post(
        f"2010-04-01/Accounts/{page.account_sid}/IncomingPhoneNumbers.json",
        AreaCode="206",
        VoiceUrl=url,
        **more,
    )
    return str(bought["phone_number"])


async def dial(page: Page, to: str, phone: str = PHONE) -> str:
    made = await page.post(f"lab/v1/Phones/{phone}/Calls", To=to)
    return str(made["sid"])


async def act(page: Page, sid: str, phone: str = PHONE, **form: str) -> None:
    await page.post(f"lab/v1/Phones/{phone}/Calls/{sid}", **form)


async def story(page: Page, sid: str, condition: Any) -> dict[str, Any]:
    """The call, once this is so of it."""
    found: dict[str, Any] = {}

    async def is_so() -> bool:
        found.update(await page.get(f"calls/{sid}"))
        return bool(condition(found))

    await until(is_so)
    return found


def titles(told: dict[str, Any]) -> list[str]:
    return [f"{rung['title']} {rung['text']}".strip() for rung in told["ladder"]]


def marks(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(verb["name"], verb["state"]) for verb in document["verbs"]]


async def test_a_call_with_its_running_verb_and_its_ladder(
    server: Server, page: Page, program: Program
) -> None:
    program.documents |= {
        "/menu": MENU,
        "/chosen": "<Response><Say>You pressed one.</Say><Hangup/></Response>",
    }
    to = await number(page, f"{program.server.url}/menu", StatusCallback=f"{program.server.url}/status")
    sid = await dial(page, to)

    told = await story(page, sid, lambda told: told["live"] and "pressed or said" in told["live"]["doing"])
    [menu] = told["documents"]
    assert marks(menu) == [("Say", "done"), ("Gather", "running"), ("Say", "coming")]
    assert menu["verbs"][1]["text"].startswith('<Gather action="/chosen"')
    assert told["call"]["status"] == "in-progress"

    await act(page, sid, Press="1")
    told = await story(page, sid, lambda told: told["live"] is None)
    await server.idle()
    told = await page.get(f"calls/{sid}")
    assert told["call"]["status"] == "completed"
    menu, chosen = told["documents"]
    assert marks(menu) == [("Say", "done"), ("Gather", "done"), ("Say", "coming")]
    assert chosen["why"] == "action of Gather"
    assert chosen["source"].startswith("<Response><Say>You pressed one.")
    assert [lane["name"] for lane in told["lanes"]] == [
        PHONE,
        "localloop",
        urlsplit(program.server.url).netloc,
    ]
    assert titles(told) == [
        f"calls {to}",
        "asks /menu what to do",
        "answered",
        "hears Welcome.",
        "hears Press one.",
        "presses 1",
        "asks /chosen action of Gather",
        "hears You pressed one.",
        f"the call is over {told['call']['duration']} s",
        "tells /status status: completed",
    ]
    fetch = told["ladder"][1]
    assert (fetch["from"], fetch["to"], fetch["status_code"]) == ("here", "application", 200)
    assert (await page.get(f"deliveries/{fetch['delivery_sid']}"))["url"].endswith("/menu")


async def test_the_list_is_searched_and_paged(server: Server, page: Page) -> None:
    path = f"2010-04-01/Accounts/{page.account_sid}/Calls.json"
    twiml = "<Response><Say>Hello</Say></Response>"
    await page.post(f"lab/v1/Phones/{PHONE}/Voice", Takes="busy")
    sids = [
        (await page.post(path, To=to, From="+15017122661", Twiml=twiml))["sid"]
        for to in (PHONE, "+15558675311", "+15558675312")
    ]
    await server.idle()

    async def found(q: str) -> list[int]:
        return [sids.index(call["sid"]) for call in (await page.get("calls", q=q))["calls"]]

    assert await found("") == [2, 1, 0]
    assert await found("status:busy") == [0]
    assert await found("to:+1555867531 status:completed") == [2, 1]
    assert await found(f"sid:{sids[1]}") == [1]
    assert await found("direction:inbound") == await found("from:+1555") == []
    assert await found("direction:outbound since:1h 5311") == [1]
    assert await found("until:1h") == []
    refused = await page.refused("GET", "calls", params={"q": "status:delivered"})
    assert refused["position"] == 0
    assert "parent" in refused["understood"]
    first = await page.get("calls", limit=2)
    rest = await page.get("calls", limit=2, before=first["before"])
    assert [call["sid"] for call in first["calls"] + rest["calls"]] == sids[::-1]


async def test_a_subaccount_sees_its_own_calls_alone(server: Server, page: Page) -> None:
    path = f"2010-04-01/Accounts/{page.account_sid}/Calls.json"
    made = await page.post(path, To=PHONE, From="+15017122661", Twiml="<Response/>")
    await server.idle()
    inner = await server.page(await server.subaccount())
    assert (await inner.get("calls"))["calls"] == []
    for what in ("calls/{}", "conferences/CF{}", "queues/QU{}"):
        sid = made["sid"] if what.startswith("calls") else made["sid"][2:]
        assert (await inner.refused("GET", what.format(sid)))["code"] == 20404


async def test_a_conference_and_a_queue_with_who_is_in_them(page: Page, program: Program) -> None:
    program.documents |= {
        "/room": '<Response><Dial><Conference waitUrl="">Weekly</Conference></Dial></Response>',
        "/line": '<Response><Enqueue waitUrl="/hold">support</Enqueue></Response>',
        "/hold": '<Response><Pause length="600"/></Response>',
    }
    phones = [f"+1555867532{n}" for n in range(4)]
    room, line = [await number(page, f"{program.server.url}{path}") for path in ("/room", "/line")]
    calls = [await dial(page, room if n < 2 else line, phone) for n, phone in enumerate(phones)]

    async def are_there() -> bool:
        rooms, queues = await page.get("conferences"), await page.get("queues")
        return [one["present"] for one in rooms["conferences"]] == [2] and [
            one["size"] for one in queues["queues"]
        ] == [2]

    await until(are_there)
    sid = (await page.get("conferences"))["conferences"][0]["sid"]
    conferences = f"2010-04-01/Accounts/{page.account_sid}/Conferences/{sid}"
    await page.post(f"{conferences}/Participants/{calls[1]}.json", Muted="true")
    found = await page.get(f"conferences/{sid}")
    assert found["conference"]["friendly_name"] == "Weekly"
    assert {one["call"]["phone"]: one["muted"] for one in found["participants"]} == {
        phones[0]: False,
        phones[1]: True,
    }
    told = await page.get(f"calls/{calls[0]}")
    assert told["conference"] == {"sid": sid, "friendly_name": "Weekly"}
    assert marks(told["documents"][0]) == [("Dial", "running")]

    waiting = await page.get(f"queues/{(await page.get('queues'))['queues'][0]['sid']}")
    assert {one["call"]["phone"] for one in waiting["members"]} == set(phones[2:])
    assert [one["position"] for one in waiting["members"]] == [1, 2]
    first = await story(page, waiting["members"][0]["call_sid"], lambda told: len(told["documents"]) == 2)
    assert (first["queue"]["friendly_name"], first["queue"]["position"]) == ("support", 1)
    assert [document["role"] for document in first["documents"]] == ["main", "queue-wait"]


async def test_what_is_heard_in_a_conference_is_in_the_story_of_each_who_heard_it(
    page: Page, program: Program
) -> None:
    program.documents["/room"] = (
        '<Response><Dial><Conference waitUrl="">Weekly</Conference></Dial></Response>'
    )
    to = await number(page, f"{program.server.url}/room")
    phones = [f"+1555867533{n}" for n in range(2)]
    calls = [await dial(page, to, phone) for phone in phones]

    async def are_there() -> bool:
        return [one["present"] for one in (await page.get("conferences"))["conferences"]] == [2]

    await until(are_there)
    await act(page, calls[0], phones[0], Say="Good morning all")
    told = await story(page, calls[1], lambda told: "hears Good morning all" in titles(told))
    first, second = titles(await page.get(f"calls/{calls[0]}")), titles(told)
    assert first.index("hears beep") < first.index("says Good morning all")  # one beep, of who came second
    assert first.count("hears beep") + second.count("hears beep") == 1


async def test_of_very_many_requests_the_newest_are_told(
    page: Page, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs came with one of them."""
    monkeypatch.setattr(queries_calls, "_MOST_DELIVERIES", 2)
    program.documents |= {
        **{f"/{n}": f"<Response><Redirect>/{n + 1}</Redirect></Response>" for n in range(3)},
        "/3": "<Response><Gather timeout='600'/></Response>",
    }
    sid = await dial(page, await number(page, f"{program.server.url}/0"))
    told = await story(page, sid, lambda told: told["live"] and "pressed or said" in told["live"]["doing"])
    assert [urlsplit(document["url"]).path for document in told["documents"]] == ["/2", "/3"]
    assert marks(told["documents"][1]) == [("Gather", "running")]


async def test_a_document_that_was_given_over_rest(server: Server, page: Page) -> None:
    """With the call, and in place of what ran; a call that is redirected says so in its story."""
    path = f"2010-04-01/Accounts/{page.account_sid}/Calls"
    given = "<Response><Gather timeout='600'/></Response>"
    sid = (await page.post(f"{path}.json", To=PHONE, From="+15017122661", Twiml=given))["sid"]
    await story(page, sid, lambda told: told["call"]["status"] == "in-progress")
    await page.post(
        f"{path}/{sid}.json", Twiml="<Response><Say>Instead</Say><Pause length='600'/></Response>"
    )
    told = await story(page, sid, lambda told: len(told["documents"]) == 2 and told["documents"][1]["runs"])
    assert [document["why"] for document in told["documents"]] == ["given with the call", "given over REST"]
    assert marks(told["documents"][1])[0][0] == "Say"
    await page.post(f"{path}/{sid}.json", Twiml=given)
    told = await story(page, sid, lambda told: len(told["documents"]) == 3 and told["documents"][2]["runs"])
    assert marks(told["documents"][2]) == [("Gather", "running")]
    await page.post(f"{path}/{sid}.json", Status="completed")
    ended = await story(page, sid, lambda told: sum("POST" in title for title in titles(told)) == 4)
    assert [title for title in titles(ended) if "POST" in title] == [
        "POST /Calls.json from the console",
        *["POST /Calls/CA….json from the console"] * 3,
    ]
    assert (ended["call"]["status"], ended["live"]) == ("completed", None)
    assert await page.status("POST", f"rest/{path}/{sid}.json", data={"Twiml": given}) == 400
    late = await story(page, sid, lambda told: sum("POST" in title for title in titles(told)) == 5)
    assert len(late["documents"]) == 3  # what was refused is none
