"""Jobs run when they are due, once each, side by side, and whatever becomes of them is settled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct

from localloop.core import clock
from localloop.jobs import (
    Dead,
    Done,
    Handler,
    Job,
    NewJob,
    Outcome,
    Relayed,
    Retry,
    Settled,
    Worker,
    WorkerOptions,
    cancel,
    delete,
    enqueue,
    may_relay,
    relay,
)
from localloop.jobs.worker import backoff
from localloop.store import Database
from localloop.store.worlds import Worlds, move_clock

WORLD = "AC" + "0" * 32
PATIENCE = 10.0


class Greeting(Struct):
    text: str


class Log:
    """A handler that writes down what it was given, and answers what it is told to."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.jobs: list[Job] = []
        self._outcomes = list(outcomes)
        self._arrived = asyncio.Condition()

    async def __call__(self, job: Job) -> Outcome:
        self.jobs.append(job)
        async with self._arrived:
            self._arrived.notify_all()
        outcome = self._outcomes.pop(0) if self._outcomes else Done()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def count(self, number: int) -> list[Job]:
        async with asyncio.timeout(PATIENCE), self._arrived:
            await self._arrived.wait_for(lambda: len(self.jobs) >= number)
        return self.jobs


def job(kind: str = "greet", *, account: str = WORLD, due: datetime | None = None, **rest: Any) -> NewJob:
    return NewJob(kind, account, WORLD, rest.pop("payload", b"{}"), due or clock.now(WORLD), **rest)


@contextlib.asynccontextmanager
async def working(
    database: Database, handlers: Mapping[str, Handler], **options: Any
) -> AsyncIterator[Worker]:
    worker = Worker(database, handlers, WorkerOptions(**options))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()


async def until_empty(database: Database) -> None:
    """Every change of the table wakes us through a notice of our own making."""
    changed = asyncio.Event()
    subscription = await database.listen("jobs_changed", lambda _: changed.set())
    await database.execute(
        "create or replace function tell() returns trigger language plpgsql as "
        "$$ begin perform pg_notify('jobs_changed', ''); return null; end $$"
    )
    await database.execute(
        "create or replace trigger tell after insert or update or delete on jobs execute function tell()"
    )
    async with asyncio.timeout(PATIENCE):
        while await database.fetchval("select count(*) from jobs"):
            await changed.wait()
            changed.clear()
    subscription.close()


async def test_job_runs_with_what_it_was_given_and_goes(database: Database) -> None:
    log = Log()
    due = clock.now()
    async with working(database, {"greet": log}):
        async with database.unit() as unit:
            await enqueue(unit, [job(payload=Greeting("hello"), due=due, key="k")])
        await log.count(1)
        await until_empty(database)
    [ran] = log.jobs
    assert ran.read(Greeting) == Greeting("hello")
    assert (ran.account_sid, ran.world_sid, ran.key, ran.attempts) == (WORLD, WORLD, "k", 1)
    assert ran.due_at == due


async def test_job_of_a_unit_that_fails_never_runs(database: Database) -> None:
    log = Log()
    with contextlib.suppress(ZeroDivisionError):
        async with database.unit() as unit:
            await enqueue(unit, [job()])
            _ = 1 / 0
    assert await database.fetchval("select count(*) from jobs") == 0
    async with working(database, {"greet": log}):
        await enqueue(database, [job(key="second")])
        await log.count(1)
    assert [ran.key for ran in log.jobs] == ["second"]


async def test_job_waits_until_it_is_due_and_not_a_poll_longer(database: Database) -> None:
    log = Log()
    async with working(database, {"greet": log}, poll=timedelta(seconds=60)):
        due = clock.now() + timedelta(milliseconds=80)
        await enqueue(database, [job(due=due)])
        await log.count(1)
        late = clock.now() - due
    assert timedelta() <= late < timedelta(seconds=5)


async def test_notice_that_was_missed_costs_one_poll(database: Database) -> None:
    log = Log()
    async with working(database, {"greet": log}, poll=timedelta(milliseconds=20)):
        await database.execute(
            "insert into jobs (account_sid, world_sid, kind, payload, due_at, run_at) "
            "values ($1, $1, 'greet', '', $2, $2)",
            WORLD,
            clock.now(),
        )
        await log.count(1)


async def test_many_jobs_run_once_each_on_two_workers(database: Database) -> None:
    log = Log()
    keys = [f"job {n}" for n in range(1000)]
    await enqueue(database, [job(key=key, account=f"AC{n % 7}") for n, key in enumerate(keys)])
    async with working(database, {"greet": log}), working(database, {"greet": log}):
        await until_empty(database)
    assert sorted(ran.key or "" for ran in log.jobs) == sorted(keys)


async def test_retry_comes_back_after_its_pause(database: Database) -> None:
    log = Log(Retry(timedelta(milliseconds=30)))
    async with working(database, {"greet": log}, poll=timedelta(seconds=60)):
        await enqueue(database, [job()])
        first, second = await log.count(2)
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.due_at >= first.due_at + timedelta(milliseconds=30)


async def test_handler_that_raises_is_tried_again_and_dies_in_the_end(database: Database) -> None:
    log = Log(*[ValueError("no luck")] * 3)
    quick = {"first_pause": timedelta(milliseconds=1), "poll": timedelta(milliseconds=20)}
    async with working(database, {"greet": log}, max_attempts=3, **quick):
        await enqueue(database, [job(key="doomed", payload=b"last words")])
        await log.count(3)
        await until_empty(database)
    dead = await database.fetchrow("select * from dead_jobs")
    assert dead is not None
    assert (dead["key"], dead["payload"], dead["attempts"]) == ("doomed", b"last words", 3)
    assert dead["reason"] == "ValueError: no luck"


@pytest.mark.parametrize(("kind", "reason"), [("greet", "enough"), ("unknown", "nothing here runs")])
async def test_dead_job_is_kept_with_its_reason(database: Database, kind: str, reason: str) -> None:
    async with working(database, {"greet": Log(Dead("enough"))}):
        await enqueue(database, [job(kind)])
        await until_empty(database)
    assert reason in await database.fetchval("select reason from dead_jobs")


async def test_handler_that_takes_too_long_is_tried_again(database: Database) -> None:
    calls: list[int] = []

    async def slow(ran: Job) -> Outcome:
        calls.append(ran.attempts)
        if len(calls) == 1:
            await asyncio.Event().wait()
        return Done()

    options = {"timeout": timedelta(milliseconds=30), "first_pause": timedelta(milliseconds=1)}
    async with working(database, {"greet": slow}, poll=timedelta(milliseconds=20), **options):
        await enqueue(database, [job()])
        await until_empty(database)
    assert calls == [1, 2]


async def test_cancelled_by_key_before_it_is_due(database: Database) -> None:
    later = clock.now() + timedelta(hours=1)
    await enqueue(database, [job(key="a", due=later), job(key="a", due=later), job(key="b", due=later)])
    assert await cancel(database, "AC" + "f" * 32, "a") == 0
    assert await cancel(database, WORLD, "a", "c") == 2
    assert await database.fetchval("select key from jobs") == "b"


async def test_settled_by_the_handler_together_with_its_results(database: Database) -> None:
    await database.execute("create table results (n int)")
    held: list[bool] = []

    async def count(ran: Job) -> Outcome:
        async with database.unit() as unit:
            held.append(await delete(unit, ran))
            await unit.execute("insert into results values (1)")
            await enqueue(unit, [job("next")])
        return Settled()

    log = Log()
    async with working(database, {"greet": count, "next": log}):
        await enqueue(database, [job()])
        await log.count(1)
        await until_empty(database)
    assert held == [True]
    assert await database.fetchval("select count(*) from results") == 1


async def test_lease_does_not_hold_once_the_job_is_cancelled_or_taken_over(database: Database) -> None:
    taken, go_on = asyncio.Event(), asyncio.Event()
    held: list[bool] = []

    async def late(ran: Job) -> Outcome:
        taken.set()
        await go_on.wait()
        held.append(await delete(database, ran))
        return Settled()

    async with working(database, {"greet": late}):
        await enqueue(database, [job()])
        async with asyncio.timeout(PATIENCE):
            await taken.wait()
        # As if the lease had run out, and another worker had the job.
        await database.execute("update jobs set attempts = attempts + 1")
        go_on.set()
    assert held == [False]
    assert await database.fetchval("select attempts from jobs") == 2


async def test_job_that_leads_to_another_becomes_it(database: Database) -> None:
    """In one row and one place, under one lease; not for another account, not before it is due, not at a later try."""
    after, worker = Log(Retry(timedelta(0))), Log()
    new = job("after", payload=Greeting("then"), key="k")

    async def before(ran: Job) -> Outcome:
        await worker(ran)
        assert not may_relay(ran, job("after", account="AC" + "1" * 32))
        assert not may_relay(ran, job("after", due=clock.now() + timedelta(seconds=1)))
        async with database.unit() as unit:
            became = await relay(unit, [(ran, new)])
        return Relayed(became[ran.id])

    async with working(database, {"before": before, "after": after}):
        async with database.unit() as unit:
            await enqueue(unit, [job("before")])
        await after.count(2)
        await until_empty(database)
    [ran], [first, second] = worker.jobs, after.jobs
    assert (ran.id, first.id, second.id) == (ran.id,) * 3
    assert [each.read(Greeting) for each in after.jobs] == [Greeting("then")] * 2
    assert [(each.key, each.attempts) for each in after.jobs] == [("k", 1), ("k", 2)]
    assert not may_relay(second, new)


async def test_job_that_is_gone_becomes_nothing(database: Database) -> None:
    lost = Job(1, WORLD, WORLD, "before", None, b"{}", clock.now(), 1)
    async with database.unit() as unit:
        assert await relay(unit, [(lost, job("after"))]) == {}


async def test_lease_that_ran_out_is_taken_over(database: Database) -> None:
    await enqueue(database, [job(key="orphan")])
    await database.execute("update jobs set leased = true, attempts = 1, run_at = $1", clock.now())
    log = Log()
    async with working(database, {"greet": log}):
        await until_empty(database)
    assert [(ran.key, ran.attempts) for ran in log.jobs] == [("orphan", 2)]


async def test_lease_of_a_long_job_is_prolonged(database: Database) -> None:
    renewed = asyncio.Event()

    async def long(ran: Job) -> Outcome:
        before = await database.fetchval("select run_at from jobs")
        async with asyncio.timeout(PATIENCE):
            while await database.fetchval("select run_at from jobs") == before:
                await asyncio.sleep(0)
        renewed.set()
        return Done()

    async with working(database, {"greet": long}, lease=timedelta(milliseconds=300)):
        await enqueue(database, [job()])
        async with asyncio.timeout(PATIENCE):
            await renewed.wait()


async def test_stopping_finishes_what_runs_and_gives_back_what_does_not_end(database: Database) -> None:
    quick_may_end = asyncio.Event()
    running = asyncio.Semaphore(0)

    async def quick(ran: Job) -> Outcome:
        running.release()
        await quick_may_end.wait()
        return Done()

    async def endless(ran: Job) -> Outcome:
        running.release()
        await asyncio.Event().wait()
        return Done()

    options = WorkerOptions(grace=timedelta(milliseconds=50))
    worker = Worker(database, {"quick": quick, "endless": endless}, options)
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        await enqueue(database, [job("quick"), job("endless")])
        await running.acquire()
        await running.acquire()
        worker.stop()
        quick_may_end.set()
    rows = await database.fetch("select kind, attempts, leased, run_at from jobs")
    assert [(row["kind"], row["attempts"], row["leased"]) for row in rows] == [("endless", 0, False)]
    assert rows[0]["run_at"] <= clock.now()


async def test_database_that_restarts_is_survived(database: Database) -> None:
    log = Log()
    async with working(database, {"greet": log}, poll=timedelta(milliseconds=50)):
        await enqueue(database, [job(key="before")])
        await log.count(1)
        await database.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where pid <> pg_backend_pid() and datname = current_database()"
        )
        await enqueue(database, [job(key="after")])
        await log.count(2)
        await until_empty(database)
    assert {"before", "after"} <= {ran.key for ran in log.jobs}


async def test_jobs_follow_the_clock_of_their_world(database: Database) -> None:
    log = Log()
    worlds = Worlds(database)
    await worlds.start()
    frozen = clock.frozen(clock.now())
    async with working(database, {"greet": log}, poll=timedelta(milliseconds=20)):
        async with database.unit() as unit:
            await move_clock(unit, WORLD, frozen)
        await enqueue(database, [job(key="day", due=clock.now(WORLD) + timedelta(days=1)), job(key="now")])
        await log.count(1)
        assert await database.fetchval("select run_at = 'infinity' from jobs where key = 'day'")
        async with database.unit() as unit:
            await move_clock(unit, WORLD, clock.world_time(WORLD).advanced(timedelta(hours=23)))
        assert await database.fetchval("select run_at = 'infinity' from jobs where key = 'day'")
        async with database.unit() as unit:
            await move_clock(unit, WORLD, clock.world_time(WORLD).advanced(timedelta(hours=2)))
        await log.count(2)
        await until_empty(database)
    assert [ran.key for ran in log.jobs] == ["now", "day"]
    await worlds.close()


async def test_job_queued_by_an_old_clock_is_put_back(database: Database) -> None:
    """Its row says now, while its world, as this process knows, is frozen before its due time."""
    log = Log()
    start = clock.now()
    await enqueue(database, [job(key="early", due=start + timedelta(days=1))])
    await database.execute("update jobs set run_at = $1", start)
    clock.set_world(WORLD, clock.frozen(start))
    async with working(database, {"greet": log}):
        await enqueue(database, [job(key="now", due=start)])
        await log.count(1)
    row = await database.fetchrow("select key, attempts, leased, run_at = 'infinity' as never from jobs")
    assert row is not None
    assert dict(row) == {"key": "early", "attempts": 0, "leased": False, "never": True}


def test_backoff_doubles_up_to_its_limit_with_jitter() -> None:
    options = WorkerOptions(first_pause=timedelta(seconds=1), longest_pause=timedelta(seconds=60))
    for attempts, base in [(1, 1), (2, 2), (3, 4), (7, 60), (1000, 60)]:
        pauses = [backoff(attempts, options).total_seconds() for _ in range(50)]
        assert all(0.75 * base <= pause <= 1.25 * base for pause in pauses)
        assert len(set(pauses)) > 1
