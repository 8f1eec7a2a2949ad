"""Nothing acknowledged is lost: every kind of process is killed at random moments while messages are created.

The acknowledgements are logged here, outside of what is killed. Afterwards each message that was answered with 201
must exist once, have reached its end and its phone once, and its end must have been called back.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from msgspec import Struct, field

from benchmarks import processes
from benchmarks.instance import ACCOUNT_SID, BASIC, MESSAGES, Instance
from localloop.server import STANDING

pytestmark = pytest.mark.long

BUDGET_S = float(os.environ.get("LOCALLOOP_LONG_SECONDS") or 1200)
SEED = int(os.environ.get("LOCALLOOP_KILL_SEED") or 20_261_121)
KINDS = ("api", "worker", "postgres", "supervisor")
SENDERS = 12
PER_SENDER = 25.0  # creates per second, so that the load lasts as long as the kills
WANTED = min(10_000, int(BUDGET_S * 50))
KILLS = min(20, max(4, int(BUDGET_S / 10)))
BACK_WITHIN_S = 40.0
DRAINED_WITHIN_S = max(150.0, BUDGET_S / 2)
FINAL = {"delivered", "undelivered", "failed"}


class Sink:
    """Where the status callbacks arrive."""

    def __init__(self) -> None:
        self.delivered: Counter[str] = Counter()
        self.url = ""

    async def receive(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("MessageStatus") == "delivered":
            self.delivered[str(form["MessageSid"])] += 1
        return web.Response(status=204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Sink]:
        app = web.Application()
        app.router.add_post("/status", self.receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/status"
        try:
            yield self
        finally:
            await runner.cleanup()


class Load:
    """Creates with unique bodies; what was acknowledged goes to a file at once."""

    def __init__(self, instance: Instance, sink: Sink, log: Path) -> None:
        self.acknowledged: dict[str, str] = {}  # SID → body
        self.unanswered = 0
        self.refused: Counter[int] = Counter()
        self.last = 0.0
        self.done = False
        self._url = instance.url + MESSAGES
        self._sink = sink
        self._log = log.open("a", buffering=1, encoding="ascii")
        self._number = 0

    async def send(self, http: aiohttp.ClientSession) -> None:
        while not self.done:
            began = time.monotonic()
            try:
                await self._create(http)
            except (aiohttp.ClientError, OSError, TimeoutError):
                self.unanswered += 1
            await asyncio.sleep(max(0.0, 1 / PER_SENDER - (time.monotonic() - began)))

    async def _create(self, http: aiohttp.ClientSession) -> None:
        self._number += 1
        number = self._number
        form = {
            "To": f"+1212{2_000_000 + number % 500}",
            "From": f"+1415{3_000_000 + number % 20}",
            "Body": f"kill-{number}",
            "StatusCallback": self._sink.url,
        }
        async with http.post(self._url, data=form) as answer:
            if answer.status != 201:
                self.refused[answer.status] += 1
                return
            sid = (await answer.json())["sid"]
            self._log.write(f"{sid} {form['Body']}\n")
            self.acknowledged[sid] = form["Body"]
            self.last = time.monotonic()

    def close(self) -> None:
        self._log.close()


class Killer:
    """Kills in a seeded order, each time after the system has acknowledged again."""

    def __init__(self, instance: Instance, load: Load) -> None:
        self._random = random.Random(SEED)
        self._instance = instance
        self._load = load
        rounds = [kind for _ in range(-(-KILLS // len(KINDS))) for kind in KINDS][:KILLS]
        self._random.shuffle(rounds)
        self.order = rounds
        self.killed: Counter[str] = Counter()
        self._roles: dict[int, str] = {}

    async def run(self) -> None:
        for number, kind in enumerate(self.order, 1):
            await self._until_acknowledging()
            self._learn_roles()
            await asyncio.sleep(self._random.uniform(0.2, 2.5))
            at = len(self._load.acknowledged)
            await self._kill(kind)
            self.killed[kind] += 1
            print(f"kill {number}/{len(self.order)}: {kind} after {at} acknowledgements", flush=True)
        await self._until_acknowledging()

    async def _kill(self, kind: str) -> None:
        if kind == "supervisor":
            await self._kill_supervisor()
        elif kind == "postgres":
            os.kill(self._instance.postmaster(), 9)
        else:
            self._learn_roles()
            os.kill(self._random.choice([pid for pid, role in self._roles.items() if role == kind]), 9)

    async def _kill_supervisor(self) -> None:
        orphans = set(self._instance.kill())
        async with asyncio.timeout(BACK_WITHIN_S):
            while orphans & {process.pid for process in processes.running() if process.parent}:
                await asyncio.sleep(0.1)
        self._roles.clear()
        await asyncio.to_thread(self._instance.start)

    def _learn_roles(self) -> None:
        """The api processes are forked first. Later a newcomer has the role of the one that is missing."""
        children = self._instance.children()
        if not self._roles:
            half = max(1, len(children) // 2)
            self._roles = {pid: "api" if at < half else "worker" for at, pid in enumerate(children)}
            return
        gone = [self._roles.pop(pid) for pid in list(self._roles) if pid not in children]
        new = [pid for pid in children if pid not in self._roles]
        self._roles |= dict(zip(new, gone, strict=False))

    async def _until_acknowledging(self) -> None:
        asked = time.monotonic()
        async with asyncio.timeout(BACK_WITHIN_S):
            while self._load.last <= asked or not self._is_complete():
                await asyncio.sleep(0.05)

    def _is_complete(self) -> bool:
        return not self._roles or len(self._instance.children()) >= len(self._roles)


class Verdict(Struct):
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unfinished: Counter[str] = field(default_factory=Counter)
    phone_missed: list[str] = field(default_factory=list)
    phone_twice: list[str] = field(default_factory=list)
    not_called_back: list[str] = field(default_factory=list)
    unacknowledged: int = 0


async def _connect(instance: Instance) -> Any:
    place = instance.database
    return await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)


async def _drain(connection: Any) -> bool:
    """Until no message is in flight and no job is left but the daily ones; False when that took too long."""
    deadline = time.monotonic() + DRAINED_WITHIN_S
    pending = "select count(*) from messages where account_sid = $1 and status <> all($2::text[])"
    while time.monotonic() < deadline:
        in_flight = await connection.fetchval(pending, ACCOUNT_SID, list(FINAL))
        jobs = await connection.fetchval(
            "select count(*) from jobs where key is null or key <> all($1::text[])", list(STANDING)
        )
        if not in_flight and not jobs:
            return True
        await asyncio.sleep(1)
    print(f"not drained: {in_flight} messages in flight, {jobs} jobs", flush=True)
    return False


async def _judge(connection: Any, load: Load, sink: Sink) -> Verdict:
    rows = await connection.fetch(
        "select prefix || replace(id::text, '-', '') as sid, body, status from messages where account_sid = $1",
        ACCOUNT_SID,
    )
    texts = await connection.fetch(
        "select message_sid, count(*) as times from phone_messages where direction = 'received' group by 1"
    )
    status = {row["sid"]: row["status"] for row in rows}
    bodies = Counter(row["body"] for row in rows)
    reached = {row["message_sid"]: row["times"] for row in texts}
    sids = load.acknowledged
    kept = [sid for sid in sids if sid in status]
    return Verdict(
        lost=[sid for sid in sids if sid not in status],
        duplicated=[body for body, times in bodies.items() if times > 1],
        unfinished=Counter(status[sid] for sid in kept if status[sid] not in FINAL),
        phone_missed=[sid for sid in kept if status[sid] == "delivered" and sid not in reached],
        phone_twice=[sid for sid, times in reached.items() if times > 1],
        not_called_back=[sid for sid in kept if status[sid] == "delivered" and not sink.delivered[sid]],
        unacknowledged=len(rows) - len(kept),
    )


async def _run_load(instance: Instance, load: Load) -> Killer:
    killer = Killer(instance, load)
    limits = aiohttp.ClientTimeout(total=15)
    headers = {"Authorization": BASIC}
    async with aiohttp.ClientSession(timeout=limits, headers=headers) as http, asyncio.TaskGroup() as senders:
        for _ in range(SENDERS):
            senders.create_task(load.send(http))
        try:
            await killer.run()
            while len(load.acknowledged) < WANTED:
                await asyncio.sleep(0.1)
        finally:
            load.done = True
    return killer


def _report(load: Load, sink: Sink, killer: Killer, verdict: Verdict) -> None:
    print(
        f"seed {SEED}, killed {dict(killer.killed)}\n"
        f"acknowledged {len(load.acknowledged)}, lost {len(verdict.lost)}, duplicated {len(verdict.duplicated)}\n"
        f"unanswered {load.unanswered}, refused {dict(load.refused)}, kept though unanswered"
        f" {verdict.unacknowledged}\n"
        f"unfinished {dict(verdict.unfinished)}, phone missed {len(verdict.phone_missed)},"
        f" phone twice {len(verdict.phone_twice)}\n"
        f"not called back {len(verdict.not_called_back)}, called back more than once"
        f" {sum(times > 1 for times in sink.delivered.values())}",
        flush=True,
    )


async def _kill_under_load(log: Path) -> None:
    sink = Sink()
    with Instance() as instance:
        async with sink.listening():
            load = Load(instance, sink, log)
            try:
                killer = await _run_load(instance, load)
            finally:
                load.close()
            connection = await _connect(instance)
            drained = await _drain(connection)
            verdict = await _judge(connection, load, sink)
            await connection.close()
        _report(load, sink, killer, verdict)
        assert drained, instance.log_tail
    assert len(load.acknowledged) >= WANTED
    assert not verdict.lost
    assert not verdict.duplicated
    assert not verdict.unfinished
    assert not verdict.phone_missed
    assert not verdict.phone_twice
    assert not verdict.not_called_back


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    asyncio.run(_kill_under_load(tmp_path / "acknowledged"))
