"""An intercepting proxy on a port of its own, with an application of the test's inside, and its clients."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from uvicorn.server import ServerState

from localloop import intercept
from localloop.intercept import Routes
from localloop.rest.connection import Connections

WITHIN_S = 20
API = "api.twilio.com"


class Echo:
    """An ASGI application that says what it was asked; remembers scopes."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body = (await receive())["body"]
        said = body if scope["path"] == "/echo" else scope["path"].encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": said})

    def asked(self, number: int = -1) -> tuple[str, str, str]:
        """Scheme, host and path of a request."""
        scope = self.scopes[number]
        return scope["scheme"], dict(scope["headers"])[b"host"].decode(), scope["path"]


class Intercepting:
    """`inside` replaces the API's connection where a test wants to see bytes."""

    def __init__(self, folder: Path, routes: Routes | None = None, inside: Any = None) -> None:
        self.app, self.state, self._make = Echo(), ServerState(), Connections()
        self.ca_file = intercept.ensure(folder)
        self._folder, self._routes = folder, routes or Routes()
        self._inside = inside or self._connection
        self.port = 0
        self.limit = 2048
        self._writers: list[asyncio.StreamWriter] = []

    def _connection(self, scheme: str) -> asyncio.Protocol:
        config: Any = SimpleNamespace(loaded_app=self.app)
        return self._make(config, self.state, {}, None, scheme)

    async def __aenter__(self) -> Intercepting:
        authority = intercept.load(self._folder)
        self.proxy = intercept.Proxy(
            self._inside, authority, self._routes, name="localloop-test", limit=self.limit
        )
        sock = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = sock.getsockname()[1]
        await self.proxy.start(sock)
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await self.proxy.close()
        for connection in tuple(self.state.connections):
            connection.transport.abort()  # type: ignore[union-attr]
        for task in tuple(self.state.tasks):
            task.cancel()
        await asyncio.gather(*self.state.tasks, return_exceptions=True)
        self._make.close()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        return reader, writer

    async def all_of(self, sent: bytes) -> bytes:
        """Everything that is answered until the proxy hangs up."""
        reader, writer = await self.open()
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), WITHIN_S)

    async def connect(self, target: str, *headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A tunnel; the answer is the one that PHP's package wants, to the letter."""
        reader, writer = await self.open()
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN_S)
        assert head == b"HTTP/1.1 200 Connection established\r\n\r\n", head
        return reader, writer

    def trusting(self) -> ssl.SSLContext:
        """As a program has it that knows the authority and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(self.ca_file)
        return context

    async def secure(
        self, host: str = API, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """TLS through a tunnel to `host`, verified."""
        reader, writer = await self.connect(f"{host}:443")
        await asyncio.wait_for(writer.start_tls(context or self.trusting(), server_hostname=host), WITHIN_S)
        return reader, writer


class Origin:
    """Somebody else's server: remembers heads and bodies, says `said` to each, and never hangs up by itself."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self.asked: list[tuple[list[str], bytes]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Origin:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0] or "0")
        self.asked.append((head.rstrip().split("\r\n"), await reader.readexactly(length)))
        writer.write(self._said)


def said(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def get(host: str, path: str = "/", *headers: str, target: str = "") -> bytes:
    return "\r\n".join([f"GET {target or path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN_S)
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
    return head, await asyncio.wait_for(reader.readexactly(length), WITHIN_S)
