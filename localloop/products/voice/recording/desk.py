"""What happens to recordings, in the unit of work of whoever it happens to; what was taken is made ready by a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock
from localloop.jobs import Done, Handler, Job, NewJob, enqueue
from localloop.products.voice.recording import lifecycle, queries, take
from localloop.products.voice.recording.take import Recording
from localloop.store import Database
from localloop.webhooks import Notification

FINISH: Final = "recording.finish"
TRANSCRIBE: Final = "recording.transcribe"


class Named(Struct, frozen=True):
    """The payload of a job."""

    sid: str


class Recorder:
    """`public_url`: on which addresses are built that leave by webhook."""

    def __init__(self, database: Database, public_url: str) -> None:
        self.database = database
        self._public_url = public_url

    @property
    def public_url(self) -> str:
        return self._public_url

    async def begin(self, connection: Any, recordings: Sequence[Recording]) -> None:
        """New ones. Must run in a transaction."""
        for each in recordings:
            await queries.insert(connection, each)
        await enqueue(connection, [job for each in recordings for job in self._told(each)])

    async def keep(self, connection: Any, now: Recording) -> None:
        """One as it is now; what no longer runs is made ready next. Must run in a transaction."""
        await queries.save(connection, now)
        jobs = self._told(now)
        if now.status in ("stopped", "processing"):
            jobs.append(NewJob(FINISH, now.account_sid, now.world_sid, Named(now.sid), now.date_updated))
        if now.status == "completed" and now.wish.transcribe:
            jobs.append(NewJob(TRANSCRIBE, now.account_sid, now.world_sid, Named(now.sid), now.date_updated))
        await enqueue(connection, jobs)

    async def stop(self, connection: Any, account_sid: str, sid: str, at: datetime) -> None:
        """One that its call ends; REST may have been first. Must run in a transaction."""
        now = await queries.get(connection, account_sid, sid, hold=True)
        if now is not None and now.status in lifecycle.RUNNING:
            await self.keep(connection, take.stop(now, at))

    async def calls_ended(self, connection: Any, ended: Sequence[tuple[str, UUID, datetime]]) -> None:
        """Calls that are over are recorded no more. Must run in the transaction that ends them."""
        if not ended:
            return
        times = {(account_sid, call_id): at for account_sid, call_id, at in ended}
        for each in await queries.of_calls(connection, list(times)):
            assert each.call_id is not None
            await self.keep(connection, take.stop(each, times[each.account_sid, each.call_id]))

    async def finish(self, job: Job) -> Done:
        """The handler of the job: nothing is left to do of one that is ready, or deleted."""
        async with self.database.unit() as unit:
            now = await queries.get(unit, job.account_sid, job.read(Named).sid, hold=True)
            if now is not None and lifecycle.may_follow(now.status, "completed"):
                await self.keep(unit, take.finish(now, clock.now(now.world_sid)))
        return Done()

    def handlers(self) -> Mapping[str, Handler]:
        return {FINISH: self.finish}

    def _told(self, now: Recording) -> list[NewJob]:
        if not take.is_told(now):
            return []
        wish = now.wish
        told = Notification(
            wish.callback,
            take.callback_params(now, self._public_url),
            now.account_sid,
            now.sid,
            wish.callback_method,
            follows=now.status != "in-progress" and "in-progress" in wish.callback_events,
            voice=True,
        )
        return [told.job(now.world_sid, now.date_updated)]
