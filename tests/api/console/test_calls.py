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
