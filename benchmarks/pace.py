"""Pacing: what it costs with 100,000 senders, whether anybody starts too early, and how a queue of ten hours is sent.

Starts are read from the carrier's log: the texts of the simulated phones, with the moment at which their sender began.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from benchmarks import database, pgbench, wrk
from benchmarks.instance import ACCOUNT_SID, MESSAGES, Instance
from benchmarks.messages import drained
from benchmarks.table import NotRun, Row, rate
from localloop.core import clock
from localloop.core.clock import WorldTime
from localloop.store import Database
from localloop.store.worlds import move_clock

SENDERS: Final = 100_000
SCHEDULED: Final = 500_000
QUEUE: Final = 36_000  # segments: what an ordinary number sends in ten hours
_OFFERED: Final = 2_000  # a second
_ROUNDS: Final = 3
_CONNECTIONS: Final = 64
_DRAINED_S: Final = 240.0

_NUMBERS: Final = """
insert into phone_numbers (sid, account_sid, world_sid, phone_number, iso_country, type, data, date_created,
  date_updated)
select 'PN' || md5(n::text), $1::text, $1::text, '+1415' || (3000000 + n), 'US', 'Local', '{}', now(), now()
from generate_series(0, $2::int - 1) as n on conflict do nothing
"""
# As the API keeps them, each with its job.
_LATER: Final = """
with made as (
  insert into messages (account_sid, id, world_sid, prefix, status, direction, to_address, body, num_segments,
    price_unit, messaging_service_sid, options, date_created, date_updated)
  select $1::text, uuidv7(), $1::text, 'SM', 'scheduled', 'outbound-api', '+1212' || (2000000 + n), 'Later.', 0, 'USD',
    'MG00000000000000000000000000000000', jsonb_build_object('send_at', now() + interval '10 days'), now(), now()
  from generate_series(1, $2::int) as n returning id
)
insert into jobs (account_sid, world_sid, kind, key, payload, due_at, run_at)
select $1, $1, 'message.assign', sid, convert_to('{"sid":"' || sid || '"}', 'UTF8'), at, at
from made, lateral (select 'SM' || replace(id::text, '-', '') as sid, now() + interval '10 days' + random() * interval
  '10 days' as at) as named
"""
_BEGUN: Final = "select count(*) from phone_messages where direction = 'received'"
_EARLY: Final = """
select count(*) from (
  select p.date_created - lag(p.date_created) over sender as gap, lag(m.num_segments) over sender as segments
  from phone_messages p join messages m on m.account_sid = $1 and m.id = substr(p.message_sid, 3)::uuid
  where p.direction = 'received'
  window sender as (partition by p.peer order by p.date_created)
) starts where gap < segments * interval '1 second'
"""
_CLOSE: Final = """
select count(*) from (
  select date_created - lag(date_created) over (partition by peer order by date_created) as gap
  from phone_messages where direction = 'received'
) starts where gap < interval '2 seconds'
"""
_LAST: Final = """
select max(due_at) - (select min(date_created) from messages) from jobs where kind = 'message.send'
"""
# While the load lasts, senders that are drawn again soon wait for their turn; the last twentieth is no throughput.
_WORKED_OFF: Final = """
select extract(epoch from percentile_disc(0.95) within group (order by date_updated) - min(date_created))
from (select * from messages where status = 'delivered' order by id desc limit $1) newest
"""


class Share(Struct, frozen=True):
    accepted: float
    sent: float


def with_many_senders(seconds: float) -> list[Row]:
    """Unpaced, paced, and paced beside scheduled messages: three servers, measured in turns."""
    rates: dict[str, list[Share]] = {"unpaced": [], "paced": [], "beside": []}
    with Instance() as unpaced, Instance(message_rate="1") as paced, Instance(message_rate="1") as beside:
        servers = {"unpaced": unpaced, "paced": paced, "beside": beside}
        for instance in servers.values():
            database.execute(instance, _NUMBERS, ACCOUNT_SID, SENDERS)
            database.execute(instance, "vacuum analyze phone_numbers")
            _turn(instance, 2)
        database.execute(beside, _LATER, ACCOUNT_SID, SCHEDULED)
        database.execute(beside, "vacuum analyze jobs, messages")
        for _ in range(_ROUNDS):
            for name, instance in servers.items():
                rates[name].append(_turn(instance, seconds))
        checked = [_starts(instance) for instance in (paced, beside)]
    return [*_compared(rates), *checked]


def _turn(instance: Instance, seconds: float) -> Share:
    before = database.ask(instance, _BEGUN)
    load = wrk.create(instance.url + MESSAGES, seconds, _CONNECTIONS, senders=SENDERS)
    if load.failed > load.requests / 100:
        raise NotRun(f"{load.failed} of {load.requests} creates failed")
    drained(instance, _DRAINED_S)
    count = database.ask(instance, _BEGUN) - before
    took = database.with_connection(instance, lambda connection: connection.fetchval(_WORKED_OFF, count))
    return Share(load.per_second, 0.95 * count / float(took))


def _compared(rates: dict[str, list[Share]]) -> list[Row]:
    sent = {name: statistics.median(share.sent for share in shares) for name, shares in rates.items()}
    offered = statistics.median(share.accepted for share in rates["paced"])
    return [
        Row(
            what=f"messages of {SENDERS:,} senders, a segment a second each, against no pace",
            ours=f"{rate(sent['paced'])} sent, {rate(offered)} accepted of ≥ {_OFFERED:,} offered",
            theirs=f"{rate(sent['unpaced'])} (ours without)",
            ratio=sent["paced"] / sent["unpaced"],
            bar="≥ 0.75",
        ),
        Row(
            what=f"… with {SCHEDULED:,} scheduled messages waiting, against none",
            ours=rate(sent["beside"]),
            theirs=f"{rate(sent['paced'])} (ours without)",
            ratio=sent["beside"] / sent["paced"],
            bar="> 0.75",
        ),
    ]


def _starts(instance: Instance) -> Row:
    early = database.with_connection(instance, lambda connection: connection.fetchval(_EARLY, ACCOUNT_SID))
    return Row(
        what="starts that came before their sender's interval was over",
        ours=f"{early} of {database.ask(instance, _BEGUN):,} ({database.ask(instance, _CLOSE):,} within two seconds)",
        bar="0",
    )


def long_queue(seconds: float) -> list[Row]:
    """Fill one sender's queue in a world that stands still, and let ten hours pass."""
    with Instance(message_rate="1") as instance:
        still = clock.frozen(clock.now())
        asyncio.run(move(instance, still))
        refused = _fill(instance, seconds)
        taken: int = database.ask(instance, "select count(*) from messages")
        last = database.ask(instance, _LAST)
        began = time.monotonic()
        asyncio.run(move(instance, still.advanced(timedelta(hours=11))))
        drained(instance, _DRAINED_S)
        took = time.monotonic() - began
        sent: int = database.ask(instance, _BEGUN)
    return [
        Row(
            what=f"queue of one sender: {QUEUE:,} segments after the one that starts at once",
            ours=f"{taken:,} taken, then {refused:,} refused; the last in {last}",
            bar=f"{QUEUE + 1:,}",
        ),
        Row(what="… sent when ten hours pass at once", ours=rate(sent / took), bar="≥ 2,000/s"),
    ]


def _fill(instance: Instance, seconds: float) -> int:
    """Until nothing more is taken; how much was refused then."""
    began = time.monotonic()
    while time.monotonic() - began < _DRAINED_S:
        load = wrk.create(instance.url + MESSAGES, seconds, _CONNECTIONS, senders=1)
        if load.requests == load.failed:
            return load.failed
    raise NotRun("the queue was not filled")


async def move(instance: Instance, moved: WorldTime) -> None:
    place = dict(pgbench.address(instance))
    store = await Database.connect(f"postgresql:///{place.pop('database')}?{urlencode(place)}")
    try:
        async with store.unit() as unit:
            await move_clock(unit, ACCOUNT_SID, moved)
    finally:
        await store.close()
