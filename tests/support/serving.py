"""The API as it is served, every product wired by the composition root, called in-process through ASGI."""

from __future__ import annotations

import asyncio
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import validators
from msgspec import Struct

from localloop import server
from localloop.core.settings import Seed, Settings
from localloop.rest.app import PlainMode
from localloop.rest.wire import HANG_UP, AsgiApp
from localloop.store import Database

HOST = "127.0.0.1:4010"


class Reply(Struct, frozen=True):
    """One answer as it went over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """Asks an ASGI application as one account."""

    def __init__(self, app: AsgiApp, account_sid: str, token: str) -> None:
        validators.expect(account_sid, token)
        self.app = app
        self.account_sid = account_sid
        self._authorization = b"Basic " + b64encode(f"{account_sid}:{token}".encode())

    def acting_as(self, account_sid: str, token: str) -> Client:
        """Another account of the same application."""
        return Client(self.app, account_sid, token)

    async def __call__(
        self,
        method: str,
        target: str,
        data: Mapping[str, Any] | bytes | None = None,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> Reply:
        path, _, query = target.partition("?")
        body, kind = _encoded(data, json)
        given = {"host": HOST, "content-type": kind, **(headers or {})}
        fields = [(name.lower().encode(), value.encode()) for name, value in given.items() if value]
        if "authorization" not in given:
            fields.append((b"authorization", self._authorization))
        if body:
            fields.append((b"content-length", str(len(body)).encode()))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": fields,
            "client": (address, 1),
        }
        return await _exchange(self.app, scope, body)


async def _exchange(app: AsgiApp, scope: dict[str, Any], body: bytes) -> Reply:
    sent: list[Any] = []
    asked: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not asked:
            await asyncio.Event().wait()  # whoever asks stays until it has its answer
        return asked.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["type"] == HANG_UP:
        raise ConnectionResetError("the connection was closed without an answer")
    names = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(sent[0]["status"], names, content)


def _encoded(data: Mapping[str, Any] | bytes | None, json: Any) -> tuple[bytes, str]:
    if json is not None:
        return orjson.dumps(json), "application/json"
    if isinstance(data, bytes):
        return data, "application/x-www-form-urlencoded"
    if data:
        return urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    return b"", ""


@asynccontextmanager
async def served(
    database: Database, *, plain: PlainMode = "allow", recorded_requests: int = 100
) -> AsyncIterator[Client]:
    """The application on this database, and its first account as the client."""
    settings = Settings(plain=plain, recorded_requests=recorded_requests)
    with tempfile.TemporaryDirectory() as folder:
        place = server.Place(
            dsn=database.dsn,
            runtime=Path(folder),
            url=f"http://{HOST}",
            sealing_key=Path(folder) / "sealing.key",
        )
        seeded = await server.prepare(settings, place, Seed())
        async with server.open_api(settings, place) as app:
            yield Client(app, seeded.account_sid, seeded.auth_token)
