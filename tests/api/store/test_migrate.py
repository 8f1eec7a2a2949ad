"""The schema is made once, by whoever comes first."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from localloop.store import Database, MigrationFailed, migrate, needs_migration


async def test_fresh_database_is_migrated_once(empty_dsn: str) -> None:
    assert await needs_migration(empty_dsn)
    done = await asyncio.gather(migrate(empty_dsn), migrate(empty_dsn), migrate(empty_dsn))
    assert sorted(done) == [False, False, True]
    assert not await needs_migration(empty_dsn)
    assert not await migrate(empty_dsn)


async def test_schema_has_the_house_tables(database: Database) -> None:
    tables = {
        row["relname"]
        for row in await database.fetch("select relname from pg_class where relkind in ('r', 'p')")
    }
    assert {"worlds", "resources", "jobs", "pace", "messages", "deliveries"} <= tables
    # A colon, a percent sign and a backslash in the SQL arrive as they are.
    assert await database.fetchval("select count(*) from jobs") == 0


async def test_schema_of_a_newer_program_is_refused(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("update alembic_version set version_num = '9999'")
    await connection.close()
    with pytest.raises(MigrationFailed, match="newer"):
        await migrate(dsn)
