"""Deliveries and alerts go when they are too old or too many, the oldest first."""

from __future__ import annotations

from datetime import datetime, timedelta

from localloop.core import clock, sids
from localloop.store import Database
from localloop.webhooks.retention import Bounds, prune

ACCOUNTS = ("AC" + "1" * 32, "AC" + "2" * 32)


async def deliver(database: Database, ages: list[timedelta], body: int = 0) -> None:
    """A row per account and age, with so many bytes that do not compress."""
    now = clock.now()
    async with database.unit() as unit:
        await unit.executemany(
            "insert into deliveries (account_sid, id, kind, url, method, attempt, detail, date_created)"
            " values ($1, $2, 'notification', 'http://x', 'POST', 1, $3, $4)",
            [
                (account, made(now - age), {"body": noise(body)}, now - age)
                for age in ages
                for account in ACCOUNTS
            ],
        )


def noise(length: int) -> str:
    return "".join(sids.new_secret() for _ in range(length // 32))


def made(moment: datetime) -> object:
    return sids.uuid_of(sids.new("WH", moment))


async def ages_left(database: Database) -> list[int]:
    rows = await database.fetch("select date_created from deliveries order by id")
    return [round((clock.now() - row["date_created"]) / timedelta(days=1)) for row in rows]


async def test_by_age(database: Database) -> None:
    await deliver(database, [timedelta(days=days) for days in (0, 3, 6, 8, 20)])
    assert await prune(database, Bounds(age=timedelta(days=7))) == 4
    assert await ages_left(database) == [6, 6, 3, 3, 0, 0]
    assert await prune(database, Bounds(age=timedelta(days=7))) == 0


async def test_by_size_the_oldest_first(database: Database) -> None:
    """Sixty rows of about two kilobytes each, where a hundred kilobytes may be kept."""
    await deliver(database, [timedelta(minutes=number) for number in range(30)], body=2_000)
    before = await database.fetch("select id from deliveries order by id")
    size = 60_000
    pruned = await prune(database, Bounds(size=size))
    after = await database.fetch("select id from deliveries order by id")
    assert pruned > 0
    assert [row["id"] for row in after] == [row["id"] for row in before[pruned:]]
    kept = await database.fetchval("select sum(pg_column_size(detail)) from deliveries")
    assert kept <= size
    assert await prune(database, Bounds(size=size)) == 0


async def test_no_bound_of_size(database: Database) -> None:
    await deliver(database, [timedelta(minutes=number) for number in range(10)], body=2_000)
    assert await prune(database, Bounds(size=0)) == 0


async def test_alerts_are_kept_for_thirty_days(database: Database) -> None:
    for days in (1, 29, 31):
        await database.execute(
            "insert into alerts (account_sid, id, error_code, log_level, facts, date_generated)"
            " values ($1, $2, 11200, 'error', '{}', $3)",
            ACCOUNTS[0],
            made(clock.now() - timedelta(days=days)),
            clock.now() - timedelta(days=days),
        )
    await prune(database, Bounds())
    assert await database.fetchval("select count(*) from alerts") == 2
