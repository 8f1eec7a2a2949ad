"""What an open console costs the API: creates a second while a live feed is read, or the page itself is open in a
browser, against the same without; and what the record of requests costs it.

A browser takes processor time from a server on the same machine, whatever the server does. So the page's turns are
pinned: the browser has a processor of its own, everything else shares another. What is lost then, the server loses;
what the browser takes stands beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from msgspec import Struct

from benchmarks import chromium, creates, processes, wrk
from benchmarks.instance import ACCOUNT_SID, AUTH_TOKEN, MESSAGES, Instance
from benchmarks.table import NotRun, Row, rate

_ROUNDS = 7
_FEED_TIMEOUT_S = 30.0


class Feed(threading.Thread):
    """A browser's live feed, read as fast as it comes."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(daemon=True)
        self.messages = self.skipped = 0
        self._connection = HTTPConnection("127.0.0.1", instance.port, timeout=_FEED_TIMEOUT_S)
        self._answer = self._open()

    def _open(self) -> object:
        given = json.dumps({"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN})
        self._connection.request("POST", "/console/api/session", given, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise NotRun(f"signing in to the console was answered with {answer.status}")
        cookie = str(answer.headers["set-cookie"]).partition(";")[0]
        self._connection.request("GET", "/console/api/feed", headers={"Cookie": cookie})
        return self._connection.getresponse()

    def run(self) -> None:
        with contextlib.suppress(OSError, HTTPException, ValueError, AttributeError):
            for line in self._answer:  # type: ignore[attr-defined]
                if line.startswith(b"data: "):
                    batch = json.loads(line[6:])
                    self.messages += len(batch["messages"])
                    self.skipped += batch["skipped"]["messages"]

    def close(self) -> None:
        sock = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(2)
        self._connection.close()
        self.join(_FEED_TIMEOUT_S)


@contextlib.contextmanager
def open_feed(instance: Instance) -> Iterator[Feed]:
    feed = Feed(instance)
    feed.start()
    try:
        yield feed
    finally:
        feed.close()


class Turn(Struct, frozen=True):
    """What one turn of creating took."""

    per_second: float
    cpu_ms: float  # of the api process and PostgreSQL, for one create


def with_a_feed(seconds: float) -> list[Row]:
    told = skipped = 0

    @contextlib.contextmanager
    def reading() -> Iterator[None]:
        nonlocal told, skipped
        with open_feed(instance) as feed:
            yield
        told, skipped = told + feed.messages, skipped + feed.skipped

    with Instance() as instance, creates.without_workers(instance):
        pairs = _in_turns(reading, lambda: _turn(instance, seconds))
    return _compared("a live feed read", pairs, f"{told:,} rows told, {skipped:,} counted")


def with_a_page(seconds: float) -> list[Row]:
    """The list of messages, which draws all that comes."""
    taken: list[float] = []
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        raise NotRun("this system pins no process to a processor of its own")

    @contextlib.contextmanager
    def looking() -> Iterator[None]:
        with chromium.open_page(browser, instance, "messages"):
            _pin(chromium.pids(), 1)
            before, began = processes.cpu_seconds(chromium.pids()), time.monotonic()
            yield
            used = processes.cpu_seconds(chromium.pids()) - before
            taken.append(used / (time.monotonic() - began))

    with (
        Instance() as instance,
        chromium.signed_in(instance) as browser,
        creates.without_workers(instance),
        _pinned(0),
    ):
        _pin(instance.family(), 0)
        pairs = _in_turns(looking, lambda: _turn(instance, seconds))
    return _compared(
        "the page open in Chromium",
        pairs,
        f"the browser takes {statistics.median(taken):.2f} of another core",
    )


def with_records(seconds: float) -> list[Row]:
    """Two servers, one of them without the record, in turns."""
    pairs = []
    with (
        Instance() as one,
        Instance(recorded_requests="0") as other,
        creates.without_workers(one),
        creates.without_workers(other),
    ):
        for instance in (one, other):
            _turn(instance, 2)
        for number in range(_ROUNDS):
            bare = _turn(other, seconds) if number % 2 else None
            recorded = _turn(one, seconds)
            pairs.append((recorded, bare or _turn(other, seconds)))
    return _compared("requests recorded", pairs, bars=("> 0.95", "< 1.05"))


def _in_turns(
    watching: Callable[[], AbstractContextManager[None]], turn: Callable[[], Turn]
) -> list[tuple[Turn, Turn]]:
    """Watched and alone, so that what else the machine does meets both."""
    pairs = []
    turn()
    for number in range(_ROUNDS):
        alone = turn() if number % 2 else None
        with watching():
            seen = turn()
        pairs.append((seen, alone or turn()))
    return pairs


def _compared(
    what: str,
    pairs: list[tuple[Turn, Turn]],
    beside: str = "",
    bars: tuple[str, str] = ("> 0.90", "< 1.10"),
) -> list[Row]:
    """The medians of the turns' ratios. Processor time tells the cost on a machine that has other things to do as
    well."""
    seen, alone = _median([pair[0] for pair in pairs]), _median([pair[1] for pair in pairs])
    return [
        Row(
            what=f"accepted creates with {what}",
            ours=rate(seen.per_second) + (f" ({beside})" if beside else ""),
            theirs=f"{rate(alone.per_second)} (ours without)",
            ratio=statistics.median(ours.per_second / theirs.per_second for ours, theirs in pairs),
            bar=bars[0],
        ),
        Row(
            what=f"processor time of a create with {what}",
            ours=f"{seen.cpu_ms:.2f} ms",
            theirs=f"{alone.cpu_ms:.2f} ms (ours without)",
            ratio=statistics.median(ours.cpu_ms / theirs.cpu_ms for ours, theirs in pairs),
            bar=bars[1],
        ),
    ]


@contextlib.contextmanager
def _pinned(processor: int) -> Iterator[None]:
    """We and the load that we start."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _pin(pids: list[int], processor: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {processor})


def _turn(instance: Instance, seconds: float) -> Turn:
    before = processes.cpu_seconds(instance.family())
    load = wrk.create(instance.url + MESSAGES, seconds)
    used = processes.cpu_seconds(instance.family()) - before
    return Turn(load.per_second, used * 1000 / max(1, load.requests - load.failed))


def _median(turns: list[Turn]) -> Turn:
    return Turn(
        statistics.median(turn.per_second for turn in turns), statistics.median(turn.cpu_ms for turn in turns)
    )
