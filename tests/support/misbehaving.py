"""Servers that fail, each in its own way, on real sockets of the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Final

from http_server import Received, Respond, Server, answer, running

PAGE: Final = b"<Response/>"


class Fails(Server):
    """A server, and how its address is written."""

    def address(self, path: str) -> str:
        return f"{self.protocol}://127.0.0.1:{self.port}{path}"


def _speaking(respond: Respond) -> Callable[[], contextlib.AbstractAsyncContextManager[Fails]]:
    @contextlib.asynccontextmanager
    async def serve() -> AsyncIterator[Fails]:
        async with running(Fails(respond=respond)) as server:
            assert isinstance(server, Fails)
            yield server

    return serve


def _answering(script: bytes) -> Respond:
    async def respond(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(script)

    return respond


def after(seconds: float, script: bytes) -> Respond:
    """Answers, but lets others wait for it."""

    async def respond(_request: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(script)

    return respond


async def silent(_request: Received, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def dribbling(_request: Received, writer: asyncio.StreamWriter) -> None:
    """A byte every 900 ms, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9999\r\n\r\n")
    while True:
        await asyncio.sleep(0.9)
        writer.write(b" ")
        await writer.drain()


async def stuck(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Half a page, then nothing more."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 99\r\n\r\n<Resp")
    await asyncio.Event().wait()


async def half_closed(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Says that it will say nothing, and goes on listening."""
    writer.write_eof()
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def refusing() -> AsyncIterator[Fails]:
    """A port that is taken, at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = Fails()
        server.port = taken.getsockname()[1]
        yield server


@contextlib.asynccontextmanager
async def never_accepting() -> AsyncIterator[Fails]:
    """A port whose queue of connections is full: further ones get no answer."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        server = Fails()
        server.port = listening.getsockname()[1]
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", server.port))
        yield server


def with_tls(
    context: ssl.SSLContext, protocol: str = "https"
) -> Callable[[], contextlib.AbstractAsyncContextManager[Fails]]:
    """Speaks TLS, whatever its address says."""

    @contextlib.asynccontextmanager
    async def serve() -> AsyncIterator[Fails]:
        async with running(Fails(answer("200 OK", PAGE, "Content-Type: text/xml")), ssl=context) as server:
            assert isinstance(server, Fails)
            server.protocol = protocol
            yield server

    return serve


@contextlib.asynccontextmanager
async def without_tls() -> AsyncIterator[Fails]:
    """Speaks plain HTTP, though its address says `https`."""

    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("400 Bad Request"))
        writer.close()

    listening = await asyncio.start_server(speak, "127.0.0.1", 0)
    server = Fails()
    server.port, server.protocol = listening.sockets[0].getsockname()[1], "https"
    try:
        yield server
    finally:
        listening.close()


Ways = dict[str, Callable[[], contextlib.AbstractAsyncContextManager[Fails]]]


def ways(good: ssl.SSLContext, expired: ssl.SSLContext) -> Ways:
    """Every way to fail, by its name."""
    return {
        "refused": refusing,
        "slow connect": never_accepting,
        "silent": _speaking(silent),
        "slow first byte": _speaking(after(12, answer("200 OK", PAGE, "Content-Type: text/xml"))),
        "slow body": _speaking(dribbling),
        "stuck body": _speaking(stuck),
        "half-closed": _speaking(half_closed),
        "404": _speaking(_answering(answer("404 Not Found", b"nothing"))),
        "503": _speaking(_answering(answer("503 Busy", b"later"))),
        "no TLS": without_tls,
        "TLS unasked": with_tls(good, "http"),
        "expired": with_tls(expired),
        "redirect loop": _speaking(_answering(answer("302 Found", b"", "Location: /loop"))),
        "3 MB": _speaking(_answering(answer("200 OK", b"x" * 3_000_000, "Content-Type: text/xml"))),
    }
