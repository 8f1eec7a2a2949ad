"""Approvals on their way: submitted, decided by somebody, or moved on by themselves where that is so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock, errors
from localloop.jobs import Done, Job, NewJob, enqueue
from localloop.products.content import approval, queries
from localloop.products.content.approval import AUTOMATIC, FOLLOWERS, Status
from localloop.store import Database

REVIEW: Final = "content.review"


class Owner(Struct, frozen=True):
    """Whose content it is."""

    account_sid: str
    world_sid: str


class Step(Struct, frozen=True):
    """The payload of a job that moves an approval on, from this status."""

    content_sid: str
    status: Status


class Reviews(Struct, frozen=True):
    """Where they are not automatic, templates wait for somebody to decide."""

    database: Database
    is_automatic: bool

    async def move(
        self, owner: Owner, content_sid: str, status: Status, changes: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """The approval as it is then; None for an unknown content. Raises 20409 where nothing leads there."""
        [data] = await queries.data_of(self.database, [(owner.account_sid, content_sid)])
        if data is None:
            return None
        before = approval.status_of(data)
        if status not in FOLLOWERS[before]:
            raise errors.conflict(f"A template that is {before} does not become {status}.")
        moved = {**approval.shown(data), **changes, "status": status}
        if not await self._write(owner, content_sid, before, moved):
            raise errors.update_in_progress()
        return moved

    async def review(self, job: Job) -> Done:
        """The handler of `content.review`. A template that somebody decided on meanwhile is left alone."""
        step = job.read(Step)
        [data] = await queries.data_of(self.database, [(job.account_sid, step.content_sid)])
        if data is not None and approval.status_of(data) == step.status:
            moved = {**approval.shown(data), "status": AUTOMATIC[step.status][0]}
            await self._write(Owner(job.account_sid, job.world_sid), step.content_sid, step.status, moved)
        return Done()

    async def _write(self, owner: Owner, content_sid: str, before: Status, moved: Mapping[str, Any]) -> bool:
        now = clock.now(owner.world_sid)
        status: Status = moved["status"]
        async with self.database.unit() as unit:
            written = await queries.approve(unit, (owner.account_sid, content_sid), before, moved, now)
            if written and self.is_automatic and status in AUTOMATIC:
                step, due_at = Step(content_sid, status), now + AUTOMATIC[status][1]
                await enqueue(unit, [NewJob(REVIEW, owner.account_sid, owner.world_sid, step, due_at)])
        return written
