"""Where a benchmark's webhooks arrive: a process that listens on many ports, answers 204 and tells how late they came.

python -m benchmarks.sink PORTS [STUCK] prints its ports; a line on standard input ends it, and it prints a report as
JSON: how many came, and the delays in microseconds of those that said when they were due (`At=`). The first STUCK ports
take requests and never answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct

_ANSWER: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
# What leads a call: a second of silence, or hours, then another document, which ends it.
_DOCUMENTS: Final = {
    b"POST /hold ": b"<Response><Pause length='7200'/><Redirect>/second</Redirect></Response>",
    b"POST /first ": b"<Response><Pause length='1'/><Redirect>/second</Redirect></Response>",
    b"POST /second ": b"<Response><Hangup/></Response>",
}
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_AT: Final = re.compile(rb"(?:^|&)At=(\d+)")
_END: Final = b"\r\n\r\n"


class Report(Struct, frozen=True):
    came: int
    delays: list[int]  # of those at ports that answer, in the order of arrival


class _Connection(asyncio.Protocol):
    """Requests one after the other, each answered when it is there whole."""

    def __init__(self, delays: list[int], counts: list[int], is_stuck: bool) -> None:
        self._delays = delays
        self._counts = counts
        self._is_stuck = is_stuck
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (at := self._buffer.find(_END)) >= 0:
            length = _LENGTH.search(self._buffer, 0, at + 2)
            end = at + len(_END) + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            head, body, self._buffer = (
                self._buffer[:16],
                self._buffer[at + len(_END) : end],
                self._buffer[end:],
            )
            self._counts[0] += 1
            if self._is_stuck:
                continue
            if due := _AT.search(body):
                self._delays.append(time.time_ns() // 1000 - int(due[1]))
            self._transport.write(_answer(head))


def _answer(head: bytes) -> bytes:
    for path, document in _DOCUMENTS.items():
        if head.startswith(path):
            return (
                b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(document)
                + document
            )
    return _ANSWER


async def _serve(ports: int, stuck: int) -> None:
    loop = asyncio.get_running_loop()
    delays: list[int] = []
    counts = [0]
    servers = []
    for number in range(ports):
        is_stuck = number < stuck

        def connection(is_stuck: bool = is_stuck) -> _Connection:
            return _Connection(delays, counts, is_stuck)

        servers.append(await loop.create_server(connection, "127.0.0.1", 0, backlog=512))
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    print(json.dumps({"came": counts[0], "delays": delays}), flush=True)


class Sink:
    """A sink in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self.ports: list[int] = json.loads(process.stdout.readline())

    @property
    def pid(self) -> int:
        return self._process.pid

    def report(self) -> Report:
        """What came; the sink ends."""
        out, _ = self._process.communicate("\n", timeout=30)
        return Report(**json.loads(out))


@contextmanager
def sink(ports: int = 1, stuck: int = 0) -> Iterator[Sink]:
    command = [sys.executable, "-m", "benchmarks.sink", str(ports), str(stuck)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Sink(process)
    finally:
        process.kill()
        process.wait(10)


def _main() -> None:
    import uvloop

    given = [int(each) for each in sys.argv[1:]]
    uvloop.run(_serve(given[0], given[1] if len(given) > 1 else 0))


if __name__ == "__main__":
    _main()
