"""Phones as people look at them: threads, what did not arrive, and who was active last."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.console import queries
from tests.api.console.conftest import FROM, TO, Page, Server

OTHER = "+15558675311"


async def thread(page: Page, number: str = TO, **params: Any) -> list[tuple[str, str, str]]:
    found = await page.get(f"phones/{number}", **params)
    return [(text["direction"], text["body"], text["status"]) for text in found["messages"]]


async def test_a_thread_holds_what_came_went_and_failed(server: Server, page: Page) -> None:
    await page.send(Body="first")
    await server.idle()
    await page.post(f"lab/v1/Phones/{TO}/Messages", To=FROM, Body="reply")
    await server.idle()
    await page.post(f"lab/v1/Phones/{TO}", Behavior="30003")
    await page.post("lab/v1/MessagingSettings", MediaFetch="false")
    await page.send(Body="lost", MediaUrl="https://example.com/cat.png")
    await server.idle()
    assert await thread(page) == [
        ("received", "lost", "undelivered"),
        ("sent", "reply", "received"),
        ("received", "first", "delivered"),
    ]
    lost = (await page.get(f"phones/{TO}"))["messages"][0]
    assert (lost["error_code"], lost["error_title"]) == (30003, "Unreachable destination handset")
    assert lost["media"] == ["https://example.com/cat.png"]
    assert lost["message_sid"] == lost["sid"]
    assert (lost["number"], lost["peer"]) == (TO, FROM)


async def test_a_thread_is_paged_without_skips_and_repeats(server: Server, page: Page) -> None:
    for number in range(9):
        behavior = "30003" if number % 3 == 0 else "deliver"
        await page.post(f"lab/v1/Phones/{TO}", Behavior=behavior)
        await page.send(Body=str(number))
        await server.idle()
    seen: list[str] = []
    before = ""
    while before is not None:
        params = {"limit": 2} | ({"before": before} if before else {})
        found = await page.get(f"phones/{TO}", **params)
        seen += [text["body"] for text in found["messages"]]
        before = found["before"]
    assert seen == [str(number) for number in reversed(range(9))]


async def test_phones_are_listed_by_their_latest_activity(server: Server, page: Page) -> None:
    await page.post("lab/v1/Phones/+15558675312", Behavior="slow")
    await page.post(f"lab/v1/Phones/{OTHER}", Behavior="30003")
    await page.send(Body="one", To=TO)
    await server.idle()
    await page.send(Body="two", To=OTHER)
    await server.idle()
    found = (await page.get("phones"))["phones"]
    assert [(phone["number"], phone["behavior"]) for phone in found] == [
        (OTHER, "30003"),
        (TO, "deliver"),
        ("+15558675312", "slow"),
    ]
    assert [phone["last"] and phone["last"]["body"] for phone in found] == ["two", "one", None]
    await page.send(Body="three", To=TO)
    await server.idle()
    assert (await page.get("phones"))["phones"][0]["last"]["body"] == "three"


@pytest.mark.parametrize("walk", [queries._WALK, 3])
async def test_phones_are_paged_by_activity(
    server: Server, page: Page, monkeypatch: pytest.MonkeyPatch, walk: int
) -> None:
    """Whether the newest texts name enough phones, or all numbers have to be looked at."""
    monkeypatch.setattr(queries, "_RECENT", queries._RECENT.replace(str(queries._WALK), str(walk)))
    numbers = [f"+1555867532{digit}" for digit in range(7)]
    await page.post(f"lab/v1/Phones/{numbers[2]}", Behavior="30003")
    await page.post(f"lab/v1/Phones/{numbers[5]}", Behavior="30005")
    for number in (numbers[4], numbers[2], *numbers):
        await page.send(To=number)
        await server.idle()
    seen: list[str] = []
    before = ""
    while before is not None:
        params = {"limit": 3} | ({"before": before} if before else {})
        found = await page.get("phones", **params)
        seen += [phone["number"] for phone in found["phones"]]
        before = found["before"]
    assert seen == numbers[::-1]


async def test_a_number_of_ones_own_is_marked(server: Server, page: Page) -> None:
    await page.send(To=TO)
    await page.send(From=TO, To=FROM)
    await server.idle()
    owned = {phone["number"]: phone["owned"] for phone in (await page.get("phones"))["phones"]}
    assert owned == {TO: True, FROM: True}


async def test_there_is_a_phone_behind_every_number(page: Page) -> None:
    found = await page.get("phones/+15558675399")
    assert found["phone"] == {
        "number": "+15558675399",
        "behavior": "deliver",
        "delay": 0,
        "owned": False,
        "last": None,
        "last_call": None,
    }
    assert (found["messages"], found["before"]) == ([], None)
    assert (await page.get("phones/(555) 867-5399"))["phone"]["number"] == "+15558675399"
    assert (await page.refused("GET", "phones/hello"))["code"] == 21211


async def test_phones_that_were_called_stand_among_those_with_texts(server: Server, page: Page) -> None:
    """By what happened last on each; a phone with both shows the younger."""
    texted, called, both = (f"+1555867530{n}" for n in range(3))
    calls = f"2010-04-01/Accounts/{page.account_sid}/Calls.json"
    twiml = "<Response><Say>Hello</Say></Response>"
    await page.send(To=texted)
    await page.send(To=both)
    await server.idle()
    rang = [await page.post(calls, To=to, From=FROM, Twiml=twiml) for to in (both, called)]
    await server.idle()
    listed = (await page.get("phones"))["phones"]
    assert [phone["number"] for phone in listed] == [called, both, texted]
    assert [phone["last_call"] and phone["last_call"]["sid"] for phone in listed] == [
        rang[1]["sid"],
        rang[0]["sid"],
        None,
    ]
    assert [bool(phone["last"]) for phone in listed] == [False, False, True]
    first = await page.get("phones", limit=1)
    rest = await page.get("phones", limit=2, before=first["before"])
    assert [phone["number"] for phone in rest["phones"]] == [both, texted]
