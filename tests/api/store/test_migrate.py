"""The schema is made once, by whoever comes first."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys

import asyncpg
import pytest

from localloop.store import Database, MigrationFailed, migrate, needs_migration
from localloop.store.migrations import script
from localloop.store.migrations.whole import whole


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


def test_an_empty_database_gets_what_alembic_would_write() -> None:
    """A version that is more than its file of SQL is noticed here."""
    written = subprocess.run(
        [sys.executable, "-m", script.__name__], capture_output=True, text=True, check=True
    ).stdout
    assert statements(written) == statements(whole())


def statements(sql: str) -> list[str]:
    """Without comments, spaces, and how the version is noted."""
    bare = re.sub(r"(INSERT INTO|UPDATE) alembic_version .*|--.*", "", sql)
    return [each for part in bare.split(";") if (each := "".join(part.split()))]
