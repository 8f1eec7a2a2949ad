"""The jobs of every product, in one worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from localloop.carriers.personas import ANSWER
from localloop.core import clock, sids
from localloop.core.settings import Settings
from localloop.jobs import Done, Handler, Job, Outcome, Worker, enqueue
from localloop.lab import faults
from localloop.lab.answers import Answers
from localloop.products import content, usage
from localloop.products.messaging import INBOUND, JUDGE
from localloop.products.messaging.keeping import retention as messages_retention
from localloop.rest import recorder
from localloop.rest.activity import Activity
from localloop.rest.shared import LocalRevocations, SharedTable
from localloop.server.parts import USED, Parts, Place, bench_of, open_parts, reviews_of
from localloop.server.standing import HOUSEKEEPING, LETTING_GO, SWEEPING, next_run
from localloop.store import answers, objects, partitions
from localloop.store.worlds import prune_moves
from localloop.webhooks import (
    FORGET,
    forget_again,
    retention,
)
from localloop.webhooks import KIND as WEBHOOK


@asynccontextmanager
async def open_worker(
    settings: Settings, place: Place, *, revocations: SharedTable | LocalRevocations | None = None
) -> AsyncIterator[Worker]:
    shared_changes = revocations or LocalRevocations()
    async with open_parts(settings, place, shared_changes, runs_jobs=True) as parts:
        activity = Activity(shared_changes) if isinstance(shared_changes, SharedTable) else None
        answers = Answers(parts.database, parts.messaging, parts.webhooks)
        try:
            yield Worker(
                parts.database, {**handlers(settings, parts, activity), **_phones(settings, answers)}
            )
        finally:
            await answers.close()


def _phones(settings: Settings, answers: Answers) -> Mapping[str, Handler]:
    """Simulated ones answer by themselves; production has none."""
    return {ANSWER: answers.answer} if settings.mode == "up" else {}


def handlers(settings: Settings, parts: Parts, activity: Activity | None = None) -> Mapping[str, Handler]:
    """By kind. `activity` is told when an application was asked something."""
    known: dict[str, Handler] = {
        **_standing(settings, parts),
        WEBHOOK: parts.webhooks.deliver,
        FORGET: partial(forget_again, parts.database),
        content.REVIEW: reviews_of(settings, parts).review,
        JUDGE: bench_of(parts).handler(),
        **parts.messaging.handlers(),
        **parts.calls.handlers(),
        **usage.Watch(parts.database, USED).handlers(),
    }
    if activity is not None:
        known |= {kind: partial(_noted, activity, known[kind]) for kind in (WEBHOOK, INBOUND)}
    return known


async def _noted(activity: Activity, handle: Handler, job: Job) -> Outcome:
    """Its application has just been asked, and may be about to do something because of it."""
    try:
        return await handle(job)
    finally:
        activity.note(job.world_sid)


def _standing(settings: Settings, parts: Parts) -> Mapping[str, Handler]:
    """What keeps house, each time planning the next."""
    bounds = retention.Bounds(
        age=timedelta(days=settings.deliveries_days), size=settings.deliveries_megabytes << 20
    )

    async def again(job: Job) -> Outcome:
        async with parts.database.unit() as unit:
            await enqueue(unit, [next_run(job.kind, job.account_sid)])
        return Done()

    async def keep_house(job: Job) -> Outcome:
        await partitions.ensure(parts.database)
        await recorder.prune(parts.database)
        await parts.messaging.links.prune()
        await prune_moves(parts.database)
        return await again(job)

    async def let_go(job: Job) -> Outcome:
        moved = {world_sid: clock.now(world_sid) for world_sid in clock.moved()}
        await answers.prune(parts.database, clock.now(), moved)
        await faults.prune(parts.database, sids.bound(clock.now() - faults.KEPT_FOR))
        return await again(job)

    async def sweep(job: Job) -> Outcome:
        await objects.sweep(parts.messaging.objects)
        return await again(job)

    async def prune_messages(job: Job) -> Outcome:
        await messages_retention.prune(parts.database, messages_retention.Pace(days=settings.messages_days))
        return await again(job)

    async def prune(job: Job) -> Outcome:
        await retention.prune(parts.database, bounds)
        return await again(job)

    return {
        HOUSEKEEPING: keep_house,
        retention.RETENTION: prune,
        SWEEPING: sweep,
        LETTING_GO: let_go,
        messages_retention.RETENTION: prune_messages,
    }
