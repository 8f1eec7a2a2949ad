"""What a localloop costs that does nothing: time to start, memory, processor; and what ten thousand waiters add."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import statistics
import sys
import time
from base64 import b64encode

from benchmarks import processes
from benchmarks.instance import Instance
from benchmarks.table import NotRun, Row, megabytes

WAITERS = 10_000
WARM_UP = 500
SETTLE_S = 3.0
_MEASURE = "PSS" if sys.platform == "linux" else "RSS"


def cold_start() -> list[Row]:
    fresh, existing = [], []
    for _ in range(3):
        instance = Instance()
        try:
            fresh.append(instance.start())
            instance.stop()
            existing.append(instance.start())
        finally:
            instance.remove()
    return [
        Row(
            what="cold start to first answer, new data", ours=f"{statistics.median(fresh):.2f} s", bar="≤ 4 s"
        ),
        Row(
            what="cold start to first answer, data exists",
            ours=f"{statistics.median(existing):.2f} s",
            bar="≤ 2 s",
        ),
    ]


def idle(seconds: float) -> list[Row]:
    rows = []
    for options, limit in (((), 300), (("--single",), 200)):
        with Instance(*options) as instance:
            time.sleep(SETTLE_S)
            family = instance.family()
            before, began = processes.cpu_seconds(family), time.monotonic()
            time.sleep(seconds)
            share = (processes.cpu_seconds(family) - before) / (time.monotonic() - began)
            used = processes.memory(instance.family())
        name = " ".join(("up", *options))
        count = len(family)
        rows.append(
            Row(
                what=f"idle memory, `{name}`, {count} processes ({_MEASURE})",
                ours=megabytes(used),
                bar=f"≤ {limit} MB",
            )
        )
        rows.append(Row(what=f"idle processor, `{name}`", ours=f"{share:.2%} of a core", bar="< 1 %"))
    return rows


def long_polls() -> list[Row]:
    _raise_file_limit(WAITERS + 500)
    with Instance() as instance:
        return [asyncio.run(_long_polls(instance))]


async def _long_polls(instance: Instance) -> Row:
    """What the polls add: a first few hundred, which are over when it begins, have filled caches and pools."""
    await asyncio.sleep(SETTLE_S)
    cold = processes.memory(instance.family())
    streams = await _poll(instance, WARM_UP, 1)
    for reader, _ in streams:
        await asyncio.wait_for(reader.readline(), 30)
    _hang_up(streams)
    await asyncio.sleep(SETTLE_S)
    before = processes.memory(instance.family())
    streams = await _poll(instance, WAITERS, 280)
    try:
        await asyncio.sleep(SETTLE_S)
        after = processes.memory(instance.family())
        ended = sum(reader.at_eof() or len(reader._buffer) > 0 for reader, _ in streams)  # type: ignore[attr-defined]
    finally:
        _hang_up(streams)
    if ended:
        raise NotRun(f"{ended} of {WAITERS} polls were answered at once")
    told = f"{megabytes(after - before)} ({megabytes(after - cold)} with what {WARM_UP} before them filled)"
    return Row(what=f"{WAITERS:,} open long polls ({_MEASURE} added)", ours=told, bar="≤ 200 MB")


async def _poll(
    instance: Instance, count: int, timeout_s: int
) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    streams = []
    for number in range(count):
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", instance.port), 30)
        path = f"/lab/v1/Phones/%2B1212{2_000_000 + number}/Messages/Wait?Timeout={timeout_s}"
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {_poller(number)}\r\n\r\n".encode()
        )
        await writer.drain()
        streams.append((reader, writer))
    return streams


def _hang_up(streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    for _, writer in streams:
        with contextlib.suppress(OSError):
            writer.transport.abort()


def _poller(number: int) -> str:
    """Credentials of an account that is adopted at first use: no account has more than 80 requests at once."""
    account_sid = f"AC{number // 80:032x}"
    return "Basic " + b64encode(f"{account_sid}:{'b' * 32}".encode()).decode()


def _raise_file_limit(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(hard, max(wanted, soft))
    if limit < wanted:
        raise NotRun(f"{hard} open files are allowed, {wanted} wanted")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit, soft), hard))
