"""The jobs that are always there, and how often they run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from localloop.core import clock
from localloop.jobs import NewJob, enqueue
from localloop.products.messaging.keeping import retention as messages_retention
from localloop.store import Database
from localloop.webhooks import (
    retention,
)

HOUSEKEEPING = "store.partitions"
SWEEPING = "store.objects"
LETTING_GO = "store.answers"
STANDING: Mapping[str, timedelta] = {
    HOUSEKEEPING: timedelta(days=1),
    SWEEPING: timedelta(minutes=10),
    LETTING_GO: timedelta(hours=1),
    messages_retention.RETENTION: messages_retention.EVERY,
    retention.RETENTION: retention.EVERY,
}


async def plan(database: Database, job: NewJob) -> None:
    if await database.fetchval("select exists (select from jobs where key = $1)", job.key):
        return
    async with database.unit() as unit:
        await enqueue(unit, [job])


def next_run(kind: str, account_sid: str) -> NewJob:
    return NewJob(kind, account_sid, "", b"", clock.now() + STANDING[kind], key=kind)
