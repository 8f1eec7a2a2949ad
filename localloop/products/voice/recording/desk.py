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
from localloop.telephony.leg import LineKind
from localloop.telephony.simulated import handsets
from localloop.webhooks import Notification

FINISH: Final = "recording.finish"
TRANSCRIBE: Final = "recording.transcribe"


_HEARD: Final[Mapping[str, Sequence[LineKind]]] = {
    "inbound": ("said",),
    "outbound": ("heard", "played"),
    "both": ("said", "heard", "played"),
}


class Named(Struct, frozen=True):
    """The payload of a job."""

    sid: str


class Stopped(Struct, frozen=True, kw_only=True):
    """A recording that has come to its end. `sound`: from when until when something was heard in it."""

    account_sid: str
    sid: str
    at: datetime
    sound: tuple[datetime, datetime] | None = None


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
        jobs = self._told(now) if now.status != "in-progress" else []  # that was told when it began
        if now.status in ("stopped", "processing"):
            jobs.append(NewJob(FINISH, now.account_sid, now.world_sid, Named(now.sid), now.date_updated))
        if now.status == "completed" and now.wish.transcribe:
            jobs.append(NewJob(TRANSCRIBE, now.account_sid, now.world_sid, Named(now.sid), now.date_updated))
        await enqueue(connection, jobs)

    async def stop(self, connection: Any, ended: Stopped) -> None:
        """One that its call or its conference ends; REST may have been first. Must run in a transaction."""
        now = await queries.get(connection, ended.account_sid, ended.sid, hold=True)
        if now is not None and now.status in lifecycle.RUNNING:
            sounds = await self._sounds(connection, now, ended)
            await self.keep(connection, take.stop(now, ended.at, sounds=sounds))

    async def stop_by_request(self, connection: Any, now: Recording, ended: Stopped) -> Recording:
        """One that REST ends. Must run in a transaction. Raises 21220."""
        sounds = await self._sounds(connection, now, ended)
        after = take.stop(now, ended.at, by_request=True, sounds=sounds)
        await self.keep(connection, after)
        return after

    async def calls_ended(self, connection: Any, ended: Sequence[tuple[str, UUID, datetime]]) -> None:
        """Calls that are over are recorded no more. Must run in the transaction that ends them."""
        if not ended:
            return
        times = {(account_sid, call_id): at for account_sid, call_id, at in ended}
        for each in await queries.of_calls(connection, list(times)):
            assert each.call_id is not None
            at = times[each.account_sid, each.call_id]
            stopped = Stopped(account_sid=each.account_sid, sid=each.sid, at=at)
            sounds = await self._sounds(connection, each, stopped)
            await self.keep(connection, take.stop(each, at, sounds=sounds))

    async def _sounds(self, connection: Any, now: Recording, ended: Stopped) -> take.Sounds:
        """What was to be heard meanwhile, where silence is cut off: as whoever ended it knows, or as the phone does of
        the call that it records."""
        if now.wish.trim != "trim-silence":
            return ()
        if ended.sound is not None:
            return (ended.sound,)
        if now.call_id is None:
            return ()
        during = (now.start_time, ended.at)
        return await handsets.sounds(connection, (now.world_sid, now.call_id), during, _HEARD[now.wish.track])

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
