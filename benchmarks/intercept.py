"""What the intercepting proxy costs: a request by it beside the same request to the API, and how many it takes."""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from collections.abc import Awaitable, Callable

import uvloop

from benchmarks import processes, tunnel
from benchmarks.instance import Instance
from benchmarks.table import NotRun, Row, milliseconds

ROUNDS = 8  # the two ways in turn, so that a busy moment of the machine is not one way's alone
CONNECTIONS = 16
TUNNELS = 1000
Open = Callable[[], Awaitable[tunnel.Connection]]


def against_the_port(seconds: float) -> list[Row]:
    with Instance(log_format="json") as instance:
        return uvloop.run(_measure(instance, seconds))


async def _measure(instance: Instance, seconds: float) -> list[Row]:
    proxy_port = int(instance.settings["proxy_port"])
    context = tunnel.trusting(instance.data / "authority" / "ca.pem")

    def directly() -> Awaitable[tunnel.Connection]:
        return tunnel.direct(instance.port)

    def intercepted() -> Awaitable[tunnel.Connection]:
        return tunnel.intercepted(proxy_port, context)

    ways = (directly, intercepted)
    try:
        kept = await _in_turn(ways, _kept, seconds)
        fresh = await _in_turn(ways, _fresh, seconds)
        # api-1 is the first child: what it spends on a request is what one core is worth.
        api = instance.children()[0]
        used = [await _spent(way, api, seconds) for way in ways]
        among = await _among_tunnels(intercepted, proxy_port, instance.port)
    except tunnel.Refused as refused:
        raise NotRun(f"a request was not answered: {refused}") from None
    added = kept[1] - kept[0]
    return [
        Row(
            what="a request on a kept connection, intercepted (against the API's port)",
            ours=f"median {milliseconds(kept[1])}, {milliseconds(added)} more",
            theirs=milliseconds(kept[0]),
            ratio=kept[1] / kept[0],
            bar="< 2 ms more",
        ),
        Row(
            what="a request on a connection of its own, CONNECT and TLS included",
            ours=f"median {milliseconds(fresh[1])}",
            theirs=milliseconds(fresh[0]),
            ratio=fresh[1] / fresh[0],
        ),
        Row(
            what=f"intercepted requests per second of one core, {CONNECTIONS} connections",
            ours=f"{1 / used[1]:,.0f}",
            theirs=f"{1 / used[0]:,.0f}",
            ratio=used[0] / used[1],
            bar="≥ 1,000",
        ),
        Row(
            what=f"an intercepted request among {TUNNELS:,} open tunnels",
            ours=f"median {milliseconds(among)}",
            theirs=milliseconds(kept[1]),
            ratio=among / kept[1],
        ),
    ]


async def _in_turn(
    ways: tuple[Open, Open], measure: Callable[[Open, float], Awaitable[list[float]]], seconds: float
) -> list[float]:
    """The median of each, in milliseconds."""
    found: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for times, way in zip(found, ways, strict=True):
            times += await measure(way, seconds / ROUNDS / 2)
    return [statistics.median(times) for times in found]


async def _kept(way: Open, seconds: float) -> list[float]:
    connection = await way()
    await connection.fetch()
    times, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await connection.fetch()
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    return times


async def _fresh(way: Open, seconds: float) -> list[float]:
    times, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        connection = await way()
        await connection.fetch()
        times.append((time.perf_counter() - began) * 1000)
        connection.close()
    return times


async def _spent(way: Open, api: int, seconds: float) -> float:
    """Processor seconds of the API's process for a request, with as many at once as connections."""
    connections = [await way() for _ in range(CONNECTIONS)]
    end, count = time.perf_counter() + seconds, 0

    async def ask(connection: tunnel.Connection) -> None:
        nonlocal count
        while time.perf_counter() < end:
            await connection.fetch()
            count += 1

    before = processes.cpu_seconds([api])
    await asyncio.gather(*map(ask, connections))
    spent = processes.cpu_seconds([api]) - before
    for connection in connections:
        connection.close()
    return spent / count


async def _among_tunnels(way: Open, proxy_port: int, target_port: int) -> float:
    """Median of a request while so many others pass bytes through; each tunnel has carried an answer."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(4096, hard) if hard != resource.RLIM_INFINITY else 4096, hard)
    )
    tunnels = [await tunnel.connected(proxy_port, f"127.0.0.1:{target_port}") for _ in range(TUNNELS)]
    loop = asyncio.get_running_loop()
    for sock in tunnels:
        await loop.sock_sendall(sock, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for sock in tunnels:
        answer = await asyncio.wait_for(loop.sock_recv(sock, 4096), tunnel.WITHIN_S)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise tunnel.Refused(answer.decode("latin-1"))
    times = await _kept(way, 1.0)
    for sock in tunnels:
        sock.close()
    return statistics.median(times)
