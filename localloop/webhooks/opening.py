"""Opening a connection: the name looked up, every address judged, TCP and TLS, in the time that there is for all of it.

The connection is made to an address that was judged. Of several addresses the next is tried when one does not answer
within a quarter of a second (RFC 8305, "happy eyeballs").
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from ipaddress import ip_address
from typing import Any, Final, TypeAlias

from aiohappyeyeballs import start_connection
from aiohttp.abc import AbstractResolver, ResolveResult

from localloop.webhooks import failure
from localloop.webhooks.connection import Connection
from localloop.webhooks.connector import AddrInfo, Timings, guarded_socket
from localloop.webhooks.diagnosis import name_failure, opening_failure
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.guard import AddressPolicy, GuardedResolver
from localloop.webhooks.target import Target

_REMEMBERED_S: Final = 10.0  # the addresses of a name
_MOST_NAMES: Final = 1_000
_NEXT_ADDRESS_S: Final = 0.25
_Name: TypeAlias = tuple[str, int]


class Opener:
    """Connections to where the policy admits. Look-ups are shared, and their results kept for a moment."""

    def __init__(self, policy: AddressPolicy, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = GuardedResolver(policy, resolver)
        self._known: dict[_Name, tuple[float, list[ResolveResult]]] = {}
        self._asking: dict[_Name, asyncio.Task[list[ResolveResult]]] = {}

    async def close(self) -> None:
        for task in tuple(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        await self._resolver.close()

    async def open(self, reached: Target, context: ssl.SSLContext | None, timings: Timings) -> Connection:
        """Raises Failure."""
        try:
            async with asyncio.timeout(reached.overrides.connect_ms / 1000):
                addresses = await self._addresses(reached, timings)
                try:
                    return await self._connected(reached, addresses, context, timings)
                except (OSError, ssl.CertificateError) as error:
                    raise opening_failure(error, reached) from error
        except TimeoutError as error:
            raise Failure(failure.CONNECT_TIMEOUT, reached.text, Stage.CONNECT) from error

    async def _connected(
        self, reached: Target, addresses: list[AddrInfo], context: ssl.SSLContext | None, timings: Timings
    ) -> Connection:
        loop = asyncio.get_running_loop()
        connected = await start_connection(
            addresses,
            happy_eyeballs_delay=_NEXT_ADDRESS_S,
            interleave=1,
            socket_factory=lambda address: guarded_socket(self._policy, address),
        )
        timings.connected = timings.since_start()
        try:
            name = _bare(reached.host).rstrip(".") if context is not None else None
            _, connection = await loop.create_connection(
                Connection, sock=connected, ssl=context, server_hostname=name
            )
        except BaseException:
            connected.close()
            raise
        if context is not None:
            timings.secured = timings.since_start()
        return connection

    async def _addresses(self, reached: Target, timings: Timings) -> list[AddrInfo]:
        host, port = _bare(reached.host), reached.origin[2]
        if (literal := _literal(host)) is not None:
            family = socket.AF_INET if literal == 4 else socket.AF_INET6
            return [_info(family, host, port)]
        try:
            found = await self._found((host, port))
        except OSError as error:
            raise name_failure(error, reached) from error
        timings.resolved = timings.since_start()
        if not found:
            raise Failure(failure.BAD_HOST_NAME, f"{reached.text}: it has no address")
        return [_info(each["family"], each["host"], each["port"]) for each in found]

    async def _found(self, name: _Name) -> list[ResolveResult]:
        """One after the other comes first, as often as it is asked for."""
        known = self._known.get(name)
        if known is not None and known[0] > asyncio.get_running_loop().time():
            known[1].append(known[1].pop(0))
            return list(known[1])
        asking = self._asking.get(name)
        if asking is None:
            asking = asyncio.create_task(self._look_up(name), name="webhooks-name")
            asking.add_done_callback(_note)
            self._asking[name] = asking
        return await asyncio.shield(asking)

    async def _look_up(self, name: _Name) -> list[ResolveResult]:
        try:
            found = await self._resolver.resolve(*name, family=socket.AF_UNSPEC)
        finally:
            del self._asking[name]
        if found:
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            self._known[name] = (asyncio.get_running_loop().time() + _REMEMBERED_S, found)
        return list(found)


def _note(asked: asyncio.Task[Any]) -> None:
    """All who asked may have gone by now."""
    if not asked.cancelled():
        asked.exception()


def _bare(host: str) -> str:
    return host[1:-1] if host.startswith("[") else host


def _literal(host: str) -> int | None:
    """4 or 6, of an address; None of a name."""
    try:
        return ip_address(host).version
    except ValueError:
        return None


def _info(family: int, host: str, port: int) -> AddrInfo:
    address: tuple[Any, ...] = (host, port, 0, 0) if family == socket.AF_INET6 else (host, port)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
