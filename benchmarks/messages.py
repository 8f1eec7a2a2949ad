"""Messages from the request to the second of two signed callbacks: how many a second, and where their time goes."""

from __future__ import annotations

import os
import time
from typing import Final

from msgspec import Struct

from benchmarks import creates, database, processes, wrk
from benchmarks.instance import MESSAGES, Instance
from benchmarks.sink import Sink, sink
from benchmarks.table import NotRun, Row, rate
from benchmarks.webhooks import choose

_CONNECTIONS: Final = 64
_DRAINED_S: Final = 240.0
# By the index, so that asking costs next to nothing: few jobs of other kinds are due before.
_LEFT: Final = """
select exists (
  select from (select kind from jobs order by run_at, id limit 100) as first
  where kind = any('{message.send,message.receipt,webhook}')
)
"""
_LOOK_S: Final = 0.1


class Flow(Struct, frozen=True):
    """What came of one load: messages, until the last callback was answered, and everybody's time for one of them."""

    messages: int
    accepted: float  # a second
    rate: float
    cpu_us: dict[str, float]

    @property
    def limit(self) -> float:
        """With every core at work all the time."""
        return (os.cpu_count() or 1) * 1e6 / sum(self.cpu_us.values())


def end_to_end(seconds: float) -> list[Row]:
    rows = _layout("api and worker processes", "≥ 2,000/s", seconds)
    return rows + _layout("one process (--single)", "≥ 1,200/s", seconds, "--single")


def _layout(what: str, bar: str, seconds: float, *options: str) -> list[Row]:
    with Instance(*options) as instance:
        choose(instance, "failures")
        flow(instance, 2)
        found = flow(instance, seconds)
    times = ", ".join(f"{name} {cpu:.0f}" for name, cpu in found.cpu_us.items())
    return [
        Row(
            what=f"messages with two signed callbacks each, {what}",
            ours=f"{rate(found.rate)} ({rate(found.accepted)} accepted meanwhile)",
            theirs=f"{rate(found.limit)} with all cores busy",
            ratio=found.rate / found.limit,
            bar=bar,
        ),
        Row(what="— processor time of one, in µs", ours=f"{sum(found.cpu_us.values()):.0f}: {times}"),
    ]


def flow(instance: Instance, seconds: float) -> Flow:
    """Creates for so long, as fast as they are taken, and then until everything has been called back."""
    with sink() as arrivals:
        before = _count(instance)
        spent = _times(instance, arrivals)
        began = time.monotonic()
        url = f"http://127.0.0.1:{arrivals.ports[0]}/status"
        wrk.create(instance.url + MESSAGES, seconds, _CONNECTIONS, form={"StatusCallback": url})
        accepting = time.monotonic() - began
        drained(instance, _DRAINED_S)
        took = time.monotonic() - began
        cpu = {name: cpu - spent[name] for name, cpu in _times(instance, arrivals).items()}
        count = _count(instance) - before
        came = arrivals.report().came
    if came < 2 * count:
        raise NotRun(f"{came} callbacks of {count} messages came")
    return Flow(
        count, count / accepting, count / took, {name: each * 1e6 / count for name, each in cpu.items()}
    )


def drained(instance: Instance, within_s: float) -> None:
    """Until nothing is left to send or to call back."""
    began = time.monotonic()
    while database.ask(instance, _LEFT):
        if time.monotonic() - began > within_s:
            raise NotRun("the messages were not worked off")
        time.sleep(_LOOK_S)


def _count(instance: Instance) -> int:
    count: int = database.ask(instance, "select count(*) from messages")
    return count


def _times(instance: Instance, arrivals: Sink) -> dict[str, float]:
    children = instance.children()
    names = ["api", *("worker" for _ in children[1:])] if len(children) > 1 else ["api and worker"]
    spent = dict.fromkeys(names, 0.0)
    for name, pid in zip(names, children, strict=True):
        spent[name] += processes.cpu_seconds([pid])
    spent["PostgreSQL"] = processes.cpu_seconds(creates.backends(instance))
    spent["the application"] = processes.cpu_seconds([arrivals.pid])
    used = os.times()
    spent["the load"] = used.children_user + used.children_system
    return spent
