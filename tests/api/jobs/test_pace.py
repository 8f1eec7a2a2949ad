"""Every sender's slots follow each other at its interval, whoever asks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from localloop.jobs import Reservation, Slots, reserve
from localloop.store import Database

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def times(slots: Slots) -> list[float]:
    return [(slots.at(n) - NOW).total_seconds() for n in range(slots.count)]


async def ask(database: Database, now: datetime = NOW, **slots: int) -> dict[str, list[float]]:
    wanted = [Reservation(key, number, SECOND) for key, number in slots.items()]
    async with database.unit() as unit:
        return {key: times(given) for key, given in (await reserve(unit, wanted, now)).items()}


async def test_slots_follow_each_other(database: Database) -> None:
    assert await ask(database, b=1, a=3) == {"a": [0, 1, 2], "b": [0]}
    assert await ask(database, a=2, b=1) == {"a": [3, 4], "b": [1]}
    assert await ask(database) == {}


async def test_sender_that_rested_starts_at_once(database: Database) -> None:
    await ask(database, a=2)
    assert await ask(database, NOW + timedelta(seconds=10), a=2) == {"a": [10, 11]}


async def test_slots_of_a_unit_that_fails_are_free_again(database: Database) -> None:
    async def fail() -> None:
        async with database.unit() as unit:
            await reserve(unit, [Reservation("a", 5, SECOND)], NOW)
            raise ZeroDivisionError

    await asyncio.gather(fail(), return_exceptions=True)
    assert await ask(database, a=1) == {"a": [0]}


async def test_nothing_is_given_beyond_the_horizon(database: Database) -> None:
    async def within(slots: int, horizon: float) -> list[float]:
        async with database.unit() as unit:
            wanted = Reservation("a", slots, SECOND, timedelta(seconds=horizon))
            return times((await reserve(unit, [wanted], NOW))["a"])

    assert await within(2, 3) == [0, 1]
    assert await within(5, 3) == [2, 3]
    assert await within(1, 3) == []
    assert await within(1, 4) == [4]


async def test_no_interval_is_no_pace(database: Database) -> None:
    async with database.unit() as unit:
        given = await reserve(unit, [Reservation("a", 3, timedelta(), SECOND)], NOW)
    assert times(given["a"]) == [0, 0, 0]


async def test_batches_that_cross_get_disjoint_slots(database: Database) -> None:
    keys = [f"sender {n}" for n in range(20)]
    orders = [keys, keys[::-1]] * 5
    answers = await asyncio.gather(*(ask(database, **dict.fromkeys(order, 2)) for order in orders))
    for key in keys:
        slots = sorted(slot for answer in answers for slot in answer[key])
        assert slots == [float(n) for n in range(20)]
