"""Accepted creates per second: ours against Prism and against pgbench, and lists and creates as the history grows."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import asyncpg

from benchmarks import pgbench, stoplight, wrk
from benchmarks.instance import ACCOUNT_SID, BASIC, MESSAGES, Instance
from benchmarks.table import NotRun, Row, milliseconds, not_run, rate

SMALL, LARGE = 10_000, 1_000_000
_PEER_CONNECTIONS = 32
_ROUNDS = 3
# A history that ended yesterday, one message per second, so that it stands below what is created meanwhile.
_HISTORY = """
insert into messages (account_sid, id, world_sid, prefix, status, direction, from_address, to_address, body,
  num_segments, num_media, price, price_unit, options, date_created, date_sent, date_updated)
select $1::text, uuidv7(make_interval(secs => -86400 - n)), $1::text, 'SM', 'delivered', 'outbound-api',
  '+1415' || (3000000 + n % 20), '+1212' || (2000000 + n % 7999999), 'Your appointment is tomorrow at 10:30.',
  1, 0, -0.0083, 'USD', '{}', at, at, at
from generate_series($2::int, $3::int) as n, lateral (select now() - make_interval(secs => 86400 + n) as at) as dates
"""
_PLAIN = """
insert into resources (account_sid, kind, sid, parent_sid, parents, position, version, data, date_created, date_updated)
select r.account_sid, r.kind, left(r.sid, 2) || replace(made.id::text, '-', ''), r.parent_sid, r.parents, made.id,
  r.version, r.data, r.date_created, r.date_updated
from resources r, generate_series(1, $2::int) as n, lateral (select uuidv7(make_interval(secs => -n)) as id) as made
where r.sid = $1
"""


def against_peers(seconds: float) -> list[Row]:
    """Both peers and ourselves, in turns on one machine."""
    rows: list[Row] = []
    with Instance() as instance:
        shipped = _accepted(instance, seconds)
        _drained(instance)
        with without_workers(instance):
            alone = _accepted(instance, seconds)
            payload = round(_ask(instance, "select avg(length(payload)) from jobs"))
            rows.append(_against_pgbench(instance, alone, seconds, payload))
    told = f"{rate(shipped.per_second)} (p50 {milliseconds(shipped.median_ms)}, p99 {milliseconds(shipped.p99_ms)})"
    rows.append(Row(what="accepted creates, workers delivering meanwhile", ours=told))
    rows.append(
        _against_prism("accepted creates, against Prism mocking the 2010 API", shipped.per_second, seconds)
    )
    return rows


def _accepted(instance: Instance, seconds: float) -> wrk.Load:
    wrk.create(instance.url + MESSAGES, 1)
    load = wrk.create(instance.url + MESSAGES, seconds)
    if load.failed > load.requests / 100:
        raise NotRun(f"{load.failed} of {load.requests} creates failed")
    return load


def _against_prism(what: str, ours: float, seconds: float) -> Row:
    bar = "≥ 10"
    try:
        with stoplight.mocking() as url:
            wrk.create(url + MESSAGES, 2, _PEER_CONNECTIONS)
            theirs = wrk.create(url + MESSAGES, seconds, _PEER_CONNECTIONS)
    except NotRun as reason:
        return Row(what=what, ours=rate(ours), theirs=f"not run: {reason}", bar=bar)
    return Row(
        what=what, ours=rate(ours), theirs=rate(theirs.per_second), ratio=ours / theirs.per_second, bar=bar
    )


def _against_pgbench(instance: Instance, alone: wrk.Load, seconds: float, payload: int) -> Row:
    what = "accepted creates, workers waiting, against pgbench"
    ours = f"{rate(alone.per_second)} (p50 {milliseconds(alone.median_ms)}, p99 {milliseconds(alone.p99_ms)})"
    try:
        theirs, clients = pgbench.best(instance, seconds, payload)
    except NotRun as reason:
        return Row(what=what, ours=ours, theirs=f"not run: {reason}", bar="≥ 0.50")
    told = f"{rate(theirs)} with {clients} clients"
    return Row(what=what, ours=ours, theirs=told, ratio=alone.per_second / theirs, bar="≥ 0.50")


def as_history_grows(seconds: float) -> list[Row]:
    """Two servers, measured in turns, so that what else the machine does meets both."""
    creates: dict[int, list[float]] = {SMALL: [], LARGE: []}
    lists: dict[int, list[float]] = {SMALL: [], LARGE: []}
    with Instance() as small, Instance() as large:
        for instance, count in ((small, SMALL), (large, LARGE)):
            _accepted(instance, 1)  # the account's senders are known, plans are made
            _execute(instance, _HISTORY, ACCOUNT_SID, 1, count)
            _execute(instance, "analyze messages")
            _execute(instance, "checkpoint")
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
    _execute(instance, _PLAIN, sid, LARGE)
    _execute(instance, "analyze resources")
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

    _with_connection(instance, wait)


def _execute(instance: Instance, sql: str, *values: Any) -> None:
    _with_connection(instance, lambda connection: connection.execute(sql, *values, timeout=600))


def _ask(instance: Instance, sql: str) -> Any:
    return _with_connection(instance, lambda connection: connection.fetchval(sql, timeout=60))


def _with_connection(instance: Instance, use: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        connection: Any = await asyncpg.connect(**pgbench.address(instance), timeout=10)
        try:
            return await use(connection)
        finally:
            await connection.close()

    return asyncio.run(run())
