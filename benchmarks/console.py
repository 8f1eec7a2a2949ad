"""What the console costs the API: creates a second with one live feed open, against the same without; and with the
record of requests, against the same without."""

from __future__ import annotations

import contextlib
import json
import statistics
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

from msgspec import Struct

from benchmarks import creates, processes, wrk
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
    """In turns, so that what else the machine does meets both; the medians of the turns' ratios. Processor time tells
    the cost on a machine that has other things to do as well."""
    alone: list[Turn] = []
    watched: list[Turn] = []
    told = skipped = 0
    with Instance() as instance, creates.without_workers(instance):
        _turn(instance, 2)
        for number in range(_ROUNDS):
            for is_watched in (number % 2 == 0, number % 2 == 1):
                if not is_watched:
                    alone.append(_turn(instance, seconds))
                    continue
                with open_feed(instance) as feed:
                    watched.append(_turn(instance, seconds))
                told, skipped = told + feed.messages, skipped + feed.skipped
    told_of = f" ({told:,} rows told, {skipped:,} counted)"
    return _compared("a live feed open", watched, alone, (told_of, "> 0.90", "< 1.10"))


def with_records(seconds: float) -> list[Row]:
    """Two servers, one of them without the record, in turns."""
    recorded: list[Turn] = []
    bare: list[Turn] = []
    with (
        Instance() as one,
        Instance(recorded_requests="0") as other,
        creates.without_workers(one),
        creates.without_workers(other),
    ):
        for instance in (one, other):
            _turn(instance, 2)
        for number in range(_ROUNDS):
            for is_recorded in (number % 2 == 0, number % 2 == 1):
                turns, instance = (recorded, one) if is_recorded else (bare, other)
                turns.append(_turn(instance, seconds))
    return _compared("requests recorded", recorded, bare, ("", "> 0.95", "< 1.05"))


def _compared(what: str, ours: list[Turn], without: list[Turn], said: tuple[str, str, str]) -> list[Row]:
    """The medians of the turns' ratios."""
    pairs = list(zip(ours, without, strict=True))
    more, least, most = said
    return [
        Row(
            what=f"accepted creates with {what}",
            ours=f"{rate(_median(ours).per_second)}{more}",
            theirs=f"{rate(_median(without).per_second)} (ours without)",
            ratio=statistics.median(one.per_second / other.per_second for one, other in pairs),
            bar=least,
        ),
        Row(
            what=f"processor time of a create with {what}",
            ours=f"{_median(ours).cpu_ms:.2f} ms",
            theirs=f"{_median(without).cpu_ms:.2f} ms (ours without)",
            ratio=statistics.median(one.cpu_ms / other.cpu_ms for one, other in pairs),
            bar=most,
        ),
    ]


def _turn(instance: Instance, seconds: float) -> Turn:
    before = processes.cpu_seconds(instance.family())
    load = wrk.create(instance.url + MESSAGES, seconds)
    used = processes.cpu_seconds(instance.family()) - before
    return Turn(load.per_second, used * 1000 / max(1, load.requests - load.failed))


def _median(turns: list[Turn]) -> Turn:
    return Turn(
        statistics.median(turn.per_second for turn in turns), statistics.median(turn.cpu_ms for turn in turns)
    )
