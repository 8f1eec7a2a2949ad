"""The world's log: everything in the order in which it happened, however its clock went."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from http_server import Server, answer, running
from serving import HOST

from localloop.lab.happenings import KINDS
from localloop.server import Surface
from tests.api.lab.conftest import TO, World
from tests.api.lab.test_waits import wait

OK = answer("204 No Content", length=False)


async def log(world: World, **params: Any) -> list[dict[str, Any]]:
    """Oldest first."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    answered = await world.ask("GET", f"/lab/v1/Log?{query}")
    return list(answered["log"])[::-1]


async def recorded(world: World, count: int) -> None:
    """Requests are written down a little later."""
    async with asyncio.timeout(20):
        while (
            await world.database.fetchval("select count(*) from requests where world_sid = $1", world.sid)
            < count
        ):
            await asyncio.sleep(0.02)


def told(entries: list[dict[str, Any]], kind: str) -> list[str]:
    return [entry["title"] for entry in entries if entry["kind"] == kind]


async def test_everything_is_there_in_order(world: World) -> None:
    async with running(Server(OK)) as application:
        sent = await world.send(StatusCallback=application.url)
        await wait(world, "Deliveries", MessageStatus="delivered")
        await recorded(world, 1)
    entries = await log(world)
    assert [entry["id"] for entry in entries] == sorted(entry["id"] for entry in entries)
    states = [entry["detail"]["status"] for entry in entries if entry["kind"] == "message"]
    assert states == ["queued", "sent", "delivered"]
    assert told(entries, "phone") == [f"{TO} received from {sent['from']}: 'hello'"]
    assert all(title.endswith(": 204") for title in told(entries, "webhook"))
    assert told(entries, "request")[0].endswith(f"Messages.json: 201 {sent['sid']}")
    kinds = [entry["kind"] for entry in entries]
    assert kinds.index("request") < kinds.index("message") < kinds.index("phone") < kinds.index("webhook")


async def test_a_clock_that_goes_back_and_forth_changes_no_order(world: World) -> None:
    for at in ("2031-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2026-01-01T00:00:00Z"):
        await world.clock(mode="frozen", at=at)
        await world.send(Body=at[:4])
        await world.clock(advance="1m")
    states = [entry for entry in await log(world, Kind="message") if entry["detail"]["status"] == "delivered"]
    assert [entry["at"][:4] for entry in states] == ["2031", "2021", "2026"]
    started, *later = [entry for entry in await log(world) if entry["kind"] != "request"]
    assert started["title"] == "the clock is frozen"
    years = [entry["at"][:4] for entry in later]
    assert years == sorted(years, key=["2031", "2021", "2026"].index)


async def test_refusals_alerts_and_moves_are_told(world: World) -> None:
    await world.clock(mode="frozen")
    await world.clock(advance="1h")
    async with running(Server(answer("500 Internal Server Error"))) as broken:
        await world.send(StatusCallback=broken.url)
        await wait(world, "Alerts", AtLeast=1)
    await world.client("POST", f"/2010-04-01/Accounts/{world.sid}/Messages.json", {"To": TO})
    await recorded(world, 4)
    entries = await log(world)
    assert told(entries, "clock") == ["the clock is frozen", "the clock is frozen, 1:00:00 on"]
    assert any(title.startswith("error 11200 HTTP retrieval failure") for title in told(entries, "alert"))
    assert any(": 400 21603" in title for title in told(entries, "request"))
    assert {entry["kind"] for entry in entries} == set(KINDS) - {"call", "fault"}


async def test_it_comes_in_pages_and_about_one_thing(world: World) -> None:
    first = await world.send(Body="one")
    await world.send(Body="two", To="+15550001111")
    await wait(world, "Messages", Status="delivered", AtLeast=1)
    one = await world.ask("GET", "/lab/v1/Log?PageSize=2&Kind=message")
    assert len(one["log"]) == 2
    two = await world.client("GET", one["meta"]["next_page_url"].removeprefix(f"http://{HOST}"))
    both = [entry["id"] for entry in (*one["log"], *two.json()["log"])]
    assert both == sorted(set(both), reverse=True)
    about = await log(world, ResourceSid=first["sid"], Kind="message")
    assert {entry["sid"] for entry in about} == {first["sid"]}


class Listener:
    """Reads a stream from the application as a client does that stays."""

    def __init__(self, world: World, app: Surface) -> None:
        self._world, self._app = world, app
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._gone = asyncio.Event()
        self.status = 0

    async def run(self, query: str = "") -> None:
        headers = [
            (b"host", HOST.encode()),
            (b"accept", b"text/event-stream"),
            (b"authorization", self._world.client._authorization),
        ]
        scope = {"type": "http", "method": "GET", "path": "/lab/v1/Log", "raw_path": b"/lab/v1/Log"}
        scope |= {"query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1)}
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Any:
            if (event := next(asked, None)) is not None:
                return event
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.status = message.get("status", self.status)
            await self._chunks.put(message.get("body", b""))

        await self._app(scope, receive, send)

    def leave(self) -> None:
        self._gone.set()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            async with asyncio.timeout(20):
                chunk = await self._chunks.get()
            for block in chunk.decode().split("\n\n"):
                lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
                if "data" in lines:
                    yield {"event": lines["event"], **orjson.loads(lines["data"])}


async def test_a_stream_tells_what_is_new(world: World, surface: tuple[Surface, str, str]) -> None:
    earlier = await world.send(Body="earlier")
    await wait(world, "Messages", Status="delivered")
    last = (await log(world))[-1]["id"]
    listener = Listener(world, surface[0])
    seen = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listener.run(f"After={last}&Kind=message&Kind=phone"))
        new = await world.send(Body="new", To="+15550001111")
        async for event in listener.events():
            seen.append(event)
            if event["kind"] == "phone":
                break
        listener.leave()
    assert listener.status == 200
    assert [event["id"] for event in seen] == sorted(event["id"] for event in seen)
    assert {event["resource_sid"] for event in seen} == {new["sid"]}
    assert earlier["sid"] not in str(seen)
    assert {event["event"] for event in seen} == {"message", "phone"}
