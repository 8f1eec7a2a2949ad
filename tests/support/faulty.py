"""A whole localloop in this process, as `--single` runs it, and an application that notes whatever it is asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import uvicorn
from http_server import Received, Server, answer, running
from msgspec import Struct
from serving import HOST, Client
from twilio.request_validator import RequestValidator
from uvicorn.server import ServerState
from waiting import until

from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.core.settings import Seed, Settings
from localloop.rest.connection import Connections
from localloop.rest.shared import SharedTable
from localloop.rest.wire import AsgiApp
from localloop.server import STANDING, Place, open_api, open_worker, prepare
from localloop.store import Database
from localloop.store.worlds import move_clock
from localloop.webhooks import FORGET

FROM = "+15017122661"
PHONE = "+15558675310"
OK = answer("204 No Content", length=False)


class Loop(Struct):
    """The server, one account of it, and its application."""

    ask: Client
    database: Database
    app: Server
    token: str

    async def fault(self, kind: str, **params: Any) -> dict[str, Any]:
        named = {f"Match.{name}": value for name, value in (params.pop("match", None) or {}).items()}
        reply = await self.ask("POST", "/lab/v1/Faults", {"Kind": kind, **params, **named})
        assert reply.status == 201, reply.body
        return dict(reply.json())

    async def post(self, params: Mapping[str, Any], **headers: str) -> Any:
        """A create of a message, whatever becomes of it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        target = f"/2010-04-01/Accounts/{self.ask.account_sid}/Messages.json"
        return await self.ask("POST", target, params, headers=named)

    async def send(self, to: str = PHONE, **params: Any) -> dict[str, Any]:
        wished = {
            "To": to,
            "From": FROM,
            "Body": "hello",
            "StatusCallback": f"{self.app.url}/status",
            **params,
        }
        reply = await self.post(wished)
        assert reply.status == 201, reply.body
        return dict(reply.json())

    async def fetch(self, sid: str) -> dict[str, Any]:
        target = f"/2010-04-01/Accounts/{self.ask.account_sid}/Messages/{sid}.json"
        return dict((await self.ask("GET", target)).json())

    async def applied(self, **params: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in params.items())
        reply = await self.ask("GET", f"/lab/v1/AppliedFaults?PageSize=1000&{query}")
        return list(reply.json()["applied_faults"])

    async def quiet(self) -> None:
        """Until nothing is on its way that the world's clock does not hold up."""
        await until(
            lambda: self.database.fetchval(
                "select not exists (select from jobs where kind <> all($1) and (leased or run_at < 'infinity'))",
                [*STANDING, FORGET],
            )
        )

    async def freeze(self) -> None:
        """The world stands still from now on."""
        await self._move(WorldTime("frozen", frozen_at=clock.now()))

    async def advance(self, **by: float) -> None:
        """This much later, standing still; when nothing is left to do."""
        await self._move(clock.world_time(self.ask.account_sid).advanced(timedelta(**by)))
        await self.quiet()

    async def _move(self, time: WorldTime) -> None:
        async with self.database.unit() as unit:
            await move_clock(unit, self.ask.account_sid, time)

    @property
    def statuses(self) -> list[str]:
        """What its callbacks told, in the order in which they came."""
        return [request.form.get("MessageStatus", "") for request in self.app.requests]

    def is_signed(self, request: Received) -> bool:
        signature = request.headers["x-twilio-signature"]
        validator = RequestValidator(self.token)
        return bool(validator.validate(self.app.url + request.path, request.form, signature))  # type: ignore[no-untyped-call]


@contextlib.asynccontextmanager
async def looping(dsn: str, folder: Path, settings: Settings | None = None) -> AsyncIterator[Loop]:
    """API and worker share what processes of one machine share, so a change holds when it is answered."""
    chosen = settings or Settings(message_rate=0)
    place = Place(dsn=dsn, runtime=folder / "run", url=f"http://{HOST}", sealing_key=folder / "sealing.key")
    seeded = await prepare(chosen, place, Seed())
    database = await Database.connect(dsn, max_size=4)
    table = SharedTable(place.runtime / "shared")
    try:
        async with (
            running(Server(OK)) as app,
            open_worker(chosen, place, revocations=table) as worker,
            open_api(chosen, place, table=table) as surface,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(worker.run())
            client = Client(surface, seeded.account_sid, seeded.auth_token)
            yield Loop(client, database, app, seeded.auth_token)
            worker.stop()
    finally:
        table.close()
        await database.close()


@contextlib.asynccontextmanager
async def listening(app: AsgiApp) -> AsyncIterator[str]:
    """The application on a real port, by the connections that serve it in production."""
    state = ServerState()
    config: Any = uvicorn.Config(cast(Any, app), interface="asgi3", lifespan="off", log_config=None)
    config.load()
    connections = Connections()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: connections(config, state, {}, loop), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        connections.close()
        server.close()
