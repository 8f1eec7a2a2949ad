"""A recording made on the way: what a program asks of a service, and what the service tells the program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from localloop.intercept.forwarding import Forwarding, always
from localloop.intercept.recording import RecordingFile, Scrubber


class Ways(Struct, frozen=True):
    """Where the program asks, and where the service sends callbacks."""

    service: str
    program: str


@contextmanager
def recording(path: Path, service: str, program: str, scrubber: Scrubber) -> Iterator[Ways]:
    """Both ways are written to the file until the block ends; an event loop of its own does it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    file = RecordingFile(path, scrubber)

    async def begin() -> tuple[Ways, list[Forwarding], list[asyncio.Server]]:
        ways = [Forwarding(file, "request", always(service)), Forwarding(file, "callback", always(program))]
        servers = [
            await loop.create_server(lambda way=way: way("http"), "127.0.0.1", 0)  # type: ignore[misc]
            for way in ways
        ]
        ports = [server.sockets[0].getsockname()[1] for server in servers]
        return Ways(*(f"http://127.0.0.1:{port}" for port in ports)), ways, servers

    async def end(ways: list[Forwarding], servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()
        for way in ways:
            await way.close()

    try:
        made, ways, servers = asyncio.run_coroutine_threadsafe(begin(), loop).result(20)
        yield made
        asyncio.run_coroutine_threadsafe(end(ways, servers), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
        file.close()
