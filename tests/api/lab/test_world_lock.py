"""The lock on a world: what is under way ends first, nothing begins meanwhile, and others go on."""

from __future__ import annotations

import asyncio

import pytest
from http_server import Received, Server, answer, running
from waiting import until

from localloop.core.settings import Settings
from localloop.lab.shelf import Busy, WorldLock
from localloop.rest.gate import Gate
from localloop.server import Surface
from tests.api.lab.conftest import TO, World
from tests.api.lab.test_snapshots import idle, like

OK = answer("204 No Content", length=False)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(plain="allow", message_rate=0)


@pytest.fixture
def gate(surface: tuple[Surface, str, str]) -> Gate:
    """The one that the server's requests pass."""
    found = surface[0]._engine.gate
    assert isinstance(found, Gate)
    return found


@pytest.fixture
def lock(world: World, gate: Gate) -> WorldLock:
    return WorldLock(world.database, gate)


async def test_nothing_of_a_held_world_begins(world: World, lock: WorldLock) -> None:
    async with running(Server(OK)) as server:
        await world.send()
        await idle(world)
        other = like(world, await world.lab("POST", "Worlds"))
        async with lock.held(world.sid):
            waiting = [
                asyncio.ensure_future(world.send(StatusCallback=server.url)),
                asyncio.ensure_future(world.lab("POST", f"Phones/{TO}", Behavior="read")),
            ]
            assert (await other.send())["status"] == "queued"
            await idle(other)
            assert not any(each.done() for each in waiting)
            assert (await world.lab("GET", f"Phones/{TO}"))["behavior"] == "deliver"
        sent, phone = await asyncio.wait_for(asyncio.gather(*waiting), 10)
        assert (sent["status"], phone["behavior"]) == ("queued", "read")
        await idle(world)
        assert len(server.requests) >= 2


async def test_jobs_that_fall_due_wait(world: World, lock: WorldLock) -> None:
    other = like(world, await world.lab("POST", "Worlds"))
    sent = {}
    for each in (world, other):
        await each.lab("POST", f"Phones/{TO}", Behavior="slow", Delay="1000")
        sent[each.sid] = (await each.send())["sid"]

    async def is_in(each: World, status: str) -> bool:
        return bool((await each.message(sent[each.sid]))["status"] == status)

    await until(lambda: is_in(world, "sent"))
    async with lock.held(world.sid):
        await until(lambda: is_in(other, "delivered"))
        await world.database.execute("select pg_notify('jobs', '')")
        assert await world.database.fetchval(
            "select true from jobs where world_sid = $1 and not leased", world.sid
        )
    await until(lambda: is_in(world, "delivered"))


async def test_what_is_under_way_has_its_time(world: World, lock: WorldLock, gate: Gate) -> None:
    let_go = asyncio.Event()

    async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.write(OK)

    async with running(Server(respond=slow)) as server:
        await world.send(StatusCallback=server.url)
        await server.wait_for(1)
        with pytest.raises(Busy, match=r"1 job \(webhook\) of this world"):
            async with lock.held(world.sid, 0.05):
                pytest.fail("it was under way")
        saving = asyncio.ensure_future(world.lab("POST", "Snapshots"))
        await until(lambda: found(gate.is_shut))
        let_go.set()
        assert (await saving)["resources"]["deliveries"] >= 1
    gate.enter(world.sid)
    with pytest.raises(Busy, match="1 request of this world"):
        async with lock.held(world.sid, 0.05):
            pytest.fail("it was under way")
    gate.leave(world.sid)
    async with lock.held(world.sid):
        with pytest.raises(Busy, match="already"):
            async with lock.held(world.sid, 0.05):
                pytest.fail("it was held")


async def found(value: bool) -> bool:
    return value
