"""Calls from the request to their last callback: two documents fetched and four callbacks each; how many a second are
set up and finished, and where their time goes.
"""

from __future__ import annotations

import os
import time
from typing import Final

from benchmarks import creates, database, processes, wrk
from benchmarks.instance import ACCOUNT_SID, Instance
from benchmarks.messages import Flow
from benchmarks.sink import Sink, sink
from benchmarks.table import NotRun, Row, rate
from benchmarks.webhooks import choose

CALLS: Final = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
_CONNECTIONS: Final = 16
_DRAINED_S: Final = 240.0
_LEFT: Final = """
select (select count(*) from live_calls) > {alive} or exists (select from jobs where kind = 'webhook')
"""
REQUESTS: Final = 6  # of a call: two for documents, four that tell of it


def end_to_end(seconds: float) -> list[Row]:
    with Instance(call_rate="0") as instance:
        choose(instance, "failures")
        flow(instance, 2)
        found = flow(instance, seconds)
    times = ", ".join(f"{name} {cpu:.0f}" for name, cpu in found.cpu_us.items())
    return [
        Row(
            what="calls with two documents and four signed callbacks each, api and worker processes",
            ours=f"{rate(found.rate)} ({rate(found.accepted)} accepted meanwhile)",
            theirs=f"{rate(found.limit)} with all cores busy",
            ratio=found.rate / found.limit,
            bar="≥ 100/s",
        ),
        Row(what="— processor time of one, in µs", ours=f"{sum(found.cpu_us.values()):.0f}: {times}"),
    ]


def flow(instance: Instance, seconds: float, alive: int = 0) -> Flow:
    """Creates for so long, as fast as they are taken, and then until every call has ended and its last callback was
    answered, but for those that are alive all the time. A phone rings for a second, and its call lasts another."""
    with sink() as arrivals:
        before, spent = _count(instance), _times(instance, arrivals)
        began = time.monotonic()
        wrk.create(instance.url + CALLS, seconds, _CONNECTIONS, form=form(arrivals.ports[0], "first"))
        accepting = time.monotonic() - began
        drained(instance, alive)
        took = time.monotonic() - began
        cpu = {name: cpu - spent[name] for name, cpu in _times(instance, arrivals).items()}
        count = _count(instance) - before
        came = arrivals.report().came
    if came < REQUESTS * count:
        raise NotRun(f"{came} requests of {count} calls came")
    return Flow(
        count, count / accepting, count / took, {name: each * 1e6 / count for name, each in cpu.items()}
    )


def form(port: int, document: str) -> dict[str, str]:
    return {
        "Url": f"http://127.0.0.1:{port}/{document}",
        "StatusCallback": f"http://127.0.0.1:{port}/status",
        "StatusCallbackEvent": "initiated ringing answered completed",
    }


def drained(instance: Instance, alive: int = 0) -> None:
    began = time.monotonic()
    while database.ask(instance, _LEFT.format(alive=alive)):
        if time.monotonic() - began > _DRAINED_S:
            raise NotRun("the calls did not end")
        time.sleep(0.05)


def _count(instance: Instance) -> int:
    count: int = database.ask(instance, "select count(*) from calls where status = 'completed'")
    return count


def _times(instance: Instance, arrivals: Sink) -> dict[str, float]:
    children = instance.children()
    names = ["api", *("worker" for _ in children[1:])]
    spent = dict.fromkeys(names, 0.0)
    for name, pid in zip(names, children, strict=True):
        spent[name] += processes.cpu_seconds([pid])
    spent["PostgreSQL"] = processes.cpu_seconds(creates.backends(instance))
    spent["the application"] = processes.cpu_seconds([arrivals.pid])
    used = os.times()
    spent["the load"] = used.children_user + used.children_system
    return spent
