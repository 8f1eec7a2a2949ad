"""Connections that leave: to the address that was asked for, or to the proxy behind ours that leads there."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import cache
from typing import Any, Final, cast

from msgspec import Struct

from localloop.intercept.head import MAX_HEAD, Asked, Refused, passed_on
from localloop.intercept.relay import Pipe
from localloop.intercept.upstream import Routes, Upstream

CONNECT_S: Final = 30.0


class Dialled(Struct, frozen=True):
    """What is to be joined once the far end is there: the client hears `established`, the far end what came `early`."""

    far: Pipe
    near: asyncio.Transport
    established: bytes
    early: bytes


async def dial(routes: Routes, asked: Asked, via: bytes, joined: Dialled) -> None:
    """Returns when bytes flow. Raises Refused."""
    scheme = "https" if asked.scheme == "connect" else asked.scheme
    upstream = routes.to(scheme, asked.host, asked.port)
    whom = f"{asked.host} port {asked.port}" + (f" by the proxy {upstream.name}" if upstream else "")
    try:
        async with asyncio.timeout(CONNECT_S):
            if asked.scheme != "connect":
                await _forward(upstream, asked, via, joined)
            elif upstream is None:
                await _connect(asked.host, asked.port, _Opening(joined, joined.established, joined.early))
            else:
                await _through(upstream, asked, via, joined)
    except TimeoutError:
        raise Refused(504, f"{whom} does not answer.") from None
    except ssl.SSLError as error:
        raise Refused(502, f"{whom}: {error.reason or 'TLS failed'}.") from None
    except socket.gaierror as error:
        raise Refused(502, f"{whom}: {error.strerror}.") from None
    except OSError as error:
        raise Refused(502, f"{whom} cannot be reached: {error.strerror or error}.") from None


async def _connect(host: str, port: int, protocol: asyncio.Protocol, *, secure: bool = False) -> None:
    loop = asyncio.get_running_loop()
    if secure:
        await loop.create_connection(lambda: protocol, host, port, ssl=_trusting(), server_hostname=host)
    else:
        await loop.create_connection(lambda: protocol, host, port)


async def _forward(upstream: Upstream | None, asked: Asked, via: bytes, joined: Dialled) -> None:
    if upstream is None:
        first = passed_on(asked, via=via) + joined.early
        await _connect(asked.host, asked.port, _Opening(joined, b"", first), secure=asked.scheme == "https")
    else:
        first = passed_on(asked, via=via, to_proxy=upstream.authorization) + joined.early
        await _connect(upstream.host, upstream.port, _Opening(joined, b"", first), secure=upstream.secure)


async def _through(upstream: Upstream, asked: Asked, via: bytes, joined: Dialled) -> None:
    greeting = _Greeting(_connect_head(upstream, asked, via), joined)
    await _connect(upstream.host, upstream.port, greeting, secure=upstream.secure)
    try:
        await greeting.done
    except BaseException:
        greeting.transport.abort()
        raise


def _connect_head(upstream: Upstream, asked: Asked, via: bytes) -> bytes:
    authority = asked.authority.encode()
    lines = [b"CONNECT %b HTTP/1.1" % authority, b"Host: " + authority, b"Via: " + via]
    # Whoever asks may have credentials of its own for the proxy that it believes to speak to.
    given = (
        [upstream.authorization.encode()] if upstream.authorization else asked.values(b"proxy-authorization")
    )
    lines += [b"Proxy-Authorization: " + value for value in given[:1]]
    return b"\r\n".join([*lines, b"", b""])


@cache
def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Opening(asyncio.Protocol):
    """Until the far end is there; then the pipe takes over, within the same turn of the loop."""

    def __init__(self, joined: Dialled, greeting: bytes, first: bytes) -> None:
        self._joined, self._greeting, self._first = joined, greeting, first

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _begin(self._joined, cast(asyncio.Transport, transport), self._greeting, self._first)


def _begin(joined: Dialled, transport: asyncio.Transport, greeting: bytes, first: bytes) -> None:
    joined.far.connection_made(transport)
    transport.set_protocol(joined.far)
    if greeting and not joined.near.is_closing():
        joined.near.write(greeting)
    if first:
        transport.write(first)


class _Greeting(asyncio.Protocol):
    """Asks a proxy for a tunnel; `done` once it agreed. Fails with Refused when it does not."""

    def __init__(self, head: bytes, joined: Dialled) -> None:
        self.transport: asyncio.Transport = cast(Any, None)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = head
        self._joined = joined
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            if len(self._received) > MAX_HEAD:
                self._fail("its answer has no end")
            return
        line = self._received.partition(b"\r\n")[0].decode("latin-1")
        status = line.split(" ")[1:2]
        if not line.startswith("HTTP/1.") or len(status[0] if status else "") != 3 or status[0][0] != "2":
            self._fail(f"it answers {line[:80]!r}")
            return
        rest = self._received[end + 4 :]
        _begin(self._joined, self.transport, self._joined.established, self._joined.early)
        if rest:
            self._joined.far.data_received(rest)
        self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._fail("it hung up")

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(Refused(502, f"The proxy behind localloop's does not connect: {why}."))
