"""The console as `localloop up` serves it: real database, real worker, real socket, a browser's cookies."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import uvicorn
import validators
from msgspec import Struct
from waiting import until

from localloop.console import new_link
from localloop.core.settings import Seed, Settings
from localloop.rest.connection import Connections
from localloop.server import STANDING, Place, Surface, open_api, open_worker, prepare
from localloop.store import Database
from localloop.webhooks import FORGET

FROM = "+15017122661"
TO = "+15558675310"


def basic(name: str, secret: str) -> str:
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode()


class Page:
    """One browser: its cookies, and the CSRF token once it is signed in."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http
        self.csrf = ""
        self.account_sid = ""

    async def sign_in(self, link: str) -> None:
        async with self.http.get(link) as answer:
            assert answer.status in (200, 503), await answer.text()  # 503: nobody has built the page
        session = await self.get("session")
        self.csrf, self.account_sid = session["csrf"], session["account"]["sid"]

    def request(self, method: str, path: str, **options: Any) -> Any:
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        return self.http.request(method, f"{self.url}/console/api/{path}", headers=headers, **options)

    async def get(self, path: str, **params: Any) -> Any:
        async with self.request("GET", path, params=params) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def refused(self, method: str, path: str, **options: Any) -> Any:
        async with self.request(method, path, **options) as answer:
            assert answer.status >= 400
            return await answer.json()

    async def status(self, method: str, path: str, **options: Any) -> int:
        async with self.request(method, path, **options) as answer:
            return int(answer.status)

    async def post(self, path: str, **form: Any) -> Any:
        """A write through the API's own operation."""
        async with self.request("POST", f"rest/{path}", data=form) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def send(self, **form: Any) -> str:
        path = f"2010-04-01/Accounts/{self.account_sid}/Messages.json"
        sid: str = (await self.post(path, **{"To": TO, "From": FROM, "Body": "hello", **form}))["sid"]
        return sid


class Server(Struct):
    """A running localloop with one account."""

    url: str
    database: Database
    surface: Surface
    account_sid: str
    auth_token: str
    browsers: contextlib.AsyncExitStack

    async def link(self, account_sid: str = "") -> str:
        return await new_link(self.database, self.url, account_sid or self.account_sid)

    async def browser(self, **cookies: str) -> Page:
        """One that has never been here."""
        jar = aiohttp.CookieJar(unsafe=True)
        http = await self.browsers.enter_async_context(aiohttp.ClientSession(cookie_jar=jar, cookies=cookies))
        return Page(self.url, http)

    async def page(self, account_sid: str = "") -> Page:
        """One that is signed in."""
        page = await self.browser()
        await page.sign_in(await self.link(account_sid))
        return page

    async def api(self, method: str, path: str, auth: tuple[str, str], **form: Any) -> Any:
        """The API from outside, as an application asks it."""
        page = await self.browser()
        headers = {"Authorization": basic(*auth)}
        async with page.http.request(method, f"{self.url}{path}", data=form, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def subaccount(self) -> str:
        path = "/2010-04-01/Accounts.json"
        made = await self.api("POST", path, (self.account_sid, self.auth_token), FriendlyName="sub")
        sid: str = made["sid"]
        return sid

    async def idle(self) -> None:
        """Until nothing is on its way."""
        is_so = "select not exists (select from jobs where kind <> all($1))"
        await until(lambda: self.database.fetchval(is_so, [*STANDING, FORGET]))


@pytest.fixture
async def server(dsn: str, tmp_path: Path, database: Database) -> AsyncIterator[Server]:
    async with running(dsn, tmp_path, database) as server:
        yield server


@pytest.fixture(scope="module")
async def standing(
    standing_dsn: str, tmp_path_factory: pytest.TempPathFactory, standing_database: Database
) -> AsyncIterator[Server]:
    """One for all tests of a module that leave nothing behind."""
    async with running(standing_dsn, tmp_path_factory.mktemp("standing"), standing_database) as server:
        yield server


@asynccontextmanager
async def running(dsn: str, folder: Path, database: Database) -> AsyncIterator[Server]:
    settings = Settings(message_rate=0)
    place = Place(dsn=dsn, runtime=folder / "run", url="", sealing_key=folder / "sealing.key")
    seeded = await prepare(settings, place, Seed())
    validators.expect(seeded.account_sid, seeded.auth_token)
    async with (
        open_worker(settings, place) as worker,
        open_api(settings, place) as surface,
        serving(surface) as url,
        contextlib.AsyncExitStack() as browsers,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(worker.run())
        yield Server(url, database, surface, seeded.account_sid, seeded.auth_token, browsers)
        worker.stop()


@asynccontextmanager
async def serving(surface: Surface) -> AsyncIterator[str]:
    """On a free port, as in production but without its signals."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        connections = Connections()
        config = uvicorn.Config(
            surface,
            interface="asgi3",
            http=cast(Any, connections),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            surface.end_streams()
            server.should_exit = True
            await task
            connections.close()


@pytest.fixture
async def page(server: Server) -> Page:
    return await server.page()


@pytest.fixture(scope="module")
async def reader(standing: Server) -> Page:
    """One that is signed in, for tests that leave nothing behind."""
    return await standing.page()
