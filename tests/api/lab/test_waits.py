"""Waits: what they wait for, how many, how long; and what is said to who waited in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from http_server import Server, answer, running

from tests.api.lab.conftest import FROM, TO, Refused, World

OK = answer("204 No Content", length=False)


async def wait(world: World, kind: str, **params: Any) -> Any:
    query = urlencode({"Timeout": 20, **params}, doseq=True)
    return await world.ask("GET", f"/lab/v1/Waits/{kind}?{query}")


async def in_vain(world: World, kind: str, **params: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        await wait(world, kind, **{"Timeout": 0, **params})
    assert (refused.value.status, refused.value.answer["code"]) == (408, 20408)
    return refused.value


@pytest.fixture
async def application() -> AsyncIterator[Server]:
    async with running(Server(OK)) as server:
        yield server


async def test_waits_for_each_kind_of_thing(world: World, application: Server) -> None:
    sent = await world.send(Body="Your code is 123456", StatusCallback=application.url)
    delivered = await wait(world, "Messages", MessageStatus="delivered", Body=r"~code is \d+")
    assert [item["sid"] for item in delivered["items"]] == [sent["sid"]]
    assert delivered["items"][0]["MessageStatus"] == ["queued", "sent", "delivered"]

    [text] = (await wait(world, "PhoneMessages", Number=TO, Direction="received"))["items"]
    assert (text["From"], text["Body"], text["MessageSid"]) == (FROM, "Your code is 123456", sent["sid"])

    told = await wait(world, "Deliveries", MessageStatus=["delivered", "undelivered"], HttpStatus="204")
    assert (told["count"], told["items"][0]["ResourceSid"]) == (1, sent["sid"])
    assert (await wait(world, "Deliveries", Match=f"SmsSid={sent['sid']}", AtLeast=2))["count"] >= 2


async def test_waits_for_what_is_still_to_come(world: World) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(wait(world, "Alerts", ErrorCode="11200"))
        broken = Server(answer("500 Internal Server Error"))
        async with running(broken):
            await world.send(StatusCallback=f"{broken.url}/status")
            found = await waiting
    alert = found["items"][-1]
    assert alert["ErrorTitle"] == "HTTP retrieval failure"
    assert alert["ResourceSid"].startswith("SM")


async def test_counts(world: World) -> None:
    await world.clock(mode="frozen")
    for body in ("one", "two", "three"):
        await world.send(Body=body)
    await world.clock(advance="1h")
    assert (await wait(world, "Messages", Exactly=3, Timeout=0))["count"] == 3
    assert (await wait(world, "Messages", Body="~^t", AtLeast=2))["count"] == 2
    assert (await wait(world, "Messages", Body="four", Exactly=0, Timeout=0))["count"] == 0
    too_many = await in_vain(world, "Messages", AtMost=2, Timeout=20)
    assert too_many.answer["message"] == "Wanted at most 2 message, but there were 3."
    assert len(too_many.answer["details"]["matching"]) == 3
    few = await in_vain(world, "Messages", AtLeast=4)
    assert few.answer["message"].startswith("Wanted at least 4 message within 0 s, but there were 3.")


async def test_what_is_older_is_excluded(world: World) -> None:
    first = await world.send(Body="first")
    await wait(world, "Messages", Status="delivered")
    noon = await world.clock(mode="frozen", advance="1h")
    assert (await in_vain(world, "Messages", Since=noon["at"])).answer["details"]["seen"] == 0
    assert (await in_vain(world, "Messages", After=first["sid"])).answer["details"]["seen"] == 0
    second = await world.send(Body="second")
    found = await wait(world, "Messages", Since=noon["at"], After=first["sid"])
    assert [item["sid"] for item in found["items"]] == [second["sid"]]


async def test_says_what_came_closest_and_why_it_does_not_match(world: World) -> None:
    await world.clock(mode="frozen")
    await world.send(To="+15550001111", Body="Bring milk")
    near = await world.send(Body="Your code is ABC")
    await world.clock(advance="1m")
    told = (await in_vain(world, "Messages", To=TO, Body=r"~code is \d{6}")).answer
    assert told["message"] == (
        rf"No message with To '{TO}', Body something that matches code is \d{{6}} came within 0 s."
        f" Closest: {near['sid']}: Body is 'Your code is ABC', wanted: something that matches"
        r" code is \d{6}."
    )
    assert told["details"]["closest"]["Body"] == "Your code is ABC"
    assert [miss["name"] for miss in told["details"]["misses"]] == ["Body"]


async def test_says_that_a_clock_stands_still(world: World) -> None:
    await world.clock(mode="frozen")
    await world.send()
    late = await world.send(Body="late")
    told = (await in_vain(world, "Messages", MessageSid=late["sid"], Status="delivered", Timeout=0.1)).answer
    assert "Status is 'queued', wanted: 'delivered'" in told["message"]
    assert "The next thing is due in 0:00:01" in told["message"]
    assert told["message"].endswith("Its clock is frozen: advance it.")


async def test_nothing_at_all_is_said_so(world: World) -> None:
    told = await in_vain(world, "PhoneMessages", Body="hi")
    assert told.answer["message"].endswith("There was no text on a phone at all.")


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"Body": "~("}, "Body"),
        ({"Match": "Colour=red"}, "Colour"),
        ({"Match": "nonsense"}, "Match"),
        ({"Timeout": 301}, "Timeout"),
        ({"After": "PM" + "0" * 32}, "After"),
        ({"Exactly": 1, "AtLeast": 1}, "Exactly"),
        ({"AtMost": 1, "AtLeast": 2}, "AtLeast"),
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, params: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused) as refused:
        await wait(world, "Messages", **params)
    assert refused.value.status == 400
    assert named in refused.value.answer["message"]


async def test_worlds_do_not_meet(world: World, surface: tuple[object, str, str]) -> None:
    other = World(world.client.acting_as(surface[1], surface[2]), world.database)
    await world.send(Body="only here")
    assert (await in_vain(other, "Messages", Body="only here")).answer["details"]["count"] == 0
