"""The rules as processes know them: for nothing where there are none, at once where somebody changed them."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest
from msgspec.structs import replace
from waiting import until

from localloop.core import clock, sids
from localloop.lab.faults import Faults, Rule, queries
from localloop.lab.faults.rule import Border, Happening
from localloop.rest.shared import LocalRevocations
from localloop.store import Database

WORLD = "AC" + "1" * 32
SENT = Happening(
    border="webhook",
    kinds=frozenset({"webhook-drop"}),
    world_sid=WORLD,
    account_sid=WORLD,
    resource_sid="SM" + "1" * 32,
    thing="message 1",
    event="sent",
    fields={},
)


@pytest.fixture
async def changes() -> LocalRevocations:
    return LocalRevocations()


async def opened(database: Database, changes: LocalRevocations) -> Faults:
    faults = Faults(database, changes)
    await faults.start()
    return faults


async def add(faults: Faults, **more: object) -> Rule:
    rule = Rule(
        sid=sids.new("LF"),
        world_sid=WORLD,
        position=0,
        kind="webhook-drop",
        seed=7,
        date_created=clock.now(),
    )
    async with faults.database.unit() as unit:
        row = await queries.insert(unit, replace(rule, **more))  # type: ignore[arg-type]
        faults.changed(unit)
    return queries.rule_of(row)


async def test_without_rules_nobody_is_asked(dsn: str, changes: LocalRevocations) -> None:
    database = await Database.connect(dsn, max_size=2)
    faults = await opened(database, changes)
    faults.close()
    await database.close()
    assert not any(faults.touches(WORLD, border) for border in get_args(Border))


async def test_another_process_of_the_machine_knows_at_once(
    database: Database, changes: LocalRevocations
) -> None:
    here, there = await opened(database, changes), await opened(database, changes)
    added = await add(here)
    assert there.touches(WORLD, "webhook")
    assert [rule.sid for rule in await there.rules(WORLD, "webhook")] == [added.sid]
    assert not there.touches(WORLD, "api")
    assert not there.touches("AC" + "2" * 32, "webhook")
    for each in (here, there):
        each.close()


async def test_another_machine_hears_of_it(database: Database, changes: LocalRevocations) -> None:
    here, elsewhere = await opened(database, changes), await opened(database, LocalRevocations())

    async def heard() -> bool:
        return elsewhere.touches(WORLD, "webhook")

    await add(here)
    await until(heard)
    assert len(await elsewhere.rules(WORLD, "webhook")) == 1
    for each in (here, elsewhere):
        each.close()


async def test_a_bound_holds_for_a_crowd(database: Database, changes: LocalRevocations) -> None:
    books = [await opened(database, changes) for _ in range(3)]
    await add(books[0], count=4)
    crowd = [replace(SENT, resource_sid=f"SM{n:032}", thing=f"message {n}") for n in range(24)]
    struck = await asyncio.gather(*(books[n % 3].strike(each) for n, each in enumerate(crowd)))
    assert sum(rule is not None for rule in struck) == 4
    assert await database.fetchval("select applied from faults") == 4
    for each in books:
        each.close()


async def test_who_tries_again_after_a_crash_is_struck_again_and_counted_once(
    database: Database, changes: LocalRevocations
) -> None:
    faults = await opened(database, changes)
    await add(faults, count=1)
    first, again = await faults.strike(SENT), await faults.strike(SENT)
    assert first is not None
    assert again is not None
    assert await faults.strike(replace(SENT, event="delivered")) is None
    assert await database.fetchval("select count(*) from applied_faults") == 1
    faults.close()


async def test_places_are_taken_in_turn_and_begin_anew(database: Database, changes: LocalRevocations) -> None:
    faults = await opened(database, changes)
    assert [(await add(faults)).position for _ in range(2)] == [1, 2]
    async with database.unit() as unit:
        await queries.delete(unit, WORLD, None)
        faults.changed(unit)
    assert (await add(faults)).position == 1
    faults.close()
