"""A job that leads to one other at once: its row becomes the other, under the same lease, and the same worker goes on.

The queue is spared a row, a notice and the search for it. Whoever dies meanwhile leaves a lease that runs out, as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from localloop.core import clock
from localloop.jobs.job import Job, NewJob
from localloop.jobs.queue import run_at

# Nobody but us ever held a job that is at its first attempt, so its lease can be that of another job, too.
_FIRST: Final = 1
_RELAY: Final = """
update jobs j set kind = s.kind, key = s.key, payload = s.payload, due_at = s.due_at, lane = null
from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[])
  as s (id, kind, key, payload, due_at)
where j.id = s.id and j.attempts = 1 and j.leased
returning j.id
"""


def may_relay(job: Job, following: NewJob) -> bool:
    """Whether the job's row may become the other: at its first attempt, for one of the same account that is due."""
    return (
        job.attempts == _FIRST
        and job.account_sid == following.account_sid
        and job.world_sid == following.world_sid
        and run_at(following.world_sid, following.due_at) <= clock.now()
    )


async def relay(connection: Any, pairs: Sequence[tuple[Job, NewJob]]) -> dict[int, Job]:
    """What the jobs became, by id; those whose lease did not hold are missing, and what follows them is to be queued.

    Must run in the unit that keeps the results of the jobs; the handler then returns `Relayed`.
    """
    if not pairs:
        return {}
    rows = sorted((_row(job, following) for job, following in pairs), key=lambda row: row[0])
    turned = {row["id"] for row in await connection.fetch(_RELAY, *map(list, zip(*rows, strict=True)))}
    return {job.id: _became(job, following) for job, following in pairs if job.id in turned}


def _row(job: Job, following: NewJob) -> tuple[Any, ...]:
    payload = following.payload
    encoded = msgspec.json.encode(payload) if isinstance(payload, Struct) else payload
    return job.id, following.kind, following.key, encoded, following.due_at


def _became(job: Job, following: NewJob) -> Job:
    return Job(
        id=job.id,
        account_sid=job.account_sid,
        world_sid=job.world_sid,
        kind=following.kind,
        key=following.key,
        payload=following.payload,
        due_at=following.due_at,
        attempts=_FIRST,
    )
