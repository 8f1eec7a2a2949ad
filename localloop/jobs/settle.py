"""What becomes of jobs that ran, written in batches: gone, again later, given back, or dead.

Each change asks for the job's attempts: a worker whose lease ran out, and whose job another has taken,
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock
from localloop.jobs.job import Job

_DONE: Final = """
delete from jobs j using unnest($1::bigint[], $2::int[]) as s (id, attempts)
where j.id = s.id and j.attempts = s.attempts and j.leased
"""
_AGAIN: Final = """
update jobs j set due_at = s.due_at, run_at = s.run_at, attempts = j.attempts - s.unused, leased = false, lane = s.lane
from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::text[])
  as s (id, attempts, due_at, run_at, unused, lane)
where j.id = s.id and j.attempts = s.attempts and j.leased
"""
_DEAD: Final = """
with gone as (
  delete from jobs j using unnest($1::bigint[], $2::int[], $3::text[]) as s (id, attempts, reason)
  where j.id = s.id and j.attempts = s.attempts and j.leased
  returning j.id, account_sid, world_sid, kind, key, payload, due_at, j.attempts, reason
)
insert into dead_jobs (id, account_sid, world_sid, kind, key, payload, due_at, attempts, reason, died_at)
select *, $4 from gone
"""
_RENEW: Final = """
update jobs j set run_at = $3 from unnest($1::bigint[], $2::int[]) as s (id, attempts)
where j.id = s.id and j.attempts = s.attempts and j.leased
"""


class Gone(Struct, frozen=True):
    """The work is done."""

    job: Job


class Again(Struct, frozen=True):
    """Later: `due_at` in the world's time, `run_at` in real time. `unused`: the attempt did not take
    place."""

    job: Job
    due_at: datetime
    run_at: datetime
    unused: bool = False
    lane: str | None = None  # parked there


class Died(Struct, frozen=True):
    """Kept among the dead."""

    job: Job
    reason: str


Settlement = Gone | Again | Died


async def settle(connection: Any, settlements: Sequence[Settlement]) -> Sequence[None]:
    """The flush of a group commit."""
    gone = [s for s in settlements if isinstance(s, Gone)]
    again = [s for s in settlements if isinstance(s, Again)]
    died = [s for s in settlements if isinstance(s, Died)]
    if gone:
        await connection.execute(_DONE, *_columns((*_lease(s.job),) for s in gone))
    if again:
        rows = ((*_lease(s.job), s.due_at, s.run_at, int(s.unused), s.lane) for s in again)
        await connection.execute(_AGAIN, *_columns(rows))
    if died:
        await connection.execute(_DEAD, *_columns((*_lease(s.job), s.reason) for s in died), clock.now())
    return [None] * len(settlements)


async def renew(connection: Any, jobs: Iterable[Job], until: datetime) -> None:
    """Prolong the leases of jobs that take their time."""
    await connection.execute(_RENEW, *_columns(map(_lease, jobs)), until)


def _lease(job: Job) -> tuple[int, int]:
    return job.id, job.attempts


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Sorted by id, so that two batches never wait for each other."""
    return [list(column) for column in zip(*sorted(rows, key=lambda row: row[0]), strict=True)]
