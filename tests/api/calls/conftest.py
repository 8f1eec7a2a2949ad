"""A whole localloop in this process, for calls: API, worker, a client, and an application that answers in TwiML."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from http_server import Received, Server, answer, running
from msgspec import Struct
from serving import HOST, Client
from waiting import until

from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.core.settings import Seed, Settings
from localloop.server import STANDING, Place, open_api, open_worker, prepare
from localloop.store import Database
from localloop.store.worlds import move_clock

FROM = "+15017122661"
TO = "+15558675310"
EMPTY = answer("200 OK", b"<Response/>", "Content-Type: text/xml")


class Application:
    """What a program answers by path, and what it was asked, in order."""

    def __init__(self) -> None:
        self.documents: dict[str, str | bytes] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.server = Server(respond=self._respond)

    @property
    def url(self) -> str:
        return self.server.url

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def told(self, path: str) -> list[dict[str, str]]:
        """The parameters of all requests for this path."""
        return [params for asked, params in self.asked if asked == path]

    async def _respond(self, request: Received, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(request.path)
        text = request.body.decode() or parts.query
        params = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
        self.asked.append((parts.path, params))
        document = self.documents.get(parts.path, "<Response/>")
        if isinstance(document, bytes):
            writer.write(document)
        else:
            writer.write(answer("200 OK", document.encode(), "Content-Type: text/xml"))


class Loop(Struct):
    ask: Client
    database: Database
    app: Application

    async def call(self, **params: Any) -> dict[str, Any]:
        """A call that was made over REST."""
        asked = {"From": FROM, "To": TO, "Url": f"{self.app.url}/voice", **params}
        reply = await self.ask("POST", f"{self.path}.json", asked)
        assert reply.status == 201, reply.body
        return dict(reply.json())

    async def refused(self, **params: Any) -> int:
        """The code of the error that a call is refused with."""
        asked = {"From": FROM, "To": TO, "Url": f"{self.app.url}/voice", **params}
        given = {name: value for name, value in asked.items() if value is not None}
        reply = await self.ask("POST", f"{self.path}.json", given)
        assert reply.status == 400, reply.body
        return int(reply.json()["code"])

    async def fetch(self, sid: str) -> dict[str, Any]:
        return dict((await self.ask("GET", f"{self.path}/{sid}.json")).json())

    async def update(self, sid: str, **params: str) -> Any:
        return await self.ask("POST", f"{self.path}/{sid}.json", params)

    async def ended(self, sid: str) -> dict[str, Any]:
        """The call when it has ended and nothing more is said of it."""
        await self.until("not exists (select from live_calls where id = $1::uuid)", sid[2:])
        await self.quiet()
        return await self.fetch(sid)

    async def persona(self, number: str = TO, **persona: Any) -> None:
        """How a phone takes calls."""
        given = {
            name.title(): orjson.dumps(each) if name == "script" else each for name, each in persona.items()
        }
        reply = await self.ask("POST", f"/lab/v1/Phones/{number}/Voice", given)
        assert reply.status == 200, reply.body

    async def until(self, condition: str, *values: object) -> None:
        await until(lambda: self.database.fetchval(f"select {condition}", *values))

    async def quiet(self) -> None:
        """Until nothing may run before some world's clock is moved."""
        await self.until(
            "not exists (select from jobs where kind <> all($1) and (leased or run_at < 'infinity'))",
            [*STANDING],
        )

    async def advance(self, by: Any) -> None:
        """Move the clock of the world, and wait for all that comes of it. What is at work meanwhile goes by the time
        that it knows, so nothing is."""
        await self.quiet()
        world_sid = self.ask.account_sid
        async with self.database.unit() as unit:
            await move_clock(unit, world_sid, clock.world_time(world_sid).advanced(by))
        await self.quiet()

    async def go_on(self, by: Any) -> None:
        """Move the clock by way of everything that is due."""
        moved = await self.ask("POST", "/lab/v1/Clock", {"Advance": f"{by.total_seconds():.0f}"})
        assert moved.status == 200, moved.body
        await self.quiet()

    @property
    def path(self) -> str:
        return f"/2010-04-01/Accounts/{self.ask.account_sid}/Calls"


@pytest.fixture
def settings() -> Mapping[str, Any]:
    """What differs from a developer's own."""
    return {"message_rate": 0, "call_rate": 0.0}


@pytest.fixture
async def real(
    dsn: str, tmp_path: Path, database: Database, settings: Mapping[str, Any]
) -> AsyncIterator[Loop]:
    """By the real clock."""
    chosen = Settings(**settings)
    place = Place(
        dsn=dsn, runtime=tmp_path / "run", url=f"http://{HOST}", sealing_key=tmp_path / "sealing.key"
    )
    seeded = await prepare(chosen, place, Seed())
    app = Application()
    async with (
        running(app.server),
        open_worker(chosen, place) as worker,
        open_api(chosen, place) as surface,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(worker.run())
        yield Loop(Client(surface, seeded.account_sid, seeded.auth_token), database, app)
        worker.stop()


@pytest.fixture
async def loop(real: Loop) -> Loop:
    """By a clock that stands still until it is moved."""
    async with real.database.unit() as unit:
        await move_clock(unit, real.ask.account_sid, WorldTime("frozen", frozen_at=clock.now()))
    return real
