"""The API with what people and operators ask beside it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping

from msgspec import Struct

from localloop.console import Console
from localloop.core.errors import ApiError
from localloop.lab.log import Log
from localloop.lab.transcripts import Transcripts
from localloop.products.messaging import (
    FILES,
    Files,
    Following,
    is_short_link,
)
from localloop.rest.app import App, Engine
from localloop.rest.metrics import Gauge, Metrics
from localloop.rest.wire import Head, Receive, Scope, Send
from localloop.server.parts import Parts
from localloop.store import Unavailable, needs_migration, partitions


class Beside(Struct, frozen=True):
    """What is there beside the API."""

    console: Console | None
    measures: Metrics
    log: Log
    transcripts: Transcripts


class Surface:
    """The API with what people and operators ask beside it: `/health`, `/ready` and, backstage, `/metrics` and the
    console under `/console`."""

    def __init__(self, app: App, engine: Engine, parts: Parts, beside: Beside) -> None:
        self._app = app
        self._engine = engine
        self.parts = parts
        self._database = parts.database
        self._links = Following(parts.messaging.links, app)
        self._files: Files = parts.messaging.files()
        self._measures = beside.measures
        self._console = beside.console
        self._log = beside.log
        self._transcripts = beside.transcripts

    def end_streams(self) -> None:
        """The server is about to stop: answers without an end get one."""
        self._log.end()
        self._transcripts.end()
        if self._console is not None:
            self._console.end_feeds()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hands on rather than awaits, so that a request that waits holds nothing of ours."""
        if scope["type"] != "http":
            return _refuse(scope, send)
        path = scope["path"]
        if path == "/health":
            return _say(send, 200, {"status": "ok"})
        if path == "/ready":
            return self._ready(send)
        if path == "/metrics" and self._may_see(scope):
            return self._metrics(send)
        if path.startswith(FILES):
            return self._files(scope, receive, send)
        if is_short_link(path):
            return self._links(scope, receive, send)
        console = self._console
        if console is not None and _is_console(path) and self._engine.backstage.is_open_to(scope):
            return console(scope, receive, send)
        return self._app(scope, receive, send)

    def _may_see(self, scope: Scope) -> bool:
        """No web page of another origin, whatever its name resolves to, and nobody from elsewhere."""
        head = Head(scope)
        try:
            self._engine.door.admit(head.host, head.origin)
        except ApiError:
            return False
        return self._engine.backstage.is_open_to(scope)

    async def _ready(self, send: Send) -> None:
        try:
            pending = await needs_migration(self._database.dsn)
        except (Unavailable, OSError) as error:
            return await _say(send, 503, {"status": "unavailable", "database": str(error)})
        if pending:
            return await _say(send, 503, {"status": "unavailable", "database": "needs migration"})
        return await _say(send, 200, {"status": "ok", "database": "ok"})

    async def _metrics(self, send: Send) -> None:
        gauges = [
            Gauge(
                "localloop_default_partition_rows", "Rows that fit no month", float(rows), (("table", table),)
            )
            for table, rows in (await partitions.rows_in_default(self._database)).items()
        ]
        body = self._measures.render(gauges)
        await _send(send, 200, body, b"text/plain; version=0.0.4; charset=utf-8")


def _is_console(path: str) -> bool:
    return path.startswith("/console") and path[8:9] in ("", "/")


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})


async def _say(send: Send, status: int, payload: Mapping[str, str]) -> None:
    await _send(send, status, json.dumps(payload).encode(), b"application/json")


async def _send(send: Send, status: int, body: bytes, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
