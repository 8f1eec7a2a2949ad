"""The clock of a world: its modes, and that everything which is due in between runs at its own time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from http_server import Server, answer, running

from localloop.core import clock
from tests.api.lab.conftest import Refused, World

OK = answer("204 No Content", length=False)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


async def test_is_real_until_it_is_told_otherwise(world: World) -> None:
    shown = await world.lab("GET", "Clock")
    assert (shown["mode"], shown["offset"], shown["next_due"], shown["is_busy"]) == ("real", 0, None, False)
    assert abs(moment(shown["at"]) - clock.now()) < timedelta(seconds=30)


async def test_modes_keep_the_moment(world: World) -> None:
    frozen = await world.clock(mode="frozen")
    assert (await world.lab("GET", "Clock"))["at"] == frozen["at"]
    moved = await world.clock(advance="1h30m")
    assert moment(moved["at"]) - moment(frozen["at"]) == timedelta(minutes=90)
    assert (moved["mode"], round(moved["offset"] / 60)) == ("frozen", 90)
    for mode in ("offset", "auto"):
        shown = await world.clock(mode=mode)
        assert shown["mode"] == mode
        assert moment(shown["at"]) >= moment(moved["at"])
        assert round(shown["offset"] / 60) == 90
    assert (await world.clock(mode="real"))["offset"] == 0


async def test_is_set_to_any_moment(world: World) -> None:
    set_ahead = await world.clock(at="2031-02-03T04:05:06Z")
    assert set_ahead["mode"] == "offset"
    assert set_ahead["at"].startswith("2031-02-03T04:05:06")
    assert (await world.send())["date_created"].startswith("Mon, 03 Feb 2031 04:05:")
    back = await world.clock(mode="frozen", at="2020-02-29T12:00:00Z")
    assert (back["mode"], back["at"]) == ("frozen", "2020-02-29T12:00:00Z")


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"mode": "quick"},
        {"advance": "soon"},
        {"advance": "9999d"},
        {"at": "1999-01-01T00:00:00Z"},
        {"at": "2031-01-01T00:00:00Z", "advance": "1s"},
        {"mode": "real", "advance": "1s"},
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, wishes: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        await world.clock(**wishes)
    assert refused.value.status == 400
    assert (await world.lab("GET", "Clock"))["mode"] == "real"


async def test_a_queue_is_sent_at_its_own_pace_while_a_day_passes(world: World) -> None:
    """One segment a second, and a scheduled one at its hour: each is dated when it was its turn."""
    await world.clock(mode="frozen")
    async with running(Server(OK)) as application:
        sent = [await world.send(StatusCallback=application.url) for _ in range(4)]
        passed = await world.clock(advance="1d")
        dates = [moment_of(await world.message(each["sid"])) for each in sent]
        assert [(at - dates[0]).total_seconds() for at in dates] == [0, 1, 2, 3]
        assert [request.form["MessageStatus"] for request in application.requests].count("delivered") == 4
    assert (passed["is_busy"], passed["next_due"]) == (False, None)


def moment_of(message: dict[str, str]) -> datetime:
    return datetime.strptime(message["date_sent"], "%a, %d %b %Y %H:%M:%S %z")


async def test_without_steps_it_leaps(world: World) -> None:
    await world.clock(mode="frozen")
    late = [await world.send() for _ in range(2)][1]
    assert (await world.lab("GET", "Clock"))["next_due"] is not None
    await world.clock(advance="1h", steps="false")
    shown = await world.clock(advance="0")
    assert shown["is_busy"] is False
    sent = await world.message(late["sid"])
    assert sent["status"] == "delivered"
    assert moment_of(sent) == moment(shown["at"]).replace(microsecond=0)


async def test_others_do_not_notice(world: World, surface: tuple[object, str, str]) -> None:
    other = World(world.client.acting_as(surface[1], surface[2]), world.database)
    await world.clock(advance="400d")
    assert (await other.lab("GET", "Clock"))["offset"] == 0


async def test_a_clock_that_is_set_back_leaves_nobody_waiting(world: World) -> None:
    """A sender whose turn was a year ahead has it now."""
    await world.clock(mode="frozen", advance="365d")
    for _ in range(3):
        await world.send()
    await world.clock(advance="1m")
    await world.clock(mode="real")
    sent = await world.send()
    await world.clock(mode="frozen", advance="2s")
    assert (await world.message(sent["sid"]))["status"] == "delivered"
