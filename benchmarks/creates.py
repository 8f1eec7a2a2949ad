"""Accepted creates per second: ours against Prism and against pgbench, and lists and creates as the history grows."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from msgspec import Struct

from benchmarks import database, pgbench, processes, stoplight, wrk
from benchmarks.instance import BASIC, MESSAGES, Instance
from benchmarks.table import NotRun, Row, milliseconds, not_run, rate

SMALL, LARGE = 10_000, 1_000_000
_CONNECTIONS = 80  # an account may have 100 requests at once
_PAUSE_S = 1.0  # until what the last load left in flight is answered, or it would count among those
_PEER_CONNECTIONS = 32  # more make Prism no faster, only later
_OPERATION = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
_ROUNDS = 3
_PLAIN = """
insert into resources (account_sid, kind, sid, parent_sid, parents, position, version, data, date_created, date_updated)
select r.account_sid, r.kind, left(r.sid, 2) || replace(made.id::text, '-', ''), r.parent_sid, r.parents, made.id,
  r.version, r.data, r.date_created, r.date_updated
from resources r, generate_series(1, $2::int) as n, lateral (select uuidv7(make_interval(secs => -n)) as id) as made
where r.sid = $1
"""


class Share(Struct, frozen=True):
    """What one side did in its turns: creates per second, and the processor time that one of them took."""

    per_second: float
    cpu_us: float


def against_peers(seconds: float) -> list[Row]:
    """Both peers and ourselves, in turns on one machine."""
    with Instance() as instance:
        delivering = _accepted(instance, seconds)
        _drained(instance)
        rows = [
            Row(what="accepted creates, workers delivering meanwhile", ours=_told(delivering)),
            *_against_prism("the 2010 API", "", instance, seconds),
            *_against_prism("this operation alone", _OPERATION, instance, seconds),
        ]
        with without_workers(instance):
            _accepted(instance, 1)
            rows.append(_against_pgbench(instance, seconds))
    return rows


def _accepted(instance: Instance, seconds: float) -> wrk.Load:
    wrk.create(instance.url + MESSAGES, 1, _CONNECTIONS)
    time.sleep(_PAUSE_S)
    load = wrk.create(instance.url + MESSAGES, seconds, _CONNECTIONS)
    if load.failed > load.requests / 100:
        raise NotRun(f"{load.failed} of {load.requests} creates failed")
    return load


def _told(load: wrk.Load) -> str:
    return f"{rate(load.per_second)} (p50 {milliseconds(load.median_ms)}, p99 {milliseconds(load.p99_ms)})"


def _against_prism(mocked: str, only: str, instance: Instance, seconds: float) -> list[Row]:
    """Workers wait meanwhile: Prism keeps and sends nothing, so what is compared is the answer alone."""
    what, bar = f"accepted creates, workers waiting, against Prism mocking {mocked}", "" if only else "≥ 10"
    try:
        with without_workers(instance), stoplight.mocking(only=only) as mock:
            ours, theirs = _in_turns(instance, mock, seconds)
    except NotRun as reason:
        return [Row(what=what, ours=f"not run: {reason}", bar=bar)]
    return [
        Row(
            what=what,
            ours=rate(ours.per_second),
            theirs=rate(theirs.per_second),
            ratio=ours.per_second / theirs.per_second,
            bar=bar,
        ),
        Row(
            what="— processor time of a create (api and PostgreSQL; node)",
            ours=f"{ours.cpu_us:.0f} µs",
            theirs=f"{theirs.cpu_us:.0f} µs",
            ratio=theirs.cpu_us / ours.cpu_us,
        ),
    ]


def _in_turns(instance: Instance, mock: stoplight.Mock, seconds: float) -> tuple[Share, Share]:
    """Medians of some turns each, so that what else the machine does meets both."""
    wrk.create(mock.url + MESSAGES, 2, _PEER_CONNECTIONS)
    wrk.create(instance.url + MESSAGES, 1, _CONNECTIONS)
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(_turn([instance.children()[0], *backends(instance)], instance.url, seconds, _CONNECTIONS))
        theirs.append(_turn([mock.pid], mock.url, seconds, _PEER_CONNECTIONS))
    return _median(ours), _median(theirs)


def _turn(pids: list[int], url: str, seconds: float, connections: int) -> Share:
    time.sleep(_PAUSE_S)
    before = processes.cpu_seconds(pids)
    load = wrk.create(url + MESSAGES, seconds, connections)
    spent = processes.cpu_seconds(pids) - before
    return Share(load.per_second, spent * 1e6 / max(1, load.requests - load.failed))


def _median(turns: list[Share]) -> Share:
    return Share(
        statistics.median(turn.per_second for turn in turns), statistics.median(turn.cpu_us for turn in turns)
    )


def backends(instance: Instance) -> list[int]:
    return [member.pid for member in processes.family(instance.postmaster())]


def _against_pgbench(instance: Instance, seconds: float) -> Row:
    """Its best client count is sought first; then both sides take turns."""
    what, bar = "accepted creates, workers waiting, against pgbench", "≥ 0.50"
    payload = round(database.ask(instance, "select avg(length(payload)) from jobs"))
    ours: list[wrk.Load] = []
    theirs: list[float] = []
    try:
        with pgbench.prepared(instance, payload) as measure:
            tried = {clients: measure(clients, seconds) for clients in pgbench.CLIENTS}
            best = max(tried, key=lambda clients: tried[clients])
            for _ in range(_ROUNDS):
                ours.append(_accepted(instance, seconds))
                theirs.append(measure(best, seconds))
    except NotRun as reason:
        return Row(what=what, ours=f"not run: {reason}", bar=bar)
    mine, other = sorted(ours, key=lambda load: load.per_second)[_ROUNDS // 2], statistics.median(theirs)
    told = f"{rate(other)} with {best} clients"
    return Row(what=what, ours=_told(mine), theirs=told, ratio=mine.per_second / other, bar=bar)


def as_history_grows(seconds: float) -> list[Row]:
    """Two servers, measured in turns, so that what else the machine does meets both."""
    creates: dict[int, list[float]] = {SMALL: [], LARGE: []}
    lists: dict[int, list[float]] = {SMALL: [], LARGE: []}
    with Instance() as small, Instance() as large:
        for instance, count in ((small, SMALL), (large, LARGE)):
            _accepted(instance, 1)  # the account's senders are known, plans are made
            database.fill(instance, count)
            _drained(instance)
        with without_workers(small), without_workers(large):
            for _ in range(_ROUNDS):
                for instance, count in ((small, SMALL), (large, LARGE)):
                    listed = wrk.read(f"{instance.url}{MESSAGES}?PageSize=50", seconds)
                    lists[count].append(listed.per_second)
                    creates[count].append(_accepted(instance, seconds).per_second)
        return [
            _growth("creates", creates, "0.80 to 1.20"),
            _growth("lists of 50 newest messages", lists),
            _plain_list(small, seconds),
        ]


def _growth(what: str, rates: dict[int, list[float]], bar: str = "") -> Row:
    small, large = statistics.median(rates[SMALL]), statistics.median(rates[LARGE])
    return Row(
        what=f"{what}, at 1,000,000 messages against 10,000",
        ours=rate(large),
        theirs=f"{rate(small)} (ours at 10,000)",
        ratio=large / small,
        bar=bar,
    )


def _plain_list(instance: Instance, seconds: float) -> Row:
    what = "lists of 50 newest plain rows, at 1,000,000 against 1"
    path = "/sync/v1/Services"
    sid = _create_plain(instance, path)
    if not sid:
        return not_run(what, "a Sync service cannot be created")
    url = f"{instance.url}{path}?PageSize=50"
    small = wrk.read(url, seconds)
    database.execute(instance, _PLAIN, sid, LARGE)
    database.execute(instance, "analyze resources")
    large = wrk.read(url, seconds)
    return Row(
        what=what,
        ours=f"{rate(large.per_second)} (p99 {milliseconds(large.p99_ms)}, {large.failed} failed)",
        theirs=f"{rate(small.per_second)} (ours, a page of 1)",
        ratio=large.per_second / small.per_second,
    )


def _create_plain(instance: Instance, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", instance.port, timeout=10)
    headers = {"Authorization": BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", path, "FriendlyName=benchmark", headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    return text.partition('"sid"')[2].split('"')[1] if answer.status == 201 else ""


@contextmanager
def without_workers(instance: Instance) -> Iterator[None]:
    """Workers stopped, so that what is measured is acceptance and nothing else; the api is forked first."""
    workers = instance.children()[1:]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _drained(instance: Instance, within_s: float = 240.0) -> None:
    """Until what was accepted is delivered."""

    async def wait(connection: Any) -> None:
        async with asyncio.timeout(within_s):
            due = "select exists (select from messages where status in ('queued', 'sending', 'sent'))"
            while await connection.fetchval(due):
                await asyncio.sleep(0.5)

    database.with_connection(instance, wait)
