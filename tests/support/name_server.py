"""A name server of one's own: real DNS over UDP (RFC 1035) that answers as it is told, and a resolver that asks it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import cast

from aiohttp.abc import AbstractResolver, ResolveResult

_TYPES = {4: 1, 6: 28}  # A, AAAA
_ANSWER_S = 10


class NameServer(asyncio.DatagramProtocol):
    """Answers each question for a name with the next of its answers, the last one for ever. TTL 0: none is kept."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.asked: list[str] = []
        self.port = 0
        self._answers = {name.replace("_", "."): answers for name, answers in names.items()}
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _name(data, 12)
        kind = struct.unpack_from("!H", data, end)[0]
        addresses = [each for each in self._next(name, kind) if _TYPES[ip_address(each).version] == kind]
        code = 0 if name in self._answers else 3
        header = data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        records = b"".join(_record(address) for address in addresses)
        self._transport.sendto(header + data[12 : end + 4] + records, addr)

    def _next(self, name: str, kind: int) -> list[str]:
        if kind != _TYPES[4]:  # asked second, for the same answer
            return []
        self.asked.append(name)
        answers = self._answers.get(name, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def _name(data: bytes, at: int) -> tuple[str, int]:
    labels = []
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(labels), at + 1


def _record(address: str) -> bytes:
    packed = ip_address(address).packed
    kind = _TYPES[ip_address(address).version]
    return struct.pack("!HHHLH", 0xC00C, kind, 1, 0, len(packed)) + packed


class Resolver(AbstractResolver):
    """Asks one name server, and keeps nothing."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._ids = itertools.count(1)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._ask(host, _TYPES[4])
        if not found:
            raise OSError(f"no such name: {host}")
        return [
            ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0)
            for each in found
        ]

    async def close(self) -> None:
        return None

    async def _ask(self, host: str, kind: int) -> list[str]:
        loop = asyncio.get_running_loop()
        labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
        header = struct.pack("!HHHHHH", next(self._ids), 0x0100, 1, 0, 0, 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.connect(("127.0.0.1", self._server.port))
            await loop.sock_sendall(asking, header + labels + struct.pack("!BHH", 0, kind, 1))
            async with asyncio.timeout(_ANSWER_S):
                data = await loop.sock_recv(asking, 512)
        count, at = struct.unpack_from("!H", data, 6)[0], _name(data, 12)[1] + 4
        found = []
        for _ in range(count):
            size = struct.unpack_from("!H", data, at + 10)[0]
            found.append(str(ip_address(data[at + 12 : at + 12 + size])))
            at += 12 + size
        return found


@contextlib.asynccontextmanager
async def serving(**names: list[list[str]]) -> AsyncIterator[NameServer]:
    """Names with `_` for dots: `app_test=[["127.0.0.1"], ["10.0.0.1"]]`."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(**names), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()
