"""Finding owners: fast when known, and never the state from before a change that was answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest
from asking import Asker

from localloop.products.numbers import Directory, add_short_code
from localloop.rest.request import Caller
from localloop.store import Database, Executor
from tests.api.numbers.conftest import Counter, buy

NUMBER = "+14152345678"


async def release(ask: Asker, caller: Caller, sid: str) -> None:
    await ask("api.v2010.DeleteIncomingPhoneNumber", caller, Sid=sid)


async def test_a_world_sees_its_own_numbers(
    ask: Asker, directory: Directory, parent: Caller, stranger: Caller
) -> None:
    assert await directory.find(parent.world_sid, NUMBER) is None
    bought = await buy(ask, parent, NUMBER, SmsUrl="https://example.com", SmsMethod="GET")
    owned = await directory.find(parent.world_sid, NUMBER)
    assert owned is not None
    assert (owned.sid, owned.account_sid, owned.type) == (bought["sid"], parent.account_sid, "Local")
    assert (owned.sms.url, owned.sms.method, owned.sms_enabled) == ("https://example.com", "GET", True)
    assert await directory.find(stranger.world_sid, NUMBER) is None


async def test_a_known_owner_costs_no_query(ask: Asker, directory: Directory, parent: Caller) -> None:
    await buy(ask, parent, NUMBER)
    assert directory.cached(parent.world_sid, NUMBER) is None
    owned = await directory.find(parent.world_sid, NUMBER)
    assert directory.cached(parent.world_sid, NUMBER) is owned


async def test_another_process_forgets_before_the_release_is_answered(
    ask: Asker, database: Database, counter: Counter, parent: Caller
) -> None:
    other = Directory(database, counter)  # of another process: it hears nothing but the shared counter
    bought = await buy(ask, parent, NUMBER)
    assert await other.find(parent.world_sid, NUMBER) is not None
    await release(ask, parent, bought["sid"])
    assert other.cached(parent.world_sid, NUMBER) is None
    assert await other.find(parent.world_sid, NUMBER) is None


async def test_what_was_read_before_a_release_is_not_kept_after_it(
    ask: Asker, database: Database, counter: Counter, parent: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from localloop.products.numbers import ownership

    bought = await buy(ask, parent, NUMBER)
    read = ownership.find_many

    async def slow_read(executor: Executor, keys: Sequence[tuple[str, str]]) -> object:
        owned = await read(executor, keys)
        await release(ask, parent, bought["sid"])
        return owned

    monkeypatch.setattr(ownership, "find_many", slow_read)
    other = Directory(database, counter)
    await other.find(parent.world_sid, NUMBER)
    assert other.cached(parent.world_sid, NUMBER) is None


async def test_another_machine_hears_of_it(ask: Asker, database: Database, parent: Caller) -> None:
    elsewhere = Directory(database, Counter())
    await elsewhere.start()
    try:
        bought = await buy(ask, parent, NUMBER)
        assert await elsewhere.find(parent.world_sid, NUMBER) is not None
        await release(ask, parent, bought["sid"])
        async with asyncio.timeout(5):
            while elsewhere.cached(parent.world_sid, NUMBER) is not None:
                await database.fetchval("select 1")
    finally:
        await elsewhere.close()


async def test_no_entry_lives_longer_than_five_seconds(
    ask: Asker, database: Database, parent: Caller
) -> None:
    now = 100.0
    directory = Directory(database, Counter(), now=lambda: now)
    await buy(ask, parent, NUMBER)
    await directory.find(parent.world_sid, NUMBER)
    now = 104.9
    assert directory.cached(parent.world_sid, NUMBER) is not None
    now = 105.1
    assert directory.cached(parent.world_sid, NUMBER) is None


async def test_adoption(
    ask: Asker,
    database: Database,
    directory: Directory,
    parent: Caller,
    child: Caller,
    caplog: pytest.LogCaptureFixture,
) -> None:
    documented = "+15558675310"
    with caplog.at_level(logging.INFO):
        async with database.unit() as unit:
            owned = await directory.adopt(unit, parent.world_sid, parent.account_sid, documented)
            assert not caplog.records  # nothing is announced before it is true
    assert owned is not None
    assert (owned.account_sid, owned.phone_number) == (parent.account_sid, documented)
    assert owned.sms_enabled
    assert owned.mms_enabled
    assert documented in caplog.text
    listed = await ask.items("api.v2010.ListIncomingPhoneNumber", parent)
    assert [item["phone_number"] for item in listed.items] == [documented]
    async with database.unit() as unit:
        anothers = await directory.adopt(unit, parent.world_sid, child.account_sid, documented)
    assert anothers == owned


async def test_two_adopters_at_once_agree(database: Database, directory: Directory, parent: Caller) -> None:
    async def adopt() -> object:
        async with database.unit() as unit:
            return await directory.adopt(unit, parent.world_sid, parent.account_sid, NUMBER)

    owners = await asyncio.gather(*(adopt() for _ in range(6)))
    assert owners[0] is not None
    assert all(owner == owners[0] for owner in owners)


async def test_a_released_number_is_not_adopted(
    ask: Asker, database: Database, directory: Directory, parent: Caller
) -> None:
    bought = await buy(ask, parent, NUMBER)
    await release(ask, parent, bought["sid"])
    async with database.unit() as unit:
        assert await directory.adopt(unit, parent.world_sid, parent.account_sid, NUMBER) is None
        assert await directory.adopt(unit, parent.world_sid, parent.account_sid, "nonsense") is None


async def test_a_closed_account_loses_its_numbers(
    ask: Asker, database: Database, directory: Directory, parent: Caller, child: Caller
) -> None:
    await buy(ask, child, NUMBER)
    await buy(ask, parent, "+14152345679")
    await add_short_code(database, child.world_sid, child.account_sid, "40404")
    assert await directory.find(parent.world_sid, NUMBER) is not None
    async with database.unit() as unit:
        await directory.closing()(unit, child.account_sid)
    assert await directory.find(parent.world_sid, NUMBER) is None
    assert await directory.find(parent.world_sid, "40404") is None
    assert await directory.find(parent.world_sid, "+14152345679") is not None
