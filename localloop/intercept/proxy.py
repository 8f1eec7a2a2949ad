"""The intercepting proxy: what is meant for twilio.com ends here, everything else passes through untouched.

A program keeps its addresses, and its environment names this as its proxy. `CONNECT api.twilio.com:443` is answered by
TLS with a certificate of the local authority, and what it speaks inside is handed to the API as any connection of its
own, `Host` included. The runtimes are particular about the answer: PHP's package takes exactly the line that is written
here, without a header; Node's reads only HTTP_PROXY, and some clients send absolute addresses even for https.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable
from typing import Any, Final, Literal, Protocol, cast

import structlog

from localloop.intercept.authority import DOMAIN, Authority
from localloop.intercept.dial import Dialled, dial
from localloop.intercept.head import MAX_HEAD, Asked, Refused, parse, passed_on, refusal
from localloop.intercept.relay import Answers, Pipe
from localloop.intercept.tls import TlsServer
from localloop.intercept.upstream import Routes

log = structlog.get_logger("intercept")
ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
HEAD_S: Final = 15.0  # from the connection to the end of the request's head
HANDSHAKE_S: Final = 15.0
HALF_CLOSED_S: Final = 60.0  # what one side of a tunnel may still say when the other has ended
SWEEP_S: Final = 1.0
MAX_CLIENTS: Final = 4096
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*" + re.escape(DOMAIN), re.ASCII
)
_NOT_TRUSTED: Final = (
    "TLSV1_ALERT_UNKNOWN_CA",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
)


class Inside(Protocol):
    """Makes the API's end of a connection that speaks HTTP, by the scheme of the address that was asked for."""

    def __call__(self, scheme: Literal["http", "https"]) -> asyncio.Protocol: ...


def is_ours(host: str) -> bool:
    """Whether requests for this host (in lower case) are answered here."""
    return _HOST.fullmatch(host) is not None


class Proxy:
    """One listener's connections. `start` and `close` belong to a running loop."""

    def __init__(
        self, inside: Inside, authority: Authority, routes: Routes, *, name: str, limit: int
    ) -> None:
        self.inside = inside
        self.authority = authority
        self.routes = routes
        self.via = f"1.1 {name}".encode()
        self.loop = asyncio.get_running_loop()
        self._limit = min(limit, MAX_CLIENTS)
        self._waiting: dict[Client, float] = {}  # until their request's head must be there
        self._handshakes: dict[TlsServer, float] = {}
        self._tunnels: set[Pipe] = set()  # the clients' ends
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None
        self._told: set[str] = set()

    async def start(self, sock: socket.socket) -> None:
        self._server = await self.loop.create_server(lambda: Client(self), sock=sock, backlog=2048)

    def stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Hangs up on everybody who was not handed to the API."""
        self.stop_listening()
        if self._timer is not None:
            self._timer.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in tuple(self._waiting):
            client.transport.abort()
        for tls in tuple(self._handshakes):
            tls.outer.abort()
        for pipe in tuple(self._tunnels):
            pipe.transport.abort()

    # As its clients use it

    @property
    def is_full(self) -> bool:
        return len(self._waiting) + len(self._handshakes) + len(self._tunnels) >= self._limit

    def expect(self, client: Client) -> None:
        self._waiting[client] = self.loop.time() + HEAD_S
        self._watch()

    def forget(self, client: Client) -> None:
        self._waiting.pop(client, None)

    def end_tls(self, host: str, transport: asyncio.Transport) -> TlsServer:
        """The protocol that speaks TLS as this host, with the API inside."""

        def failed(reason: str) -> None:
            self._handshakes.pop(tls, None)
            self._tell_failure(host, reason)

        tls = TlsServer(self.authority.context_for(host), self.inside("https"), failed)
        self._handshakes[tls] = self.loop.time() + HANDSHAKE_S
        transport.set_protocol(tls)
        tls.connection_made(transport)
        return tls

    def run(self, job: Awaitable[None]) -> None:
        task = self.loop.create_task(cast(Any, job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def add_tunnel(self, near: Pipe) -> None:
        self._tunnels.add(near)
        self._watch()

    def drop_tunnel(self, near: Pipe) -> None:
        self._tunnels.discard(near)

    def _tell_failure(self, host: str, reason: str) -> None:
        if reason in _NOT_TRUSTED and host not in self._told:
            self._told.add(host)
            log.warning(
                "a program does not trust localloop's certificate; start it with: localloop run -- PROGRAM",
                host=host,
                reason=reason,
            )
        else:
            log.debug("no TLS", host=host, reason=reason)

    # Who is overdue

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        now = self.loop.time()
        for client, deadline in tuple(self._waiting.items()):
            if deadline < now:
                client.refuse(408, "The request did not come.")
        for tls, deadline in tuple(self._handshakes.items()):
            if tls.is_open:
                del self._handshakes[tls]
            elif deadline < now:
                del self._handshakes[tls]
                tls.outer.abort()
        for pipe in tuple(self._tunnels):
            ended = [end.half_closed_at for end in (pipe, pipe.far) if end.half_closed_at is not None]
            if ended and min(ended) + HALF_CLOSED_S < now:
                pipe.transport.abort()
        self._timer = None
        if self._waiting or self._handshakes or self._tunnels:
            self._watch()


class Client(asyncio.Protocol):
    """A connection until it is clear what it is for; then another protocol takes it over."""

    def __init__(self, proxy: Proxy) -> None:
        self.transport: asyncio.Transport = cast(Any, None)
        self._proxy = proxy
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._proxy.is_full:
            self.refuse(503, "Too many connections.")
        else:
            self._proxy.expect(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._proxy.forget(self)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._received += data
        end = self._received.find(b"\r\n\r\n", 0, MAX_HEAD)
        if end < 0:
            if len(self._received) > MAX_HEAD:
                self.refuse(431, "The head of the request is too large.")
            return
        head, rest, self._received = self._received[:end], self._received[end + 4 :], b""
        try:
            asked = parse(head)
            if any(self._proxy.via in value for value in asked.values(b"via")):
                raise Refused(508, "A proxy behind this one leads back to it.")
        except Refused as refused:
            self.refuse(refused.status, refused.text)
            return
        self._proxy.forget(self)
        self._serve(asked, rest)

    def refuse(self, status: int, text: str) -> None:
        self._proxy.forget(self)
        self.transport.write(refusal(status, text))
        self.transport.close()

    def _serve(self, asked: Asked, rest: bytes) -> None:
        if not is_ours(asked.host):
            self._pass_on(asked, rest)
        elif asked.scheme != "connect":
            self._hand_over(asked.scheme, passed_on(asked, via=b"") + rest)
        elif asked.port == 443:
            self.transport.write(ESTABLISHED)
            tls = self._proxy.end_tls(asked.host, self.transport)
            if rest:
                tls.data_received(rest)
        elif asked.port == 80:
            self.transport.write(ESTABLISHED)
            self._hand_over("http", rest)
        else:
            self._pass_on(asked, rest)

    def _hand_over(self, scheme: Literal["http", "https"], received: bytes) -> None:
        inside = self._proxy.inside(scheme)
        self.transport.set_protocol(inside)
        inside.connection_made(self.transport)
        if received:
            inside.data_received(received)

    def _pass_on(self, asked: Asked, rest: bytes) -> None:
        self.transport.pause_reading()
        near = Near(self._proxy)
        near.connection_made(self.transport)
        self.transport.set_protocol(near)
        self._proxy.run(self._open(near, asked, rest))

    async def _open(self, near: Near, asked: Asked, rest: bytes) -> None:
        proxy = self._proxy
        far = Pipe(proxy.loop) if asked.scheme == "connect" else Answers(proxy.loop)
        near.join(far)
        try:
            await dial(proxy.routes, asked, proxy.via, Dialled(far, near.transport, ESTABLISHED, rest))
        except Refused as refused:
            near.transport.write(refusal(refused.status, refused.text))
            near.transport.close()
        else:
            if near.transport.is_closing():
                far.transport.abort()
            else:
                near.transport.resume_reading()


class Near(Pipe):
    """The client's end of a tunnel."""

    __slots__ = ("_proxy",)

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(proxy.loop)
        self._proxy = proxy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._proxy.add_tunnel(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.drop_tunnel(self)
        super().connection_lost(exc)
