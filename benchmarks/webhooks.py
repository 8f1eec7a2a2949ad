"""Webhooks: how many signed notifications a second leave, what one that hangs does to a hundred endpoints, and what it
costs to record everything.

Notifications are queued in the database as products queue them; everything from there is the worker's. Delays are
from the moment that a notification is due to its arrival, and each round has its counterpart beside it.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any, Final

import asyncpg
from msgspec import Struct

from benchmarks import processes
from benchmarks.instance import ACCOUNT_SID, BASIC, Instance
from benchmarks.sink import sink
from benchmarks.table import NotRun, Row, milliseconds, rate
from localloop.core import clock, sids
from localloop.jobs import enqueue
from localloop.payloads.messaging import MessageChange
from localloop.payloads.part import API_VERSION
from localloop.webhooks import Notification

_PILE: Final = 12_000
_ROUNDS: Final = 5
_ENDPOINTS: Final = 100
_PER_SECOND: Final = 400
_TICK_S: Final = 0.02
_DRAINED_S: Final = 60.0


def dispatch(seconds: float) -> list[Row]:
    """A pile of notifications, from their commit until the last is answered and recorded; compactly and in full."""
    with Instance("--log-format", "json") as instance:
        rounds: dict[str, list[Pile]] = {"failures": [], "full": []}
        _pile(instance, "failures", 2_000)
        for number in range(2 * max(2, round(seconds / 4))):
            record = ("failures", "full")[number % 2]
            rounds[record].append(_pile(instance, record, _PILE))
    compact, full = (_median(rounds[record]) for record in ("failures", "full"))
    return [
        Row(what="signed notifications dispatched", ours=rate(compact.rate), bar="≥ 4,000/s"),
        Row(
            what="… recorded in full, against compactly",
            ours=rate(full.rate),
            theirs=rate(compact.rate),
            ratio=full.rate / compact.rate,
        ),
        Row(
            what="processor time of one, in full, against compactly",
            ours=f"{full.cpu_us:.0f} µs",
            theirs=f"{compact.cpu_us:.0f} µs",
            ratio=full.cpu_us / compact.cpu_us,
        ),
    ]


def one_that_hangs(seconds: float) -> list[Row]:
    """The delays at 99 endpoints while the hundredth takes requests and never answers, against all that answer."""
    with_one: list[float] = []
    without: list[float] = []
    with Instance("--log-format", "json") as instance:
        _round(instance, 0, 2.0)
        for _ in range(_ROUNDS):
            without += _round(instance, 0, max(4.0, seconds / 2))
            with_one += _round(instance, 1, max(4.0, seconds / 2))
    held, calm = _p99(with_one), _p99(without)
    return [
        Row(
            what=f"p99 of a notification's delay at {_ENDPOINTS - 1} endpoints, one more hanging, against none",
            ours=milliseconds(held),
            theirs=milliseconds(calm),
            ratio=held / calm,
            bar="< 1.20",
        )
    ]


class Pile(Struct, frozen=True):
    rate: float
    cpu_us: float


def _pile(instance: Instance, record: str, count: int) -> Pile:
    choose(instance, record)
    with sink() as arrivals:
        family = instance.family()
        before = processes.cpu_seconds(family)
        seconds = asyncio.run(_drained(instance, arrivals.ports[0], count))
        cpu = processes.cpu_seconds(family) - before
        came = arrivals.report().came
    if came != count:
        raise NotRun(f"{came} of {count} notifications came")
    return Pile(count / seconds, cpu / count * 1e6)


def _median(piles: list[Pile]) -> Pile:
    return Pile(statistics.median(p.rate for p in piles), statistics.median(p.cpu_us for p in piles))


async def _drained(instance: Instance, port: int, count: int) -> float:
    connection = await _connect(instance)
    try:
        # Due in a moment, so that the clock starts with all of them there.
        due_at = clock.now() + timedelta(seconds=2)
        for start in range(0, count, 2_000):
            await enqueue(
                connection, [_told(port).job(ACCOUNT_SID, due_at) for _ in range(min(2_000, count - start))]
            )
        await asyncio.sleep(max(0.0, (due_at - clock.now()).total_seconds()))
        began = time.monotonic()
        while await connection.fetchval("select exists (select from jobs where kind = 'webhook')"):
            if time.monotonic() - began > _DRAINED_S:
                raise NotRun("the pile was not worked off")
            await asyncio.sleep(0.01)
        return time.monotonic() - began
    finally:
        await connection.close()


def _p99(delays: list[float]) -> float:
    return sorted(delays)[int(len(delays) * 0.99)]


def _round(instance: Instance, stuck: int, seconds: float) -> list[float]:
    """The delays of one round, in milliseconds."""
    with sink(_ENDPOINTS, stuck) as arrivals:
        asyncio.run(_spread(instance, arrivals.ports, seconds))
        delays = arrivals.report().delays
    asyncio.run(_clear(instance))
    wanted = _PER_SECOND * seconds * (_ENDPOINTS - stuck) / _ENDPOINTS
    if len(delays) < 0.98 * wanted:
        raise NotRun(f"{len(delays)} of {wanted:.0f} notifications came")
    return [delay / 1000 for delay in delays]


async def _spread(instance: Instance, ports: list[int], seconds: float) -> None:
    """So many a second, to one endpoint after the other."""
    connection = await _connect(instance)
    try:
        began, sent = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * _PER_SECOND) + 1 - sent
            now = clock.now()
            jobs = [
                _told(ports[(sent + each) % len(ports)], at=time.time_ns() // 1000) for each in range(due)
            ]
            await enqueue(connection, [job.job(ACCOUNT_SID, now) for job in jobs])
            sent += due
            await asyncio.sleep(_TICK_S)
        await asyncio.sleep(1.0)
    finally:
        await connection.close()


async def _clear(instance: Instance) -> None:
    """What still waits for the endpoint that hung is not for the next round."""
    connection = await _connect(instance)
    try:
        await connection.execute("delete from jobs where kind = 'webhook'")
    finally:
        await connection.close()


def _told(port: int, at: int | None = None) -> Notification:
    """A status callback as messages send it."""
    sid = sids.new("SM")
    told = MessageChange(
        message_sid=sid,
        sms_sid=sid,
        message_status="delivered",
        sms_status="delivered",
        account_sid=ACCOUNT_SID,
        from_="+14155550100",
        to="+12125550100",
        api_version=API_VERSION,
        raw_dlr_done_date="2601020304",
    )
    params = told.params() | ({} if at is None else {"At": str(at)})
    token = str(uuid.uuid4())
    return Notification(f"http://127.0.0.1:{port}/status", params, ACCOUNT_SID, sid, idempotency_token=token)


def choose(instance: Instance, record: str) -> None:
    connection = HTTPConnection("127.0.0.1", instance.port, timeout=10)
    headers = {"Authorization": BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/lab/v1/WebhookSettings", f"Record={record}", headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise NotRun(f"the settings were answered with {answer.status}")


async def _connect(instance: Instance) -> Any:
    place = instance.database
    return await asyncpg.connect(**place | {"port": int(place["port"])}, timeout=10)
