"""The resources of the voice product on a fresh database; accounts in worlds of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asking import Asker

from localloop.contract import load
from localloop.core import clock, sids
from localloop.core.errors import ApiError
from localloop.products.voice import Dialing, Needs, bindings
from localloop.rest.operations import existence
from localloop.rest.plain import Plain
from localloop.rest.request import Caller
from localloop.rest.shared import LocalRevocations
from localloop.store import Database
from localloop.store.plain import PlainStore

NewAccount = Callable[..., Awaitable[Caller]]


async def refusal(asked: Awaitable[Any]) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        await asked
    return refused.value.status, refused.value.code


@pytest.fixture
def closed_worlds() -> set[str]:
    """Worlds where countries are closed that nobody opened; a test adds to it."""
    return set()


@pytest.fixture
async def dialing(database: Database, closed_worlds: set[str]) -> AsyncIterator[Dialing]:
    found = Dialing(database, LocalRevocations(), closed_worlds.__contains__)
    yield found
    await found.close()


@pytest.fixture
async def needs(database: Database) -> AsyncIterator[Needs]:
    records = PlainStore(database)
    yield Needs(database, Plain(records, load()), records)
    await records.close()


@pytest.fixture
def ask(needs: Needs, dialing: Dialing) -> Asker:
    bound = bindings(needs, dialing)
    needs.plain.know(existence(bound, lambda key: load().resource(key).kind))
    return Asker(bound)


@pytest.fixture
def new_account(database: Database) -> NewAccount:
    async def make(parent: Caller | None = None) -> Caller:
        sid = sids.new("AC")
        owner = parent.account_sid if parent else sid
        world = parent.world_sid if parent else sid
        await database.execute(
            "insert into accounts (sid, world_sid, owner_account_sid, friendly_name, auth_token,"
            " token_key, date_created, date_updated) values ($1, $2, $3, 'test', '', '', $4, $4)",
            sid,
            world,
            owner,
            clock.now(world),
        )
        return Caller(account_sid=sid, world_sid=world)

    return make


@pytest.fixture
async def caller(new_account: NewAccount) -> Caller:
    return await new_account()
