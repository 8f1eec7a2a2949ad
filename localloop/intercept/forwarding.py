"""What a program says to the service goes on to the service, and both are read along with: the way of `record`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from functools import cache
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import structlog
from msgspec import Struct

from localloop.intercept.dial import Dialled, dial
from localloop.intercept.head import Asked, Refused, refusal
from localloop.intercept.recording import Sink
from localloop.intercept.recording.exchange import Kind
from localloop.intercept.relay import Pipe
from localloop.intercept.tap import Tap
from localloop.intercept.upstream import Routes

log = structlog.get_logger("intercept")
CONNECT_S: Final = 30.0
_LARGEST_HEAD: Final = 256 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class Place(Struct, frozen=True):
    """Where a connection leads."""

    host: str
    port: int
    secure: bool

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"


Reach: TypeAlias = Callable[[str, str], Place]  # scheme and Host header → where that is


def as_named(scheme: str, host: str) -> Place:
    """The service itself. Raises ValueError for what is no host."""
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError(host)
    return Place(parts.hostname, parts.port or _PORTS[scheme], scheme == "https")


def always(url: str) -> Reach:
    """One address in the service's place. Raises ValueError for what is none."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(url)
    place = Place(parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "https")
    return lambda _scheme, _host: place


class Forwarding:
    """Makes the near ends of connections, and owns them until `close`.

    `tls` says whom to trust; without, whom the system does. `routes` say which proxy is in between.
    """

    def __init__(
        self,
        sink: Sink,
        kind: Kind,
        reach: Reach,
        tls: ssl.SSLContext | None = None,
        routes: Routes = Routes(),  # noqa: B008 - a frozen value
    ) -> None:
        self.sink = sink
        self.kind: Kind = kind
        self.reach = reach
        self.tls = tls or _trusting()
        self.routes = routes
        self.loop = asyncio.get_running_loop()
        self._open: set[Near] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, scheme: Literal["http", "https"]) -> asyncio.Protocol:
        return Near(self, Tap(self.sink, self.kind, scheme), scheme)

    async def close(self) -> None:
        """What is in the middle of something is kept without an answer."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for near in tuple(self._open):
            near.transport.abort()
            near.end()

    def enter(self, near: Near) -> None:
        self._open.add(near)

    def leave(self, near: Near) -> None:
        self._open.discard(near)

    def dial(self, near: Near) -> None:
        task = self.loop.create_task(near.dial())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Near(Pipe):
    """The program's end. Whom it wants is in its first request; until that is there, all of it waits."""

    __slots__ = ("_forwarding", "_scheme", "_waiting", "tap")

    def __init__(self, forwarding: Forwarding, tap: Tap, scheme: str) -> None:
        super().__init__(forwarding.loop)
        self.tap = tap
        self._forwarding = forwarding
        self._scheme = scheme
        self._waiting: list[bytes] | None = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._forwarding.enter(self)

    def data_received(self, data: bytes) -> None:
        passed = self.tap.asks(data)
        if self._waiting is None:
            super().data_received(passed)
            return
        self._waiting.append(passed)
        if self.tap.host:
            self.transport.pause_reading()
            self._forwarding.dial(self)
        elif sum(map(len, self._waiting)) > _LARGEST_HEAD:
            self._refuse(431, "The head of the request is too large.")

    async def dial(self) -> None:
        far = Far(self)
        try:
            place = self._forwarding.reach(self._scheme, self.tap.host)
            async with asyncio.timeout(CONNECT_S):
                await self._connect(far, place)
        except (OSError, ssl.SSLError, TimeoutError, ValueError, Refused) as error:
            log.warning("the service cannot be reached", host=self.tap.host, error=str(error) or "timeout")
            self._refuse(502, f"{self.tap.host} cannot be reached.")
            return
        self.join(far)
        waiting, self._waiting = self._waiting or [], None
        if self.transport.is_closing():
            far.transport.abort()
            return
        far.transport.write(b"".join(waiting))
        self.transport.resume_reading()

    async def _connect(self, far: Far, place: Place) -> None:
        tls = self._forwarding.tls if place.secure else None
        name = place.host if place.secure else None
        if self._forwarding.routes.to("https", place.host, place.port) is None:
            await self.loop.create_connection(
                lambda: far, place.host, place.port, ssl=tls, server_hostname=name
            )
            return
        tunnel = Pipe(self.loop)
        asked = Asked(b"CONNECT", "connect", place.host, place.port, b"", [])
        await dial(self._forwarding.routes, asked, b"", Dialled(tunnel, self.transport, b"", b""))
        transport: asyncio.Transport | None = tunnel.transport
        if tls is not None:
            transport = await self.loop.start_tls(tunnel.transport, far, tls, server_hostname=name)
        else:
            tunnel.transport.set_protocol(far)
        assert transport is not None
        far.connection_made(transport)

    def _refuse(self, status: int, text: str) -> None:
        self.transport.write(refusal(status, text))
        self.transport.close()

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._waiting is None else None

    def connection_lost(self, exc: Exception | None) -> None:
        self.end()
        if self.far is not None:
            super().connection_lost(exc)

    def end(self) -> None:
        self._forwarding.leave(self)
        self.tap.ends()

    def pause_writing(self) -> None:
        if self.far is not None:
            super().pause_writing()

    def resume_writing(self) -> None:
        if self.far is not None:
            super().resume_writing()


class Far(Pipe):
    """The service's end."""

    __slots__ = ("_near",)

    def __init__(self, near: Near) -> None:
        super().__init__(near.loop)
        self._near = near

    def data_received(self, data: bytes) -> None:
        self._near.tap.answers(data)
        super().data_received(data)


@cache
def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context()
