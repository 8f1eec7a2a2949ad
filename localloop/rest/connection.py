"""One HTTP/1.1 connection: httptools reads requests, the ASGI application is called once each is there whole.

Uvicorn keeps the sockets, the date and the end of it all; this stands in the place of its protocol
(docs/decisions/0013). What makes the difference: no event and no timer for a request, the head and the body of
an answer in one write, and next to nothing that a waiting request holds.

A request is read within `REQUEST_S` and `wire.MAX_BODY`; of a longer body the application gets the beginning, with
`more_body`, and what follows is read over.
"""

from __future__ import annotations

import asyncio
import http
from asyncio import Future, Task, TimerHandle
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

import httptools
import structlog

from localloop.rest.wire import HANG_UP, MAX_BODY, AsgiApp, Scope

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState

log = structlog.get_logger("http")
REQUEST_S: Final = 30.0  # from a request's beginning to its end
IDLE_S: Final = 75.0  # between requests
SWEEP_S: Final = 5.0  # how often somebody looks who is overdue
WRITE_S: Final = 30.0  # until a slow client has taken what was written
MAX_HEAD: Final = 64 * 1024
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS: Final = frozenset({204, 304})


def _status_line(status: int) -> bytes:
    known = status in http.HTTPStatus._value2member_map_
    return f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase if known else ''}\r\n".encode()


_STATUS_LINES: Final = {status: _status_line(status) for status in range(100, 600)}


class Connections:
    """Makes the connections of one server, as uvicorn's `http`, and hangs up on who is overdue: one timer for all."""

    def __init__(self) -> None:
        self._timer: TimerHandle | None = None

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002  for a lifespan, which we have not
        _loop: asyncio.AbstractEventLoop | None = None,
        scheme: str = "http",
    ) -> Connection:
        loop = _loop or asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_later(SWEEP_S, self._sweep, server_state, loop)
        return Connection(cast(AsgiApp, config.loaded_app), server_state, loop, scheme)

    def close(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _sweep(self, state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in tuple(state.connections):
            cast(Connection, connection).look(now)
        self._timer = loop.call_later(SWEEP_S, self._sweep, state, loop) if state.connections else None


class Connection(asyncio.Protocol):
    """One client. For uvicorn it has a place in `connections` and `tasks`, and `shutdown`."""

    __slots__ = (
        "__weakref__",
        "_body",
        "_client",
        "_current",
        "_deadline",
        "_head_size",
        "_headers",
        "_is_last",
        "_is_reading",
        "_is_skipping",
        "_parser",
        "_queue",
        "_scheme",
        "_scope",
        "_server",
        "_url",
        "app",
        "is_timed",
        "loop",
        "state",
        "transport",
        "unwritable",
    )

    def __init__(
        self, app: AsgiApp, state: ServerState, loop: asyncio.AbstractEventLoop, scheme: str = "http"
    ) -> None:
        self.app = app
        self.state = state
        self.loop = loop
        self.transport: asyncio.Transport = cast(Any, None)
        self._scheme = scheme
        self.unwritable: Future[None] | None = None  # done when the transport takes more again
        self._client: tuple[str, int] | None = None
        self._server: tuple[str, int] | None = None
        self._parser: Any = httptools.HttpRequestParser(self)
        self._current: Exchange | None = None
        self._queue: list[Exchange] | None = None  # of a client that does not wait for its answers
        self._is_last = False  # close after the current answer
        self._deadline = 0.0
        self._is_reading = self.is_timed = False  # in the middle of a request; which has its deadline
        self._is_skipping = False  # over the rest of a body
        self._head_size = 0
        self._url = self._body = b""
        self._headers: list[tuple[bytes, bytes]] | None = None
        self._scope: Scope | None = None

    # As asyncio's protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.state.connections.add(cast(Any, self))
        peer = transport.get_extra_info("peername")
        self._client = peer[:2] if isinstance(peer, tuple) else None
        own = transport.get_extra_info("sockname")
        self._server = own[:2] if isinstance(own, tuple) else None
        self._deadline = self.loop.time() + IDLE_S

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.state.connections.discard(cast(Any, self))
        self._is_last = True
        self._parser = self._queue = None
        self.resume_writing()
        if self._current is not None:
            self._current.disconnect()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_last = True  # we stay with HTTP/1.1; what may follow is another language
        except httptools.HttpParserError:
            self.refuse(400, b"Invalid HTTP request received.")
            return
        if self._is_reading:
            self._note_part(len(data))

    def pause_writing(self) -> None:
        self.unwritable = self.loop.create_future()

    def resume_writing(self) -> None:
        if self.unwritable is not None and not self.unwritable.done():
            self.unwritable.set_result(None)
        self.unwritable = None

    # As httptools calls it

    def on_message_begin(self) -> None:
        self._is_reading, self.is_timed = True, False
        self._head_size = 0
        self._url = self._body = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        assert self._headers is not None
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        headers, parser = self._headers, self._parser
        assert headers is not None
        path, query = _split(self._url)
        text = path.decode("ascii")
        self._scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": parser.get_http_version(),
            "method": parser.get_method().decode("ascii"),
            "scheme": self._scheme,
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": self._client,
            "server": self._server,
        }
        self._url, self._headers = b"", None
        length, expects = 0, False
        for name, value in headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"expect":
                expects = value.lower() == b"100-continue"
        if length > MAX_BODY:
            self._begin(is_whole=False, keep_alive=not expects)  # who was not told to go on may not do so
        elif expects and self._current is None:
            self.transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._is_skipping:
            return
        self._body = self._body + body if self._body else body
        if len(self._body) > MAX_BODY:
            self._begin(is_whole=False)

    def on_message_complete(self) -> None:
        self._is_reading = False
        if self._is_skipping:
            self._is_skipping = False
        else:
            self._begin(is_whole=True)

    # Requests and their answers

    def _begin(self, *, is_whole: bool, keep_alive: bool = True) -> None:
        assert self._scope is not None
        self._is_skipping = not is_whole
        scope, body, self._scope, self._body = self._scope, self._body, None, b""
        stays = keep_alive and scope["http_version"] == "1.1" and self._parser.should_keep_alive()
        exchange = Exchange(self, scope, body, is_whole=is_whole, keep_alive=stays)
        if self._current is None:
            self._run(exchange)
        else:
            self._queue = [*(self._queue or ()), exchange]
            self.transport.pause_reading()

    def _run(self, exchange: Exchange) -> None:
        self._current = exchange
        exchange.task = self.loop.create_task(exchange.run())
        self.state.tasks.add(exchange.task)

    def answered(self, exchange: Exchange) -> None:
        """The answer is written; the next request may be served."""
        self._current = None
        self.state.total_requests += 1
        if self._is_last or not exchange.keep_alive:
            self.transport.close()
        elif self._queue:
            self._run(self._queue.pop(0))
        else:
            if self._queue is not None:
                self._queue = None
                self.transport.resume_reading()
            self._deadline = self.loop.time() + (REQUEST_S if self._is_reading else IDLE_S)

    def shutdown(self) -> None:
        """No further request: uvicorn stops."""
        self._is_last = True
        if self._current is None:
            self.transport.close()

    def _note_part(self, size: int) -> None:
        """A request does not come at once: it gets a deadline, and its head a limit."""
        if self._headers is not None:
            self._head_size += size
            if self._head_size > MAX_HEAD:
                self.refuse(431, b"The head of the request is too large.")
                return
        if not self.is_timed:
            self.is_timed = True
            self._deadline = self.loop.time() + REQUEST_S

    def refuse(self, status: int, text: bytes) -> None:
        """What never became a request."""
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(_STATUS_LINES[status] + head % len(text) + text)
        self.transport.close()

    def look(self, now: float) -> None:
        """Hangs up when it is overdue. While the application has the request, its own limits hold."""
        if self._current is not None or now < self._deadline:
            return
        if self._is_reading:
            self.refuse(408, b"The request did not come.")
        else:
            self.transport.abort()


class Exchange:
    """One request and its answer: ASGI's `receive` and `send`."""

    __slots__ = (
        "_body",
        "_connection",
        "_gone",
        "_is_chunked",
        "_is_head",
        "_is_whole",
        "_scope",
        "_start",
        "keep_alive",
        "task",
    )

    def __init__(
        self, connection: Connection, scope: Scope, body: bytes, *, is_whole: bool, keep_alive: bool
    ) -> None:
        self.keep_alive = keep_alive
        self.task: Task[None] = cast(Any, None)
        self._connection: Connection | None = connection  # until the answer is complete
        self._scope: Scope | None = scope
        self._body: bytes | None = body
        self._is_whole = is_whole
        self._is_head = scope["method"] == "HEAD"
        self._is_chunked: bool | None = None  # None: no head was written
        self._start: MutableMapping[str, Any] = {}
        self._gone: Future[None] | None = None

    async def run(self) -> None:
        connection = self._connection
        assert connection is not None
        try:
            await connection.app(self._take_scope(), self.receive, self.send)
        except Exception:  # the edge of a request
            log.exception("application failed")
        finally:
            connection.state.tasks.discard(self.task)
            if self._connection is not None:
                self._break_off()

    def _take_scope(self) -> Scope:
        """A request may wait for minutes; its scope goes as soon as the application lets it go."""
        scope, self._scope = self._scope, None
        assert scope is not None
        return scope

    async def receive(self) -> MutableMapping[str, Any]:
        """The body; then nothing until the answer is complete or the client has gone."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": not self._is_whole}
        if self._connection is not None and not self._connection.transport.is_closing():
            self._gone = self._connection.loop.create_future()
            await self._gone
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Keeps the head until there is something to write with it."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        connection = self._connection
        if connection is None:
            return
        if message["type"] == HANG_UP:
            self.keep_alive = False
            connection.transport.abort()
            self._complete(connection)
            return
        if connection.unwritable is not None:
            async with asyncio.timeout(WRITE_S):
                await connection.unwritable
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if not connection.transport.is_closing():
            data = self._head(connection, len(body), is_last) if self._is_chunked is None else b""
            connection.transport.write(data + self._framed(body, is_last))
        if is_last:
            self._complete(connection)

    def disconnect(self) -> None:
        """The client has gone; the answer will be for nobody."""
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    def _complete(self, connection: Connection) -> None:
        self._connection = None
        self.disconnect()
        connection.answered(self)

    def _break_off(self) -> None:
        """The application ended without an answer, or in the middle of one."""
        connection = self._connection
        assert connection is not None
        self.keep_alive = False
        if self._is_chunked is None:
            connection.refuse(500, b"Internal Server Error")
        else:
            connection.transport.abort()
        self._complete(connection)

    def _head(self, connection: Connection, size: int, is_last: bool) -> bytes:
        """Raises ValueError for a header that would be two."""
        status, headers = self._start["status"], self._start.get("headers", ())
        lines, count, has_length = [_STATUS_LINES[status]], 1, False
        for name, value in (*connection.state.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
            count += 1
            has_length = has_length or name == b"content-length"
        is_chunked = False
        if not has_length and status not in _BODILESS and not self._is_head:
            if is_last:
                lines.append(b"content-length: %d\r\n" % size)
            else:
                is_chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
            count += 1
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
            count += 1
        head = b"".join(lines)
        if head.count(b"\n") != count or head.count(b"\r") != count or b"\0" in head:
            raise ValueError("a header of the answer contains a line break")
        self._is_chunked = is_chunked
        return head + b"\r\n"

    def _framed(self, body: bytes, is_last: bool) -> bytes:
        if self._is_head:
            return b""
        if not self._is_chunked:
            return body
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunk + b"0\r\n\r\n" if is_last else chunk


def _split(url: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request's target, which may be a whole address (RFC 9112 §3.2)."""
    if url.startswith(b"/") and b"#" not in url:
        path, _, query = url.partition(b"?")
        return path, query
    parsed = httptools.parse_url(url)
    return parsed.path or b"/", parsed.query or b""
