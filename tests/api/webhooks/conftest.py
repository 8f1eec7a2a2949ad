"""A whole localloop in this process: API, worker and a client, for what crosses products."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct
from serving import HOST, Client
from waiting import until

from localloop.core.settings import Seed, Settings
from localloop.server import STANDING, Place, open_api, open_worker, prepare
from localloop.store import Database
from localloop.webhooks import FORGET


class Loop(Struct):
    ask: Client
    database: Database
    runtime: Path

    async def until(self, condition: str, *values: object) -> None:
        await until(lambda: self.database.fetchval(f"select {condition}", *values))

    async def quiet(self) -> None:
        """Until nothing is on its way."""
        await self.until(
            "not exists (select from jobs where kind <> all($1)"
            " and (leased or run_at < now() + interval '1 second'))",
            [*STANDING, FORGET],
        )

    async def choose(self, **wish: str) -> None:
        """What the account wants of its webhooks."""
        assert (await self.ask("POST", "/lab/v1/WebhookSettings", wish)).status == 200


@pytest.fixture
async def loop(dsn: str, tmp_path: Path, database: Database) -> AsyncIterator[Loop]:
    settings = Settings(message_rate=0)
    place = Place(
        dsn=dsn, runtime=tmp_path / "run", url=f"http://{HOST}", sealing_key=tmp_path / "sealing.key"
    )
    seeded = await prepare(settings, place, Seed())
    async with (
        open_worker(settings, place) as worker,
        open_api(settings, place) as surface,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(worker.run())
        yield Loop(Client(surface, seeded.account_sid, seeded.auth_token), database, tmp_path)
        worker.stop()
