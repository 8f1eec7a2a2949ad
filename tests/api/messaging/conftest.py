"""Messages on a fresh database with a real worker, real webhooks and simulated phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asking import Asker
from msgspec import Struct
from msgspec.structs import replace
from waiting import until
from webhook_keys import Keys

from localloop import contract
from localloop.carriers import Carrier, Loopback
from localloop.core import clock, sids
from localloop.core.clock import WorldTime
from localloop.jobs import Worker
from localloop.products import content
from localloop.products.messaging import (
    JUDGE,
    Addresses,
    Bench,
    Keeping,
    Messaging,
    Rules,
    compliance_bindings,
    service_bindings,
)
from localloop.products.numbers import Directory, Needs, attachable
from localloop.rest.plain import Plain
from localloop.rest.request import Caller, PageRequest
from localloop.store import Database
from localloop.store.objects import Objects
from localloop.store.objects.folder import Folder
from localloop.store.plain import PlainStore
from localloop.store.sealing import Sealer
from localloop.store.worlds import Worlds, move_clock
from localloop.webhooks import FORGET, KIND, UP, Outbound, Preferences, Webhooks

FROM = "+15017122661"
TO = "+15558675310"
PUBLIC_URL = "https://loop.example.com"

NewAccount = Callable[[], Awaitable[Caller]]


class Counter:
    """The counter of changes that the processes of one machine share."""

    def __init__(self) -> None:
        self.value = 0

    def current(self) -> int:
        return self.value

    def bump(self) -> None:
        self.value += 1


class Phone(Struct):
    """What a test needs of one running server."""

    database: Database
    directory: Directory
    messaging: Messaging
    ask: Asker
    reviews: content.Reviews
    bench: Bench
    profiles: dict[str, str]  # of worlds that are not relaxed

    async def send(self, caller: Caller, **params: Any) -> dict[str, Any]:
        asked = {"To": TO, "From": FROM, "Body": "hello", **params}
        return await self.ask.item("api.v2010.CreateMessage", caller, asked)

    async def fetch(self, caller: Caller, sid: str) -> dict[str, Any]:
        return await self.ask.item("api.v2010.FetchMessage", caller, Sid=sid)

    async def update(self, caller: Caller, sid: str, **params: Any) -> dict[str, Any]:
        return await self.ask.item("api.v2010.UpdateMessage", caller, params, Sid=sid)

    async def idle(self) -> None:
        """Until no job is left."""
        await self.until("select not exists (select from jobs)")

    async def settled(self) -> None:
        """The same, where something was redacted or deleted: what is done a minute later aside."""
        await self.until(f"select not exists (select from jobs where kind <> '{FORGET}')")

    async def quiet(self) -> None:
        """Until no job may run before some world's clock is moved."""
        await self.until("select not exists (select from jobs where leased or run_at < 'infinity')")

    async def until(self, condition: str) -> None:
        await until(lambda: self.database.fetchval(condition))

    async def listed(self, caller: Caller) -> list[dict[str, Any]]:
        """All messages, oldest first."""
        page = PageRequest(size=1000)
        items = (await self.ask.items("api.v2010.ListMessage", caller, page=page)).items
        return [dict(each) for each in items][::-1]

    async def own(self, caller: Caller, number: str, **data: str) -> None:
        """Make a number the account's own, with these webhooks."""
        async with self.database.unit() as unit:
            owned = await self.directory.adopt(unit, caller.world_sid, caller.account_sid, number)
            assert owned is not None
            await unit.execute("update phone_numbers set data = data || $2 where sid = $1", owned.sid, data)
            self.directory.changed(unit)


@pytest.fixture
def rules() -> Rules:
    return Rules(rate=0)


@pytest.fixture
def carrier(database: Database) -> Carrier:
    return Loopback(database)


@pytest.fixture
async def server(database: Database, rules: Rules, carrier: Carrier, tmp_path: Path) -> AsyncIterator[Phone]:
    """Accepts messages; nothing works on them."""
    outbound = Outbound(UP)
    webhooks = Webhooks(database, outbound, Keys(), defaults=Preferences())
    records = PlainStore(database)
    directory = Directory(database, Counter())
    profiles: dict[str, str] = {}
    known = replace(rules, profile=lambda world_sid: profiles.get(world_sid, rules.profile(world_sid)))
    objects = Objects(database, Folder(tmp_path / "objects"))
    keeping = Keeping(objects, Addresses(Sealer({"00000001": bytes(32)})))
    messaging = Messaging(database, directory, records, carrier, known, webhooks, PUBLIC_URL, keeping=keeping)
    plain = Plain(records, contract.load(), attachable(database))
    needs = Needs(database, directory, plain, records)
    contents = content.Operations(database, plain, content.Reviews(database, True))
    beside = (*service_bindings(needs), *compliance_bindings(needs), *content.bindings(contents))
    ask = Asker((*messaging.bindings(), *beside))
    bench = Bench(database, records, directory)
    yield Phone(database, directory, messaging, ask, contents.reviews, bench, profiles)
    await messaging.close()
    await carrier.close()
    await webhooks.close()
    await outbound.close()
    await records.close()


@pytest.fixture
async def working(server: Phone) -> AsyncIterator[Phone]:
    """The same with a worker."""
    webhooks = server.messaging.webhooks
    assert webhooks is not None
    handlers = {
        KIND: webhooks.deliver,
        JUDGE: server.bench.handler(),
        content.REVIEW: server.reviews.review,
        **server.messaging.handlers(),
    }
    worker = Worker(server.database, handlers)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        yield server
        worker.stop()


@pytest.fixture
async def frozen(working: Phone, caller: Caller) -> AsyncIterator[Phone]:
    """The caller's world stands still; that of others does not."""
    worlds = Worlds(working.database, runs_jobs=True)
    await worlds.start()
    await move(working, caller, WorldTime("frozen", frozen_at=clock.now()))
    yield working
    await worlds.close()


async def move(server: Phone, caller: Caller, time: WorldTime) -> None:
    async with server.database.unit() as unit:
        await move_clock(unit, caller.world_sid, time)


async def advance(server: Phone, caller: Caller, by: timedelta) -> None:
    await move(server, caller, clock.world_time(caller.world_sid).advanced(by))
    await server.quiet()


@pytest.fixture
def new_account(database: Database) -> NewAccount:
    async def make() -> Caller:
        sid = sids.new("AC")
        await database.execute(
            "insert into accounts (sid, world_sid, owner_account_sid, friendly_name, auth_token,"
            " token_key, date_created, date_updated) values ($1, $1, $1, 'test', '', '', $2, $2)",
            sid,
            clock.now(sid),
        )
        return Caller(account_sid=sid, world_sid=sid)

    return make


@pytest.fixture
async def caller(new_account: NewAccount) -> Caller:
    return await new_account()


@pytest.fixture
async def stranger(new_account: NewAccount) -> Caller:
    """The main account of another world."""
    return await new_account()
