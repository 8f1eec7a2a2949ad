"""From a create to the arrival of its `delivered` callback, one message at a time."""

from __future__ import annotations

import asyncio
import statistics
import time

import aiohttp
from aiohttp import web

from benchmarks.instance import BASIC, MESSAGES, Instance
from benchmarks.table import NotRun, Row, milliseconds

PER_SECOND = 20
WITHIN_S = 10.0


def to_delivered(messages: int) -> list[Row]:
    with Instance() as instance:
        answered, delivered = asyncio.run(_measure(instance, messages))
    return [
        _row("create to 201, low load", answered, ""),
        _row("create to `delivered` callback received, low load", delivered, "median < 15 ms"),
    ]


def _row(what: str, seconds: list[float], bar: str) -> Row:
    cuts = statistics.quantiles(seconds, n=100)
    told = f"median {milliseconds(cuts[49] * 1000)}, p99 {milliseconds(cuts[98] * 1000)}"
    return Row(what=f"{what} ({len(seconds)} messages)", ours=told, bar=bar)


async def _measure(instance: Instance, messages: int) -> tuple[list[float], list[float]]:
    arrived: dict[str, float] = {}
    came = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("MessageStatus") == "delivered":
            arrived.setdefault(str(form["MessageSid"]), time.perf_counter())
            came.set()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/status", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sink = f"http://127.0.0.1:{runner.addresses[0][1]}/status"
    answered, delivered = [], []
    limits, headers = aiohttp.ClientTimeout(total=WITHIN_S), {"Authorization": BASIC}
    try:
        async with aiohttp.ClientSession(timeout=limits, headers=headers) as http:
            for number in range(-10, messages):  # the first ten warm up
                began = time.perf_counter()
                sid = await _create(http, instance.url + MESSAGES, sink)
                replied = time.perf_counter() - began
                async with asyncio.timeout(WITHIN_S):
                    while sid not in arrived:
                        came.clear()
                        await came.wait()
                if number >= 0:
                    answered.append(replied)
                    delivered.append(arrived[sid] - began)
                await asyncio.sleep(max(0.0, 1 / PER_SECOND - (time.perf_counter() - began)))
    finally:
        await runner.cleanup()
    return answered, delivered


async def _create(http: aiohttp.ClientSession, url: str, sink: str) -> str:
    form = {"To": "+12125550001", "From": "+14155550001", "Body": "hello", "StatusCallback": sink}
    async with http.post(url, data=form) as answer:
        if answer.status != 201:
            raise NotRun(f"a create was answered with {answer.status}")
        sid: str = (await answer.json())["sid"]
        return sid
