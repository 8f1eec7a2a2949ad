"""A client that reaches the API by its own port or through the intercepting proxy, with next to no cost of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

from benchmarks.instance import ACCOUNT_SID, BASIC

HOST = "api.twilio.com"
WITHIN_S = 10.0
FETCH = (
    f"GET /2010-04-01/Accounts/{ACCOUNT_SID}.json HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {BASIC}\r\n\r\n"
).encode()


class Refused(Exception):
    """The proxy or the API answered with something else."""


class Connection:
    """One kept connection; one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def fetch(self) -> None:
        self._writer.write(FETCH)
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), WITHIN_S)
        if not head.startswith(b"HTTP/1.1 200"):
            raise Refused(head.decode("latin-1"))
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await asyncio.wait_for(self._reader.readexactly(length), WITHIN_S)

    def close(self) -> None:
        self._writer.close()


def trusting(ca_file: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca_file))
    context.set_alpn_protocols(["http/1.1"])
    return context


async def direct(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


async def connected(proxy_port: int, target: str) -> socket.socket:
    """A socket that a CONNECT has opened to `host:port`."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setblocking(False)
    await loop.sock_connect(sock, ("127.0.0.1", proxy_port))
    await loop.sock_sendall(sock, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    answer = await asyncio.wait_for(loop.sock_recv(sock, 4096), WITHIN_S)
    if not answer.startswith(b"HTTP/1.1 200 "):
        sock.close()
        raise Refused(answer.decode("latin-1"))
    return sock


async def intercepted(proxy_port: int, context: ssl.SSLContext) -> Connection:
    sock = await connected(proxy_port, f"{HOST}:443")
    return Connection(*await asyncio.open_connection(sock=sock, ssl=context, server_hostname=HOST))
