"""Calls that are alive: two thousand at once, what a call costs beside them, and one of four hours in virtual time."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any, Final

import aiohttp
from msgspec import Struct

from benchmarks import calls, creates, database, processes
from benchmarks.instance import ACCOUNT_SID, AUTH_TOKEN, Instance
from benchmarks.sink import Sink, sink
from benchmarks.table import NotRun, Row, megabytes, milliseconds
from benchmarks.webhooks import choose

LEVELS: Final = (100, 500, 2_000)
LIMIT_S: Final = 14_400
PAUSE_S: Final = 7_200  # of those that are held
RING_S: Final = 1
BAR_MS: Final = 200
_ROUNDS: Final = 3
_AT_ONCE: Final = 16
_WITHIN: Final = aiohttp.ClientTimeout(total=240)
_ALIVE: Final = "select count(*) from calls where status = 'in-progress'"
_UP_WITHIN_S: Final = 60.0
_LONG: Final = "<Response>" + "<Pause length='3600'/>" * 5 + "</Response>"


class End(Struct, frozen=True):
    """How all of them ended at one moment."""

    seconds: float
    completed: int
    missing: int  # of their documents and callbacks


def at_once(seconds: float) -> list[Row]:
    """Calls are held in a pause, more and more of them; beside them others come and go, which is what is measured."""
    with Instance(call_rate="0") as instance, sink() as arrivals:
        choose(instance, "failures")
        calls.flow(instance, 2)
        empty = _memory(instance)
        costs = {level: _cost_beside(instance, arrivals, level, seconds) for level in LEVELS}
        full = _memory(instance)
        end = _end_all(instance, arrivals)
    return [*_costs(costs), *_ends(end, full - empty)]


def _costs(costs: dict[int, float]) -> list[Row]:
    few, *_, many = costs.values()
    told = ", ".join(f"{cost:.0f}" for cost in costs.values())
    levels = ", ".join(f"{level:,}" for level in costs)
    return [
        Row(
            what=f"processor time of a call in µs, beside {levels} that are alive",
            ours=told,
            theirs=f"beside {LEVELS[0]}: {few:.0f}",
            ratio=many / few,
            bar="< 1.20",
        )
    ]


def _ends(end: End, memory: float) -> list[Row]:
    count = LEVELS[-1]
    return [
        Row(
            what=f"{count:,} calls in progress at once, which all end at one moment",
            ours=f"{end.completed:,} completed in {end.seconds:.1f} s, {end.missing} requests missing",
            bar="none missing",
        ),
        Row(
            what="— memory of all processes, against none alive",
            ours=f"{megabytes(memory)} more, {memory / count / 1024:.1f} KiB each",
        ),
    ]


def _cost_beside(instance: Instance, arrivals: Sink, level: int, seconds: float) -> float:
    """The least of some rounds: whatever else this machine does only adds to it."""
    held: int = database.ask(instance, _ALIVE)
    asyncio.run(_hold(instance, arrivals.ports[0], level - held))
    began = time.monotonic()
    while database.ask(instance, _ALIVE) < level:
        if time.monotonic() - began > _UP_WITHIN_S:
            raise NotRun(f"{level} calls were not answered")
        time.sleep(0.05)
    calls.drained(instance, level)
    rounds = [calls.flow(instance, seconds / _ROUNDS, level) for _ in range(_ROUNDS)]
    if database.ask(instance, _ALIVE) != level:
        raise NotRun(f"{level} calls did not stay alive")
    return min(sum(each.cpu_us.values()) for each in rounds)


async def _hold(instance: Instance, port: int, count: int) -> None:
    """So many calls more."""
    form = {"From": "+15017122661", **calls.form(port, "hold")}
    numbers = iter(range(count))
    auth = aiohttp.BasicAuth(ACCOUNT_SID, AUTH_TOKEN)
    async with aiohttp.ClientSession(instance.url, auth=auth, timeout=_WITHIN) as http:

        async def work() -> None:
            for number in numbers:
                async with http.post(calls.CALLS, data={"To": f"+1212556{number:04}", **form}) as answer:
                    if answer.status != 201:
                        raise NotRun(f"a call was answered with {answer.status}: {await answer.text()}")

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())


def _end_all(instance: Instance, arrivals: Sink) -> End:
    """Their pauses are over all at once, by the world's clock."""
    ids = "select count(*) from calls where status = 'completed'"
    before: int = database.ask(instance, ids)
    began = time.monotonic()
    asyncio.run(_leap(instance))
    calls.drained(instance)
    took = time.monotonic() - began
    completed: int = database.ask(instance, ids) - before
    return End(took, completed, calls.REQUESTS * LEVELS[-1] - arrivals.report().came)


async def _leap(instance: Instance) -> None:
    auth = aiohttp.BasicAuth(ACCOUNT_SID, AUTH_TOKEN)
    async with aiohttp.ClientSession(instance.url, auth=auth, timeout=_WITHIN) as http:
        await _set_clock(http, Advance=str(PAUSE_S), Steps="false")


def _memory(instance: Instance) -> int:
    return processes.memory([*instance.children(), *creates.backends(instance)])


def four_hours(times: int) -> list[Row]:
    """A call that nobody ends, against one of a second: what this machine takes for a call."""
    with Instance(call_rate="0") as instance:
        ours, theirs = asyncio.run(_lasting(instance, times))
    median, short = statistics.median(ours), statistics.median(theirs)
    return [
        Row(
            what=f"a call of four hours, until its time limit has ended it ({len(ours)} calls)",
            ours=f"median {milliseconds(median * 1000)}, least {milliseconds(min(ours) * 1000)}",
            theirs=f"of a second: {milliseconds(short * 1000)}",
            ratio=median / short,
            bar=f"< {BAR_MS} ms",
        )
    ]


async def _lasting(instance: Instance, times: int) -> tuple[list[float], list[float]]:
    auth = aiohttp.BasicAuth(ACCOUNT_SID, AUTH_TOKEN)
    ours: list[float] = []
    theirs: list[float] = []
    async with aiohttp.ClientSession(instance.url, auth=auth, timeout=_WITHIN) as http:
        await _set_clock(http, Mode="frozen")
        for number in range(-2, times):  # the first two warm up
            long = await _lived(http, _LONG, LIMIT_S)
            short = await _lived(http, "<Response><Pause length='1'/></Response>", 1)
            if number >= 0:
                ours.append(long)
                theirs.append(short)
    return ours, theirs


async def _lived(http: aiohttp.ClientSession, twiml: str, seconds: int) -> float:
    """Real seconds from the request to the end of a call that lasts so long by its own time."""
    began = time.perf_counter()
    form = {"From": "+15017122661", "To": "+12125550001", "Twiml": twiml}
    async with http.post(calls.CALLS, data=form) as answer:
        path = calls.CALLS.replace(".json", f"/{(await answer.json())['sid']}.json")
    await _set_clock(http, Advance=str(seconds + 2 * RING_S))
    while True:
        async with http.get(path) as answer:
            call: Any = await answer.json()
        took = time.perf_counter() - began
        if call["status"] == "completed":
            break
        if took > _UP_WITHIN_S:
            raise NotRun(f"the call did not end: {call['status']}")
    if int(call["duration"]) != seconds:
        raise NotRun(f"it lasted {call['duration']} seconds, not {seconds}")
    return took


async def _set_clock(http: aiohttp.ClientSession, **form: str) -> None:
    async with http.post("/lab/v1/Clock", data=form) as answer:
        if answer.status != 200:
            raise NotRun(f"the clock was not set: {await answer.text()}")
