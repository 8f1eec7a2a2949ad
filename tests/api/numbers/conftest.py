"""Two worlds with accounts, and the operations of the numbers product on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asking import Asker

from localloop.contract import load
from localloop.core import clock, sids
from localloop.core.errors import ApiError
from localloop.products.numbers import Directory, Needs, bindings
from localloop.rest.plain import Plain
from localloop.rest.request import Caller
from localloop.store import Database
from localloop.store.plain import PlainStore

NewAccount = Callable[..., Awaitable[Caller]]


class Counter:
    """The counter of changes that the processes of one machine share."""

    def __init__(self) -> None:
        self.value = 0

    def current(self) -> int:
        return self.value

    def bump(self) -> None:
        self.value += 1


async def refusal(asked: Awaitable[Any]) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        await asked
    return refused.value.status, refused.value.code


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def directory(database: Database, counter: Counter) -> Directory:
    return Directory(database, counter)


@pytest.fixture
async def needs(database: Database, directory: Directory) -> AsyncIterator[Needs]:
    records = PlainStore(database)
    yield Needs(database, directory, Plain(records, load()), records)
    await records.close()


@pytest.fixture
def ask(needs: Needs) -> Asker:
    return Asker(bindings(needs))


@pytest.fixture
def new_account(database: Database) -> NewAccount:
    async def make(parent: Caller | None = None, *, type: str = "Full") -> Caller:
        sid = sids.new("AC")
        owner = parent.account_sid if parent else sid
        world = parent.world_sid if parent else sid
        await database.execute(
            "insert into accounts (sid, world_sid, owner_account_sid, friendly_name, type, auth_token,"
            " token_key, date_created, date_updated) values ($1, $2, $3, 'test', $4, '', '', $5, $5)",
            sid,
            world,
            owner,
            type,
            clock.now(world),
        )
        return Caller(account_sid=sid, world_sid=world)

    return make


@pytest.fixture
async def parent(new_account: NewAccount) -> Caller:
    """The main account of a world."""
    return await new_account()


@pytest.fixture
async def child(new_account: NewAccount, parent: Caller) -> Caller:
    """A subaccount in the parent's world."""
    return await new_account(parent)


@pytest.fixture
async def stranger(new_account: NewAccount) -> Caller:
    """The main account of another world."""
    return await new_account()


async def buy(ask: Asker, caller: Caller, number: str, **params: Any) -> dict[str, Any]:
    return await ask.item("api.v2010.CreateIncomingPhoneNumber", caller, {"PhoneNumber": number, **params})
