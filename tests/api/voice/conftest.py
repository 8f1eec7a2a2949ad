"""The resources of the voice product on a fresh database; accounts in worlds of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from asking import Asker
from msgspec import Struct

from localloop.contract import load
from localloop.core import clock, sids
from localloop.core.errors import ApiError
from localloop.products.voice import Dialing, Needs, bindings
from localloop.products.voice.calls import Document, Whose
from localloop.products.voice.conference.room import Room, Tell
from localloop.rest.operations import existence
from localloop.rest.plain import Plain
from localloop.rest.request import Caller
from localloop.rest.shared import LocalRevocations
from localloop.store import Database, Executor, Unit
from localloop.store.plain import PlainStore

NewAccount = Callable[..., Awaitable[Caller]]


async def refusal(asked: Awaitable[Any]) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        await asked
    return refused.value.status, refused.value.code


class MadeCall(Struct):
    sid: str
    params: Mapping[str, Any]
    by: Noted

    async def begin(self, unit: Unit) -> int:
        self.by.made.append(self.params)
        self.by.known[self.sid] = "queued"
        return 1500


class Noted:
    """Who holds the calls: notes what it is asked for."""

    def __init__(self) -> None:
        self.redirected: list[tuple[UUID, Document]] = []
        self.made: list[Mapping[str, Any]] = []
        self.told: list[Tell] = []
        self.known: dict[str, str] = {}  # calls, with their statuses

    async def exists(self, account_sid: str, call_sid: str) -> bool:
        return call_sid in self.known

    async def statuses(self, account_sid: str, call_sids: Sequence[str]) -> Mapping[str, str]:
        return {sid: self.known[sid] for sid in call_sids if sid in self.known}

    async def redirect(self, whose: Whose, call_id: UUID, document: Document) -> None:
        self.redirected.append((call_id, document))

    async def compose(self, whose: Whose, params: Mapping[str, Any], room: str) -> MadeCall:
        return MadeCall(sids.new("CA"), {**params, "room": room}, self)

    async def tell(self, unit: Executor, whose: Whose, of: Room, tells: Sequence[Tell]) -> None:
        self.told += tells


@pytest.fixture
def calls() -> Noted:
    return Noted()


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
