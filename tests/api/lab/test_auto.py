"""The automatic clock: while somebody waits, time passes by itself, and never too far."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from http_server import Received, Server, answer, running

from tests.api.lab.conftest import TO, World
from tests.api.lab.test_waits import in_vain, wait

OK = answer("204 No Content", length=False)


async def service(world: World) -> str:
    made = await world.ask("POST", "/messaging/v1/Services", {"FriendlyName": "later"})
    bought = await world.ask(
        "POST",
        f"/2010-04-01/Accounts/{world.sid}/IncomingPhoneNumbers.json",
        {"PhoneNumber": "+15005550006"},
    )
    await world.ask(
        "POST", f"/messaging/v1/Services/{made['sid']}/PhoneNumbers", {"PhoneNumberSid": bought["sid"]}
    )
    return str(made["sid"])


async def test_a_month_passes_for_a_scheduled_message(world: World) -> None:
    sender = await service(world)
    await world.clock(mode="auto")
    before = world.now
    async with running(Server(OK)) as application:
        due = world.ahead(days=30)
        await world.send(
            From="",
            MessagingServiceSid=sender,
            ScheduleType="fixed",
            SendAt=due,
            StatusCallback=application.url,
        )
        found = await wait(world, "Deliveries", MessageStatus="delivered", Timeout=31 * 86_400)
        told = [request.form["MessageStatus"] for request in application.requests]
    assert found["count"] == 1
    assert told == ["queued", "sent", "delivered"]
    [message] = (await wait(world, "Messages"))["items"]
    sent = (await world.message(message["sid"]))["date_sent"]
    assert datetime.strptime(sent, "%a, %d %b %Y %H:%M:%S %z") - before < timedelta(days=30, seconds=5)
    assert timedelta(days=30) <= world.now - before < timedelta(days=30, minutes=1)


async def test_time_passes_for_who_waits_at_a_phone(world: World) -> None:
    await world.clock(mode="auto")
    await world.lab("POST", f"Phones/{TO}", Behavior="slow", Delay=86_400_000)
    await world.send(Body="tomorrow")
    path = f"/lab/v1/Phones/{TO}/Messages/Wait?Matches=tomorrow&Timeout=90000"
    assert (await world.ask("GET", path))["body"] == "tomorrow"


async def test_it_never_passes_the_end_of_a_wait(world: World) -> None:
    await world.lab("POST", f"Phones/{TO}", Behavior="slow", Delay=86_400_000)
    await world.clock(mode="auto")
    await world.send()
    before = world.now
    told = (await in_vain(world, "PhoneMessages", Number=TO, Timeout=3600)).answer["message"]
    assert timedelta(hours=1) <= world.now - before < timedelta(hours=1, minutes=5)
    assert "The next thing is due in 22:59:" in told or "The next thing is due in 23:00:00" in told


async def test_of_two_waits_the_nearer_end_comes_first(world: World) -> None:
    await world.clock(mode="auto")
    before = world.now
    async with asyncio.TaskGroup() as tasks:
        late = tasks.create_task(in_vain(world, "Messages", Body="never", Timeout=7200))
        soon = tasks.create_task(in_vain(world, "Messages", Body="never", Timeout=600))
        await soon
        assert world.now - before < timedelta(seconds=660)
        await late
    assert timedelta(hours=2) <= world.now - before < timedelta(hours=2, minutes=2)


async def test_it_stands_while_the_application_answers(world: World) -> None:
    """A webhook that is being answered holds time, however little is due otherwise."""
    held = asyncio.Event()

    async def respond(_request: Received, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.write(OK)

    server = Server(respond=respond)
    await world.clock(mode="auto")
    before = world.now
    async with running(server) as application:
        await world.send(StatusCallback=application.url)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(in_vain(world, "Messages", Body="never", Timeout=86_400))
            while not application.requests:
                await asyncio.sleep(0.005)
            assert world.now - before < timedelta(minutes=1)
            held.set()
            await waiting
    assert world.now - before >= timedelta(days=1)


async def test_without_anybody_who_waits_it_runs_like_any_other(world: World) -> None:
    await world.clock(mode="auto")
    await world.lab("POST", f"Phones/{TO}", Behavior="slow", Delay=3_600_000)
    await world.send()
    assert (await world.lab("GET", "Clock"))["offset"] < 1


async def test_a_wait_may_be_open_when_the_clock_becomes_automatic(world: World) -> None:
    await world.lab("POST", f"Phones/{TO}", Behavior="slow", Delay=86_400_000)
    await world.clock(mode="offset")
    await world.send(Body="a day later")
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(wait(world, "PhoneMessages", Body="a day later", Timeout=300))
        await asyncio.sleep(0)
        await world.clock(advance="23h57m")
        await world.clock(mode="auto")
        assert (await waiting)["count"] == 1
