"""A whole localloop in one process: API, lab and worker on one database, and a fresh world for every test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from serving import HOST, Client

from localloop import server
from localloop.core import clock, sids
from localloop.core.settings import Seed, Settings
from localloop.rest.shared import SharedTable
from localloop.server import Surface
from localloop.store import Database

FROM, TO = "+15017122661", "+15558675310"


class Refused(Exception):
    """What the server said no to."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {answer.get('code')}: {answer.get('message')}")
        self.status, self.answer = status, answer


class World(Struct):
    """A world of its own, as its application and its test see it."""

    client: Client
    database: Database

    @property
    def sid(self) -> str:
        return self.client.account_sid

    async def lab(self, method: str, path: str, **params: Any) -> Any:
        return await self.ask(method, f"/lab/v1/{path}", params)

    async def ask(self, method: str, target: str, params: Mapping[str, Any] | None = None) -> Any:
        reply = await self.client(method, target, params or None)
        if reply.status >= 400:
            raise Refused(reply.status, reply.json())
        return reply.json() if reply.body else None

    async def clock(self, **wishes: Any) -> Any:
        return await self.lab("POST", "Clock", **{name.title(): value for name, value in wishes.items()})

    async def send(self, **params: Any) -> Any:
        asked = {"To": TO, "From": FROM, "Body": "hello", **params}
        return await self.ask("POST", f"/2010-04-01/Accounts/{self.sid}/Messages.json", asked)

    async def message(self, sid: str) -> Any:
        return await self.ask("GET", f"/2010-04-01/Accounts/{self.sid}/Messages/{sid}.json")

    @property
    def now(self) -> datetime:
        return clock.now(self.sid)

    def ahead(self, **span: float) -> str:
        return (self.now + timedelta(**span)).isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(plain="allow", message_rate=1)


@pytest.fixture(scope="module")
async def surface(
    standing_database: Database, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Surface, str, str]]:
    """One for all tests of a module: they never meet, for each has its world."""
    folder = Path(tmp_path_factory.mktemp("lab"))
    place = server.Place(
        dsn=standing_database.dsn, runtime=folder, url=f"http://{HOST}", sealing_key=folder / "sealing.key"
    )
    seeded = await server.prepare(settings, place, Seed())
    table = SharedTable(folder / "shared")
    async with (
        server.open_worker(settings, place, revocations=table) as worker,
        server.open_api(settings, place, table=table) as app,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(worker.run())
        yield app, seeded.account_sid, seeded.auth_token
        worker.stop()
    table.close()


@pytest.fixture
async def world(surface: tuple[Surface, str, str], standing_database: Database) -> World:
    app, sid, token = surface
    own = sids.new("AC")
    return World(Client(app, sid, token).acting_as(own, "0" * 32), standing_database)
