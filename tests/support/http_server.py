"""Small HTTP servers for tests: a real socket, raw bytes out, every request remembered and its signature judged."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import parse_qs

import validators
from msgspec import Struct


class Received(Struct):
    """One request as it came off the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        parsed = parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body))
        return {name: values[0] for name, values in parsed.items()}


Respond = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str, body: bytes = b"", *headers: str, length: bool = True) -> bytes:
    """A response; `status` as in "200 OK"."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Server:
    """Answers by `respond`, or with each of `script` in turn and the last one for ever."""

    def __init__(self, *script: bytes, respond: Respond | None = None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.port = 0
        self.protocol = "http"
        self.host = "127.0.0.1"
        self._script = list(script)
        self._respond = respond or self._scripted
        self._came = asyncio.Condition()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{self.protocol}://{self.host}:{self.port}"

    async def wait_for(self, count: int) -> None:
        """Until this many requests have come."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            while request := await _read(reader):
                self.requests.append(request)
                validators.note(self.protocol, request.path, request.headers, request.body)
                async with self._came:
                    self._came.notify_all()
                await self._respond(request, writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()  # the test is over; asyncio would log a cancelled connection
        finally:
            self._serving.discard(task)
            writer.close()

    def stop(self) -> None:
        """End every connection."""
        for task in self._serving:
            task.cancel()

    async def _scripted(self, _request: Received, writer: asyncio.StreamWriter) -> None:
        data = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        writer.write(data)


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)


@contextlib.asynccontextmanager
async def running(server: Server, *, port: int = 0, **options: object) -> AsyncIterator[Server]:
    """The server on a free port of the loopback, until the block ends; `options` are asyncio's (`ssl`)."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", port, **options)  # type: ignore[arg-type]
    server.protocol = "https" if options.get("ssl") else "http"
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        server.stop()
