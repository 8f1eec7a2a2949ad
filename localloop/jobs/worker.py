"""The worker: takes due jobs, runs their handlers side by side, and settles what came of them.

It looks again when PostgreSQL tells it to, when the next job falls due, when a place becomes free, and four
times a second in any case. Every job runs at least once: whoever dies lets its leases run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from msgspec import Struct

from localloop.core import clock
from localloop.jobs.claims import PLANNER, Claims
from localloop.jobs.job import Dead, Done, Handler, Job, Outcome, Park, Relayed, Retry, Settled
from localloop.jobs.queue import CHANNEL, run_at
from localloop.jobs.settle import Again, Died, Gone, Settlement, renew, settle
from localloop.store import BatchWriter, Database, Unavailable
from localloop.store.worlds import learn

log = logging.getLogger(__name__)

_AWAY_PAUSE: Final = 0.2
_COMPANY_S: Final = 0.02
_CONNECTIONS: Final = 3  # one to take jobs, two to settle them


class WorkerOptions(Struct, frozen=True, kw_only=True):
    """How much at once, how long, how often."""

    places: int = 256  # jobs that run side by side
    batch: int = 200  # jobs that are taken at once
    lease: timedelta = timedelta(seconds=60)
    timeout: timedelta = timedelta(seconds=300)  # of one run
    poll: timedelta = timedelta(milliseconds=250)
    grace: timedelta = timedelta(seconds=10)  # for running jobs when it is stopped
    max_attempts: int = 12  # of a handler that raises or leaves the pause to us
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=10)


class Worker:
    """Runs jobs until it is stopped. `handlers`: by kind; jobs of other kinds die, saying so."""

    def __init__(
        self, database: Database, handlers: Mapping[str, Handler], options: WorkerOptions | None = None
    ) -> None:
        self._database = database
        self._claims: Claims
        self._settlements: BatchWriter[Settlement, None]
        self._handlers = handlers
        self._options = options or WorkerOptions()
        self._running: dict[int, tuple[Job, asyncio.Task[None]]] = {}
        self._settling: set[int] = set()  # their handlers have ended
        self._awake = asyncio.Event()
        self._roomy = asyncio.Event()
        self._lacks_places = False
        self._stopping = False

    @property
    def running(self) -> int:
        """How many jobs run now."""
        return len(self._running)

    def stop(self) -> None:
        """Take no more jobs; `run` returns when those that run are done or given back."""
        self._stopping = True
        self._awake.set()
        self._roomy.set()

    async def run(self) -> None:
        """Work until `stop`, or until cancelled, which gives running jobs back at once."""
        own = await Database.connect(self._database.dsn, max_size=_CONNECTIONS, settings=PLANNER)
        self._claims = Claims(own, self._options.places, self._options.lease)
        self._settlements = BatchWriter(own, settle)
        try:
            subscription = await self._database.listen(CHANNEL, lambda _: self._awake.set(), self._awake.set)
            renewal = asyncio.create_task(self._renew_leases(own), name="jobs-leases")
            try:
                while not self._stopping:
                    await self._turn()
                await self._finish()
            finally:
                subscription.close()
                renewal.cancel()
                await asyncio.gather(renewal, return_exceptions=True)
                await self._give_back()
                await self._settlements.close()
        finally:
            await own.close()

    async def _turn(self) -> None:
        """Take what is due and may start; when that is all there is, wait."""
        self._awake.clear()
        if self._claims.is_crowded:
            await self._until_roomy()
        free = self._options.places - len(self._running)
        try:
            jobs, ask_again = await self._claims.take(min(free, self._options.batch)) if free else ([], False)
            for job in jobs:
                self._start(job)
            self._lacks_places = not free or self._claims.is_crowded
            if not ask_again:
                await self._rest()
        except Unavailable as error:
            log.warning("no jobs: %s", error)
            await self._wait(_AWAY_PAUSE)

    async def _until_roomy(self) -> None:
        """More is due than there are places for: few at a time would be read, written and committed as few, so a moment
        is waited for more places."""
        self._roomy.clear()
        if self._claims.is_roomy or self._stopping:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_COMPANY_S):
                await self._roomy.wait()

    async def _rest(self) -> None:
        """Wait until told, or until the next job is due; look now and then whether a notice was missed."""
        poll = self._options.poll.total_seconds()
        due = await self._claims.next_due(clock.now())  # what was due before has just been tried
        while True:
            away = (due - clock.now()).total_seconds() if due else math.inf
            if away <= 0 or await self._wait(min(away, poll)) or away <= poll:
                return
            due = await self._claims.next_due()

    async def _wait(self, seconds: float) -> bool:
        """Whether we were told something before the time was up."""
        try:
            async with asyncio.timeout(seconds):
                return await self._awake.wait()
        except TimeoutError:
            return False

    def _start(self, job: Job) -> None:
        self._claims.busy[job.account_sid] += 1
        task = asyncio.create_task(self._run_job(job), name=f"job-{job.kind}")
        self._running[job.id] = job, task
        task.add_done_callback(lambda _: self._ended(job))

    def _ended(self, job: Job) -> None:
        self._running.pop(job.id, None)
        busy = self._claims.busy
        busy[job.account_sid] -= 1
        if busy[job.account_sid] <= 0:
            del busy[job.account_sid]
        self._settling.discard(job.id)
        if self._lacks_places:
            self._awake.set()
            if self._claims.is_roomy_for(job.account_sid):
                self._roomy.set()

    async def _run_job(self, job: Job) -> None:
        structlog.contextvars.bind_contextvars(job=str(job.id))  # in every line that its task logs
        try:
            settlement = await self._settlement(job)
        except asyncio.CancelledError:
            job = self._running[job.id][0]  # what it has become
            settlement = Again(job, job.due_at, clock.now(), unused=True)
        if settlement is None:
            return
        self._settling.add(job.id)
        try:
            await self._settlements.write(settlement)
        except Unavailable as error:
            log.warning("job %s (%s) will run again: %s", job.id, job.kind, error)
        if isinstance(settlement, Again):
            self._awake.set()  # it may be due before we would look again

    async def _settlement(self, job: Job) -> Settlement | None:
        """Run the job, and say what is to become of its row; None when the handler has seen to it."""
        if run_at(job.world_sid, job.due_at) > clock.now():
            # Either its clock has moved and we have not heard of it, or whoever queued it had not.
            with contextlib.suppress(Unavailable):
                await learn(self._database, job.world_sid)
            due = run_at(job.world_sid, job.due_at)
            if due > clock.now():
                return Again(job, job.due_at, due, unused=True)
        handler = self._handlers.get(job.kind)
        if handler is None:
            return Died(job, f"nothing here runs jobs of the kind {job.kind}")
        outcome = await self._outcome(job, handler)
        match outcome:
            case Relayed(following):
                self._running[job.id] = following, self._running[job.id][1]
                return await self._settlement(following)
            case Done():
                return Gone(job)
            case Dead(reason):
                log.error("job %s (%s) died: %s", job.id, job.kind, reason)
                return Died(job, reason)
            case Retry(after):
                return self._retry(job, after)
            case Park(lane, until):
                return Again(job, job.due_at, until, unused=True, lane=lane)
            case Settled():
                return None

    async def _outcome(self, job: Job, handler: Handler) -> Outcome:
        try:
            return await _in_time(handler, job, self._options.timeout.total_seconds())
        except Unavailable as error:
            # Not the job's fault, so it does not die of it.
            log.warning("job %s (%s) waits for the database: %s", job.id, job.kind, error)
            return Retry(self._options.first_pause)
        except Exception as error:
            log.exception("job %s (%s) of %s failed", job.id, job.kind, job.account_sid)
            if job.attempts >= self._options.max_attempts:
                return Dead(f"{type(error).__name__}: {error}")
            return Retry()

    def _retry(self, job: Job, after: timedelta | None) -> Settlement:
        if after is None:
            if job.attempts >= self._options.max_attempts:
                return Died(job, f"gave up after {job.attempts} attempts")
            after = backoff(job.attempts, self._options)
        due_at = clock.now(job.world_sid) + after
        return Again(job, due_at, run_at(job.world_sid, due_at))

    async def _renew_leases(self, database: Database) -> None:
        interval = self._options.lease.total_seconds() / 3
        while True:
            await asyncio.sleep(interval)
            jobs = [job for job, _ in self._running.values()]
            if jobs:
                try:
                    await renew(database, jobs, clock.now() + self._options.lease)
                except Unavailable as error:
                    log.warning("leases could not be renewed: %s", error)

    async def _finish(self) -> None:
        tasks = [task for _, task in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=self._options.grace.total_seconds())

    async def _give_back(self) -> None:
        """Cancel what still runs; each gives its lease back, so that another worker can go on at once."""
        for job, task in tuple(self._running.values()):
            if job.id not in self._settling:
                task.cancel()
        await asyncio.gather(*(task for _, task in self._running.values()), return_exceptions=True)


class _Deadline:
    """Cancels the task in which it is made, unless it is cancelled before."""

    __slots__ = ("is_over", "task", "timer")

    def __init__(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self.is_over = False
        self.timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def _end(self) -> None:
        self.is_over = True
        self.task.cancel()


async def _in_time(handler: Handler, job: Job, seconds: float) -> Outcome:
    """Raises TimeoutError, as `asyncio.timeout` does, at a third of its price: every job passes here."""
    deadline = _Deadline(seconds)
    try:
        return await handler(job)
    except asyncio.CancelledError as error:
        if deadline.is_over and deadline.task.cancelling() == 1:
            raise TimeoutError from error
        raise
    finally:
        deadline.timer.cancel()
        if deadline.is_over:
            deadline.task.uncancel()


def backoff(attempts: int, options: WorkerOptions) -> timedelta:
    """Twice as long each time, up to the longest pause, and 25 % more or less, so that a crowd disperses."""
    longest = options.longest_pause
    pause = longest if attempts > 30 else min(options.first_pause * 2 ** (attempts - 1), longest)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311
