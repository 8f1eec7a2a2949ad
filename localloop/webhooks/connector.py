"""Connections of the outbound client: to addresses that the guard admits, in time, and timed."""

from __future__ import annotations

import asyncio
import socket
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Final, TypeAlias
from weakref import WeakSet

from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.base_protocol import BaseProtocol
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from msgspec import Struct

from localloop.webhooks.guard import AddressError, AddressPolicy, GuardedResolver

# Below what common servers keep an idle connection (Node 5 s), so that it is rarely them who close.
KEEP_ALIVE_S: Final = 4.0

AddrInfo: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]


class Timings(Struct):
    """When things happened, in seconds from the start of the hop; None for what a kept connection had no need of."""

    started: float
    resolved: float | None = None  # the name; None for an address
    connected: float | None = None  # TCP
    secured: float | None = None  # TLS
    first_byte: float | None = None
    done: float | None = None
    reused: bool = False

    def since_start(self) -> float:
        return perf_counter() - self.started


timings: ContextVar[Timings] = ContextVar("timings of the request that this task makes")


def note_handshake() -> None:
    """A handshake begins: that is when the TCP connection is there."""
    current = timings.get(None)
    if current is not None:
        current.connected = current.since_start()


class Connector(TCPConnector):
    """Notes when a connection was ready and whether it is a kept one. aiohttp's own tracing would tell as much, at a
    tenth of a request's whole cost."""

    def __init__(
        self,
        policy: AddressPolicy,
        resolver: AbstractResolver | None,
        *,
        connections: int,
        per_host: int,
    ) -> None:
        super().__init__(
            resolver=GuardedResolver(policy, resolver),
            socket_factory=lambda address: guarded_socket(policy, address),
            limit=connections,
            limit_per_host=per_host,
            keepalive_timeout=KEEP_ALIVE_S,
        )
        self._kept: WeakSet[BaseProtocol] = WeakSet()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        connection = await super().connect(req, traces, timeout)
        current = timings.get()
        assert connection.protocol is not None
        if connection.protocol in self._kept:
            current.reused = True
        else:
            self._kept.add(connection.protocol)
            ready = current.since_start()
            if req.is_ssl():
                current.secured = ready
            else:
                current.connected = ready
        return connection

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> ResponseHandler:
        """aiohttp gives its time to each address of a name in turn; here name and addresses share it."""
        async with asyncio.timeout(timeout.sock_connect):
            return await super()._create_connection(req, traces, timeout)

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> list[ResolveResult]:
        found = await super()._resolve_host(host, port, traces)
        current = timings.get(None)
        if current is not None:
            current.resolved = current.since_start()
        return found


def guarded_socket(policy: AddressPolicy, address_info: AddrInfo) -> socket.socket:
    """Every connection passes here with the very address that it will be made to."""
    family, kind, protocol, _, address = address_info
    reason = policy.refusal(str(address[0]))
    if reason is not None:
        raise AddressError(f"{address[0]} is a {reason} address")
    connection = socket.socket(family=family, type=kind, proto=protocol)
    connection.setblocking(False)
    return connection
