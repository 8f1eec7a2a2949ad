"""The queue's statements: in, out by key, and out together with the state that a job led to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from localloop.core import clock
from localloop.jobs.job import Job, NewJob
from localloop.store import Executor

CHANNEL: Final = "jobs"
# What the driver writes as PostgreSQL's infinity: the world is frozen before the job is due.
NEVER: Final = datetime.max.replace(tzinfo=UTC)
_SOON: Final = timedelta(milliseconds=300)  # workers look by themselves more often than that

# All in one statement, so that a flush costs one round trip and tells the workers once.
_ENQUEUE: Final = """
with added as (
  insert into jobs (account_sid, world_sid, kind, key, payload, due_at, run_at)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[],
    $7::timestamptz[])
)
select pg_notify('jobs', '') where $8
"""


_RELEASE: Final = """
with freed as (
  update jobs set run_at = $3 where id = any(array(
    select id from jobs where lane = $1 and not leased and run_at > $3 order by id limit $2 for update skip locked))
  returning id
), told as (select pg_notify('jobs', '') where $4 and exists (select from freed))
select count(*) + 0 * (select count(*) from told) from freed
"""


_TAKE_BY_KEY: Final = """
update jobs set run_at = $2, attempts = attempts + 1, leased = true
where key = $1 and account_sid = $3 and not leased
returning id, account_sid, world_sid, kind, key, payload, due_at, attempts, lane
"""


class Connection(Protocol):
    """A unit of work, the database, or the connection that a group commit hands to its flush."""

    async def execute(self, sql: str, *args: Any) -> str: ...

    async def fetchval(self, sql: str, *args: Any) -> Any: ...


async def enqueue(connection: Connection, jobs: Iterable[NewJob]) -> None:
    """Queue the jobs in the connection's transaction; workers hear of them when it commits."""
    rows = [_row(job) for job in jobs]
    if rows:
        soon = clock.now() + _SOON
        is_urgent = any(row[-1] <= soon for row in rows)
        await connection.execute(_ENQUEUE, *map(list, zip(*rows, strict=True)), is_urgent)


async def release(connection: Connection, lane: str, most: int, at: datetime) -> int:
    """Let the oldest jobs that are parked in a lane run at this moment of real time; how many there were."""
    is_urgent = at <= clock.now() + _SOON
    released: int = await connection.fetchval(_RELEASE, lane, most, at, is_urgent)
    return released


async def take(executor: Executor, account_sid: str, key: str, lease: timedelta) -> list[Job]:
    """The jobs of an account's key, leased to whoever does their work with that of another: `settle` ends them."""
    rows = await executor.fetch(_TAKE_BY_KEY, key, clock.now() + lease, account_sid)
    return [Job(**row) for row in rows]


async def cancel(connection: Connection, account_sid: str, *keys: str) -> int:
    """Remove the jobs of these keys of an account, and return how many there were. One that is running loses its lease:
    what its handler does through `delete` will not hold."""
    removed = await connection.execute(
        "delete from jobs where key = any($1::text[]) and account_sid = $2", list(keys), account_sid
    )
    return int(removed.rpartition(" ")[2])


async def delete(connection: Connection, job: Job) -> bool:
    """Remove a job that we hold, within the unit that keeps its results; the handler then returns `Settled`.

    False when the lease did not hold: it was cancelled, or another worker has it, and the unit must not go
    through.
    """
    removed = await connection.execute(
        "delete from jobs where id = $1 and attempts = $2 and leased", job.id, job.attempts
    )
    return removed == "DELETE 1"


def run_at(world_sid: str, due_at: datetime) -> datetime:
    """When the world's due time comes in real time, as the table holds it."""
    return clock.real_due(world_sid, due_at) or NEVER


def _row(job: NewJob) -> tuple[Any, ...]:
    payload = msgspec.json.encode(job.payload) if isinstance(job.payload, Struct) else job.payload
    due_at = run_at(job.world_sid, job.due_at)
    return job.account_sid, job.world_sid, job.kind, job.key, payload, job.due_at, due_at
