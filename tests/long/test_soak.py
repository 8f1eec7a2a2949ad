"""A steady load for a while leaves nothing behind: nothing lost, no memory, no jobs, none of them dead.

Messages are created, phones text a number whose application answers, and some texts are redacted and deleted, all at
a rate that the machine carries easily. What is compared in the end was counted here, outside of the server.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from msgspec import Struct, field

from benchmarks import processes
from benchmarks.instance import ACCOUNT_SID, BASIC, MESSAGES, Instance
from localloop.server import STANDING
from localloop.webhooks import FORGET

pytestmark = pytest.mark.long

BUDGET_S = float(os.environ.get("LOCALLOOP_LONG_SECONDS") or 1200)
DURATION_S = BUDGET_S * 0.6
DRAINED_WITHIN_S = max(60.0, BUDGET_S * 0.2)
WARM = 0.3  # of the time: pools are full and caches are warm from then on
CREATES, TEXTS = 20.0, 5.0  # per second
# PostgreSQL's shared buffers fill up as they should; our own processes must not grow beyond this.
MOST_GROWTH, SPARE_BYTES = 0.15, 12 * 1024 * 1024
ACCOUNT = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
FINAL = ["delivered", "received"]


class Application:
    """Answers texts, and counts what it is told."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.told: Counter[tuple[str, str]] = Counter()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.asked[str(form["MessageSid"])] += 1
        twiml = f"<Response><Message statusCallback='/status'>re: {form['Body']}</Message></Response>"
        return web.Response(text=twiml, content_type="text/xml")

    async def note(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.told[str(form["MessageSid"]), str(form["MessageStatus"])] += 1
        return web.Response(status=204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Application]:
        app = web.Application()
        app.router.add_post("/sms", self.answer)
        app.router.add_post("/status", self.note)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


class Load(Struct):
    """Who asks, and what was acknowledged."""

    http: aiohttp.ClientSession
    url: str
    application: Application
    number: str = ""
    sent: list[str] = field(default_factory=list)
    texted: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Any:
        async with self.http.request(method, self.url + path, data=form) as answer:
            if answer.status >= 400:
                self.refused[answer.status] += 1
                return None
            return await answer.json() if answer.status != 204 else {}

    async def buy(self) -> None:
        offered = await self.ask("GET", f"{ACCOUNT}/AvailablePhoneNumbers/US/Local.json?PageSize=1")
        self.number = offered["available_phone_numbers"][0]["phone_number"]
        wanted = {"PhoneNumber": self.number, "SmsUrl": f"{self.application.url}/sms"}
        assert await self.ask("POST", f"{ACCOUNT}/IncomingPhoneNumbers.json", wanted)

    async def create(self, index: int) -> None:
        form = {
            "To": f"+1212{2_000_000 + index % 300}",
            "From": f"+1415{3_000_000 + index % 10}",
            "Body": f"soak {index}",
            "StatusCallback": f"{self.application.url}/status",
        }
        made = await self.ask("POST", MESSAGES, form)
        if made:
            self.sent.append(made["sid"])
        if index % 10 == 9 and len(self.sent) > 200:
            await self._forget(self.sent[-200 + index % 7])

    async def _forget(self, sid: str) -> None:
        """An old one: redacted, then deleted."""
        if sid in self.deleted or not self.application.told[sid, "delivered"]:
            return
        path = f"{ACCOUNT}/Messages/{sid}.json"
        redacted = await self.ask("POST", path, {"Body": ""})
        if redacted and redacted["body"] == "" and await self.ask("DELETE", path) is not None:
            self.deleted.add(sid)

    async def text(self, index: int) -> None:
        """From so many phones that nobody is answered thirty times in thirty seconds (14107)."""
        phone = f"+1646{2_000_000 + index % 400}"
        made = await self.ask(
            "POST", f"/lab/v1/Phones/{phone}/Messages", {"To": self.number, "Body": f"hi {index}"}
        )
        if made:
            self.texted.append(made["message_sid"])


async def _at(rate: float, seconds: float, act: Callable[[int], Awaitable[None]]) -> None:
    """Begin so many a second, evenly, however long each takes."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for index in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + index / rate - time.monotonic()))
            group.create_task(act(index))


def _memory(instance: Instance) -> int:
    return processes.resident([instance.pid, *instance.children()])


async def _growth(instance: Instance) -> tuple[int, int]:
    """Our processes' memory when they are warm, and in the end."""
    await asyncio.sleep(DURATION_S * WARM)
    warm = await asyncio.to_thread(_memory, instance)
    await asyncio.sleep(DURATION_S * (1 - WARM) - 1)
    return warm, await asyncio.to_thread(_memory, instance)


async def _drained(connection: Any) -> bool:
    """Nothing flies any more; what was deleted is forgotten a second time a minute later."""
    deadline = time.monotonic() + DRAINED_WITHIN_S
    while time.monotonic() < deadline:
        flying = await connection.fetchval(
            "select count(*) from messages where status <> all($1::text[])", FINAL
        )
        jobs = await connection.fetchval(
            "select count(*) from jobs where kind <> all($1::text[])", [*STANDING, FORGET]
        )
        if not flying and not jobs:
            return True
        await asyncio.sleep(0.25)
    return False


async def _statuses(connection: Any) -> dict[str, str]:
    rows = await connection.fetch("select prefix || replace(id::text, '-', '') as sid, status from messages")
    return {row["sid"]: row["status"] for row in rows}


async def _soak() -> None:
    application = Application()
    headers, limits = {"Authorization": BASIC}, aiohttp.ClientTimeout(total=30)
    with Instance() as instance:
        async with application.listening(), aiohttp.ClientSession(headers=headers, timeout=limits) as http:
            load = Load(http, instance.url, application)
            await load.buy()
            async with asyncio.TaskGroup() as group:
                group.create_task(_at(CREATES, DURATION_S, load.create))
                group.create_task(_at(TEXTS, DURATION_S, load.text))
                measured = group.create_task(_growth(instance))
            place = instance.database
            connection = await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)
            try:
                drained = await _drained(connection)
                statuses = await _statuses(connection)
                dead = await connection.fetch("select kind, reason from dead_jobs")
                leased = await connection.fetchval("select count(*) from jobs where leased")
                texts = await connection.fetchval("select count(*) from phone_messages")
            finally:
                await connection.close()
        log = instance.log.read_text("utf-8", "replace")
    warm, last = measured.result()
    mebibyte = 1024 * 1024
    print(
        f"{DURATION_S:.0f} s: {len(load.sent)} created, {len(load.texted)} texted, {len(load.deleted)} deleted,"
        f" refused {dict(load.refused)}; memory {warm / mebibyte:.1f} → {last / mebibyte:.1f} MiB",
        flush=True,
    )
    assert drained
    assert not load.refused
    kept = [sid for sid in load.sent if sid not in load.deleted]
    assert {statuses.get(sid) for sid in kept} == {"delivered"}
    assert {statuses.get(sid) for sid in load.texted} == {"received"}
    assert not load.deleted & statuses.keys()
    # One reply to each text, nothing besides.
    assert len(statuses) == len(kept) + 2 * len(load.texted)
    assert texts == len(load.sent) + 2 * len(load.texted)
    replied = [sid for sid in statuses if sid not in {*kept, *load.texted}]
    assert application.asked == Counter(load.texted)
    assert application.told == Counter(
        (sid, status) for sid in [*load.sent, *replied] for status in ("sent", "delivered")
    )
    assert (dead, leased) == ([], 0)
    assert "Traceback" not in log
    assert last <= warm * (1 + MOST_GROWTH) + SPARE_BYTES


def test_a_steady_load_leaves_nothing_behind() -> None:
    asyncio.run(_soak())
