"""No notification is forgotten: workers, the database and everything are killed while five thousand are delivered.

Each must arrive at least once, and whenever it arrives it has the token that it was queued with.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from benchmarks import processes
from benchmarks.instance import ACCOUNT_SID, Instance
from localloop.core import clock, sids
from localloop.jobs import enqueue
from localloop.webhooks import Notification

pytestmark = pytest.mark.long

BUDGET_S = float(os.environ.get("LOCALLOOP_LONG_SECONDS") or 1200)
SEED = int(os.environ.get("LOCALLOOP_KILL_SEED") or 20_261_121)
COUNT = 5_000
KILLS = ("worker", "postgres", "worker", "supervisor", "worker", "postgres")
ANSWERED_AFTER_S = 0.05
BACK_WITHIN_S = 60.0
DRAINED_WITHIN_S = max(180.0, BUDGET_S / 4)  # a killed worker's leases run out after a minute


class Sink:
    """Where the notifications arrive, and with which tokens."""

    def __init__(self) -> None:
        self.arrived: Counter[tuple[str, str]] = Counter()  # resource and token
        self.url = ""

    @property
    def resources(self) -> int:
        return len({resource for resource, _ in self.arrived})

    async def receive(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.arrived[str(form["MessageSid"]), request.headers["I-Twilio-Idempotency-Token"]] += 1
        await asyncio.sleep(ANSWERED_AFTER_S)
        return web.Response(status=204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Sink]:
        app = web.Application()
        app.router.add_post("/status", self.receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/status"
        try:
            yield self
        finally:
            await runner.cleanup()


async def _connect(instance: Instance) -> Any:
    place = instance.database
    return await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)


async def _queue(instance: Instance, url: str) -> dict[str, str]:
    """The tokens of what was queued, by resource; committed when this returns."""
    made = [_told(url) for _ in range(COUNT)]
    connection = await _connect(instance)
    now = clock.now()
    async with connection.transaction():
        await enqueue(connection, [each.job(ACCOUNT_SID, now) for each in made])
    await connection.close()
    return {each.resource_sid: each.idempotency_token for each in made}


def _told(url: str) -> Notification:
    sid = sids.new("SM")
    return Notification(url, {"MessageSid": sid, "MessageStatus": "sent"}, ACCOUNT_SID, sid)


async def _kill(instance: Instance, kind: str) -> None:
    if kind == "postgres":
        os.kill(instance.postmaster(), 9)
    elif kind == "worker":
        os.kill(instance.children()[-1], 9)
    else:
        orphans = set(instance.kill())
        async with asyncio.timeout(BACK_WITHIN_S):
            while orphans & {process.pid for process in processes.running() if process.parent}:
                await asyncio.sleep(0.1)
        await asyncio.to_thread(instance.start)


async def _kill_on(instance: Instance, sink: Sink) -> int:
    """Each kill comes while something arrives; how many hundreds had come by the last."""
    chance = random.Random(SEED)
    for number, kind in enumerate(KILLS, 1):
        before = sink.arrived.total()
        async with asyncio.timeout(BACK_WITHIN_S * 2):
            while sink.arrived.total() < before + chance.randint(50, 300) and sink.resources < COUNT:
                await asyncio.sleep(0.005)
        await _kill(instance, kind)
        print(f"kill {number}/{len(KILLS)}: {kind} after {sink.resources} notifications", flush=True)
    return sink.resources


async def _drain(instance: Instance) -> bool:
    deadline = time.monotonic() + DRAINED_WITHIN_S
    while time.monotonic() < deadline:
        try:
            connection = await _connect(instance)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            await asyncio.sleep(0.5)
            continue
        left = await connection.fetchval("select count(*) from jobs where kind = 'webhook'")
        await connection.close()
        if not left:
            return True
        await asyncio.sleep(0.5)
    return False


async def _run() -> None:
    sink = Sink()
    with Instance() as instance:
        async with sink.listening():
            queued = await _queue(instance, sink.url)
            at = await _kill_on(instance, sink)
            drained = await _drain(instance)
        again = sum(times > 1 for times in sink.arrived.values())
        print(
            f"queued {COUNT}, arrived {sink.resources}, more than once {again}, at the last kill {at}",
            flush=True,
        )
        assert drained, instance.log_tail
    assert set(sink.arrived) == set(queued.items())
    assert at < COUNT, "everything had arrived before the last kill"


def test_every_notification_arrives(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        asyncio.run(_run())
