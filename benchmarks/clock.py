"""What a month costs: messages that are due far ahead, in worlds whose time passes while somebody waits."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from benchmarks.instance import Instance
from benchmarks.table import NotRun, Row, milliseconds

BAR_MS = 200
TEN_HOURS = (
    0.000028  # segments a second, so that the second message waits 9.9 hours, the most that fits into a queue
)
_WITHIN = aiohttp.ClientTimeout(total=60)


def far_ahead(times: int) -> list[Row]:
    with Instance(message_rate=f"{TEN_HOURS:f}") as instance:
        at_once, scheduled, queued = asyncio.run(_measure(instance.url, times))
    return [
        _row("scheduled 30 days ahead: created, sent, all callbacks, its usage day", scheduled, at_once),
        _row("10 hours in a queue: created, sent, delivered", queued, at_once),
    ]


def _row(what: str, seconds: list[float], at_once: list[float]) -> Row:
    """Against one that is due at once, until its last callback has come: what this machine takes for that."""
    ours, theirs = statistics.median(seconds), statistics.median(at_once)
    return Row(
        what=f"{what} ({len(seconds)} worlds)",
        ours=f"median {milliseconds(ours * 1000)}, most {milliseconds(max(seconds) * 1000)}",
        theirs=f"due at once: {milliseconds(theirs * 1000)}",
        ratio=ours / theirs,
        bar=f"< {BAR_MS} ms",
    )


class _World:
    """An account of its own, with a number in a messaging service and an automatic clock."""

    def __init__(self, http: aiohttp.ClientSession, url: str, sink: str) -> None:
        self.sid = f"AC{token_hex(16)}"
        self._http, self._url, self._sink = http, url, sink
        self._auth = aiohttp.BasicAuth(self.sid, token_hex(16))
        self._service = ""

    async def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Any:
        async with self._http.request(method, self._url + path, data=form, auth=self._auth) as answer:
            if answer.status >= 400:
                raise NotRun(f"{path} was answered with {answer.status}: {await answer.text()}")
            return await answer.json()

    async def open(self) -> None:
        self._service = (await self.ask("POST", "/messaging/v1/Services", {"FriendlyName": "far"}))["sid"]
        bought = await self.ask(
            "POST",
            f"/2010-04-01/Accounts/{self.sid}/IncomingPhoneNumbers.json",
            {"PhoneNumber": "+14155550001"},
        )
        senders = f"/messaging/v1/Services/{self._service}/PhoneNumbers"
        await self.ask("POST", senders, {"PhoneNumberSid": bought["sid"]})
        await self.ask("POST", "/lab/v1/Clock", {"Mode": "auto"})

    async def send(self, **params: str) -> Any:
        form = {"To": "+12125550001", "Body": "hello", "StatusCallback": self._sink, **params}
        return await self.ask("POST", f"/2010-04-01/Accounts/{self.sid}/Messages.json", form)

    async def wait(self, kind: str, **params: str) -> Any:
        return await self.ask("GET", f"/lab/v1/Waits/{kind}?{urlencode(params)}")

    async def at_once(self) -> None:
        sent = await self.send(From="+14155550002")
        await self.wait("Deliveries", ResourceSid=sent["sid"], MessageStatus="delivered")

    async def scheduled(self) -> None:
        clock = await self.ask("GET", "/lab/v1/Clock")
        due = datetime.fromisoformat(clock["at"].replace("Z", "+00:00")) + timedelta(days=30)
        sent = await self.send(
            MessagingServiceSid=self._service, ScheduleType="fixed", SendAt=f"{due:%Y-%m-%dT%H:%M:%SZ}"
        )
        month = str(31 * 86_400)
        await self.wait("Deliveries", ResourceSid=sent["sid"], MessageStatus="delivered", Timeout=month)
        day = urlencode(
            {"Category": "sms-outbound", "StartDate": f"{due:%Y-%m-%d}", "EndDate": f"{due:%Y-%m-%d}"}
        )
        usage = await self.ask("GET", f"/2010-04-01/Accounts/{self.sid}/Usage/Records/Daily.json?{day}")
        if [record["count"] for record in usage["usage_records"]] != ["1"]:
            raise NotRun(f"a message that was due at {due} is not in that day's usage: {usage}")

    async def queued(self) -> None:
        sent = await self.send(From="+14155550001")
        if (await self.ask("GET", "/lab/v1/Clock"))["next_due"] is None:
            raise NotRun("a message that should wait does not")
        await self.wait("Messages", MessageSid=sent["sid"], Status="delivered", Timeout=str(11 * 3_600))


async def _measure(url: str, times: int) -> tuple[list[float], ...]:
    async def receive(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/status", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sink = f"http://127.0.0.1:{runner.addresses[0][1]}/status"
    spans: list[list[float]] = []
    try:
        async with aiohttp.ClientSession(timeout=_WITHIN) as http:
            for number in range(-2, times):  # the first two warm up
                world = _World(http, url, sink)
                await world.open()
                taken = [await _timed(act) for act in (world.at_once, world.scheduled, world.queued)]
                if number >= 0:
                    spans.append(taken)
    finally:
        await runner.cleanup()
    return tuple(map(list, zip(*spans, strict=True)))


async def _timed(act: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began
