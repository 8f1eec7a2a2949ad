"""Everything is killed in the middle of a burst of messages: sent at once, paced, scheduled, called back again.

Twenty thousand messages (fewer with little time) are acknowledged while supervisor, api, worker and PostgreSQL die
together again and again. Some senders have a pace and a queue, some messages belong to a service and are scheduled, and
the application refuses some callbacks at first, which come back by the extended retries. When everything runs again the
world's clock is moved until the scheduled ones are due. Then each acknowledged message must have ended once, at its
phone once, and each of its callbacks must have arrived and have been answered with 204.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from msgspec import Struct, field

from benchmarks import processes
from benchmarks.instance import ACCOUNT_SID, BASIC, MESSAGES, Instance
from benchmarks.pace import move
from localloop.core import clock
from localloop.server import STANDING

pytestmark = pytest.mark.long

BUDGET_S = float(os.environ.get("LOCALLOOP_LONG_SECONDS") or 1200)
SEED = int(os.environ.get("LOCALLOOP_KILL_SEED") or 20_261_121)
WANTED = min(20_000, int(BUDGET_S * 25))
KILLS = 3
TASKS = 24
BACK_WITHIN_S = 60.0
DRAINED_WITHIN_S = max(180.0, BUDGET_S / 2)
AT_ONCE, PACED, SCHEDULED = "at-once", "paced", "scheduled"
SENDERS = {
    AT_ONCE: "+1800555",
    PACED: "+1415300",
}  # toll-free is without limit here, a long code has its pace
REFUSED = 0.05  # of the callbacks, when they come for the first time
STATUSES = {
    AT_ONCE: ["sent", "delivered"],
    PACED: ["sent", "delivered"],
    SCHEDULED: ["queued", "sent", "delivered"],
}
MEANTIME = timedelta(hours=1)


class Application:
    """Takes callbacks; refuses some of them once."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()
        self.refused: set[tuple[str, str]] = set()
        self.url = ""
        self._random = random.Random(SEED)

    async def receive(self, request: web.Request) -> web.Response:
        form = await request.post()
        told = (str(form["MessageSid"]), str(form["MessageStatus"]))
        if told not in self.refused and not self.taken[told] and self._random.random() < REFUSED:
            self.refused.add(told)
            return web.Response(status=500)
        self.taken[told] += 1
        return web.Response(status=204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Application]:
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


class Burst:
    """Creates as fast as they are answered, each with a body of its own, until enough are acknowledged."""

    def __init__(self, instance: Instance, application: Application) -> None:
        self.acknowledged: dict[str, tuple[str, str]] = {}  # SID → body, kind
        self.failures: Counter[str] = Counter()
        self._instance = instance
        self._application = application
        self._number = 0
        self._service = ""

    def prepare(self) -> None:
        """A service with one sender, and extended retries."""
        _ask(self._instance, "/lab/v1/WebhookSettings", {"Retries": "extended", "Record": "failures"})
        answer = _ask(self._instance, "/messaging/v1/Services", {"FriendlyName": "burst"})
        self._service = answer.partition('"sid"')[2].split('"')[1]
        number = _ask(
            self._instance,
            f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json",
            {"PhoneNumber": "+18005559999"},
        )
        sid = number.partition('"sid"')[2].split('"')[1]
        _ask(self._instance, f"/messaging/v1/Services/{self._service}/PhoneNumbers", {"PhoneNumberSid": sid})

    async def send(self, http: aiohttp.ClientSession) -> None:
        while len(self.acknowledged) < WANTED:
            try:
                await self._create(http)
            except (aiohttp.ClientError, OSError, TimeoutError):
                self.failures["unanswered"] += 1
                await asyncio.sleep(0.1)

    async def _create(self, http: aiohttp.ClientSession) -> None:
        self._number += 1
        number = self._number
        kind = (AT_ONCE, AT_ONCE, AT_ONCE, PACED, SCHEDULED)[number % 5]
        async with http.post(self._instance.url + MESSAGES, data=self._form(kind, number)) as answer:
            if answer.status != 201:
                self.failures[str(answer.status)] += 1
                return
            self.acknowledged[(await answer.json())["sid"]] = f"burst-{number}", kind

    def _form(self, kind: str, number: int) -> dict[str, str]:
        form = {
            "To": f"+1212{2_000_000 + number % 500}",
            "Body": f"burst-{number}",
            "StatusCallback": self._application.url,
        }
        if kind == SCHEDULED:
            at = clock.now() + timedelta(minutes=30, seconds=number % 60)
            return form | {
                "MessagingServiceSid": self._service,
                "ScheduleType": "fixed",
                "SendAt": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            }
        return form | {"From": f"{SENDERS[kind]}{1000 + number % 40}"}


def _ask(instance: Instance, path: str, form: dict[str, str]) -> str:
    connection = HTTPConnection("127.0.0.1", instance.port, timeout=30)
    headers = {"Authorization": BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    assert answer.status in (200, 201), text
    return text


async def _kill_everything(instance: Instance) -> None:
    """All at once, PostgreSQL included; then start again."""
    postmaster = instance.postmaster()
    orphans = {process.pid for process in processes.family(instance.pid)}
    instance.kill()
    for pid in (postmaster, *orphans):
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
    async with asyncio.timeout(BACK_WITHIN_S):
        while orphans & {process.pid for process in processes.running() if process.parent}:
            await asyncio.sleep(0.1)
    await asyncio.to_thread(instance.start)


async def _killer(instance: Instance, burst: Burst) -> None:
    chance = random.Random(SEED)
    for number in range(KILLS):
        share = (number + 0.5 + chance.uniform(-0.2, 0.2)) / KILLS
        while len(burst.acknowledged) < WANTED * share:
            await asyncio.sleep(0.02)
        at = len(burst.acknowledged)
        await _kill_everything(instance)
        print(f"kill {number + 1}/{KILLS}: everything, after {at} acknowledgements", flush=True)


class Verdict(Struct):
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    at_phones: Counter[int] = field(default_factory=Counter)  # how often, of the acknowledged
    untold: dict[str, int] = field(default_factory=dict)


async def _judge(connection: Any, burst: Burst, application: Application) -> Verdict:
    rows = await connection.fetch(
        "select prefix || replace(id::text, '-', '') as sid, body, status from messages where account_sid = $1",
        ACCOUNT_SID,
    )
    texts = await connection.fetch(
        "select message_sid, count(*) as times from phone_messages where direction = 'received' group by 1"
    )
    status = {row["sid"]: row["status"] for row in rows}
    reached = {row["message_sid"]: row["times"] for row in texts}
    untold: defaultdict[str, int] = defaultdict(int)
    for sid, (_, kind) in burst.acknowledged.items():
        for each in STATUSES[kind]:
            untold[f"{kind} {each}"] += not application.taken[sid, each]
    return Verdict(
        lost=[sid for sid in burst.acknowledged if sid not in status],
        duplicated=[body for body, times in Counter(row["body"] for row in rows).items() if times > 1],
        ended=Counter(status[sid] for sid in burst.acknowledged if sid in status),
        at_phones=Counter(reached.get(sid, 0) for sid in burst.acknowledged),
        untold={name: count for name, count in untold.items() if count},
    )


async def _drain(instance: Instance) -> str:
    """Until no message is in flight and no job is left but the daily ones; else what is."""
    deadline = time.monotonic() + DRAINED_WITHIN_S
    left = "unknown"
    while left and time.monotonic() < deadline:
        connection = await _connect(instance)
        rows = await connection.fetch(
            "select kind, count(*) as n from jobs where key is null or key <> all($1::text[]) group by 1",
            list(STANDING),
        )
        await connection.close()
        left = ", ".join(f"{row['n']} {row['kind']}" for row in rows)
        await asyncio.sleep(0.5)
    return left


async def _connect(instance: Instance) -> Any:
    place = instance.database
    return await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)


async def _until_sent(instance: Instance) -> None:
    """What is due without moving the clock, so that the moved clock finds what was scheduled and what is retried."""
    async with asyncio.timeout(DRAINED_WITHIN_S):
        connection = await _connect(instance)
        while await connection.fetchval("select exists (select from jobs where kind = 'message.send')"):
            await asyncio.sleep(0.5)
        await connection.close()


async def _run() -> None:
    application = Application()
    rates = "toll-free=0,long-code=20"
    with Instance(message_rate="1", message_rates=rates) as instance:
        async with application.listening():
            burst = Burst(instance, application)
            burst.prepare()
            limits = aiohttp.ClientTimeout(total=20)
            async with (
                aiohttp.ClientSession(timeout=limits, headers={"Authorization": BASIC}) as http,
                asyncio.TaskGroup() as group,
            ):
                group.create_task(_killer(instance, burst))
                for _ in range(TASKS):
                    group.create_task(burst.send(http))
            await _until_sent(instance)
            await move(instance, clock.running(MEANTIME))
            left = await _drain(instance)
            connection = await _connect(instance)
            verdict = await _judge(connection, burst, application)
            await connection.close()
        again = sum(times > 1 for times in application.taken.values())
        print(
            f"seed {SEED}: acknowledged {len(burst.acknowledged)}, {dict(burst.failures)}, ended"
            f" {dict(verdict.ended)}, at phones {dict(verdict.at_phones)}\ncallbacks refused at first"
            f" {len(application.refused)}, taken more than once {again}, missing {verdict.untold}",
            flush=True,
        )
        assert not left, f"{left} left; {instance.log_tail}"
    assert not verdict.lost
    assert not verdict.duplicated
    assert verdict.ended == {"delivered": len(burst.acknowledged)}
    assert verdict.at_phones == {1: len(burst.acknowledged)}
    assert not verdict.untold


def test_a_burst_survives_the_death_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        asyncio.run(_run())
