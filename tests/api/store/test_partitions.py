"""Large tables grow by the month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from localloop.core import clock, sids
from localloop.store import Database, partitions

ACCOUNT = "AC" + "1" * 32


async def deliver(database: Database, moment: datetime) -> None:
    await database.execute(
        "insert into deliveries (account_sid, id, kind, url, method, attempt, date_created) "
        "values ($1, $2, 'notification', 'http://x', 'POST', 1, $3)",
        ACCOUNT,
        sids.uuid_of(sids.new("XX", moment)),
        moment,
    )


async def test_this_month_and_the_next_two_are_made_once(database: Database) -> None:
    made = await partitions.ensure(database)
    assert len(made) == 9
    assert f"messages_{clock.now():%Y_%m}" in made
    assert await partitions.ensure(database) == []
    await deliver(database, clock.now())
    assert await partitions.rows_in_default(database) == {"messages": 0, "calls": 0, "deliveries": 0}
    assert await database.fetchval(f"select count(*) from deliveries_{clock.now():%Y_%m}") == 1


async def test_rows_that_strayed_are_moved_home(database: Database) -> None:
    await deliver(database, clock.now())
    await deliver(database, clock.now() - timedelta(days=400))
    assert (await partitions.rows_in_default(database))["deliveries"] == 2
    await partitions.ensure(database)
    assert (await partitions.rows_in_default(database))["deliveries"] == 1
    assert await database.fetchval("select count(*) from deliveries") == 2


async def test_bounds_are_those_of_the_month(database: Database) -> None:
    await partitions.ensure(database)
    first = datetime(clock.now().year, clock.now().month, 1, tzinfo=UTC)
    await deliver(database, first)
    assert await database.fetchval(f"select count(*) from deliveries_{first:%Y_%m}") == 1
    await deliver(database, first - timedelta(milliseconds=1))
    assert (await partitions.rows_in_default(database))["deliveries"] == 1


async def test_retention_drops_whole_months(database: Database) -> None:
    made = await partitions.ensure(database)
    messages = sorted(name for name in made if name.startswith("messages"))
    assert await partitions.drop_before(database, "messages", clock.now()) == []
    later = clock.now() + timedelta(days=32)
    assert await partitions.drop_before(database, "messages", later) == messages[:1]
    assert await partitions.ensure(database) == messages[:1]


async def test_partition_has_the_indexes_of_its_table(database: Database) -> None:
    [name, *_] = await partitions.ensure(database)
    parents = await database.fetchval("select count(*) from pg_indexes where tablename = 'messages'")
    assert await database.fetchval("select count(*) from pg_indexes where tablename = $1", name) == parents
