"""Brings the schema up to date: under an advisory lock, so that of many processes one does it and the others
wait."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any, Final

import asyncpg

from localloop.store.database import Unavailable, is_lost
from localloop.store.migrations.whole import newest, whole

_LOCK: Final = 0x6C6F63616C  # any fixed number: "local"
_LOCK_TIMEOUT: Final = 300.0
_RUN_TIMEOUT: Final = 3600.0


class MigrationFailed(Exception):
    """The schema could not be brought up to date; the text says why."""


async def needs_migration(dsn: str) -> bool:
    """Whether the database is behind; cheap, since Alembic is not asked. Raises Unavailable."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10.0, command_timeout=10.0)
        try:
            return await _current(connection) != newest()
        finally:
            await connection.close(timeout=5.0)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if not is_lost(error):
            raise
        raise Unavailable(f"the database is away: {error or type(error).__name__}") from error


async def migrate(dsn: str) -> bool:
    """Bring the schema up to date; True when there was something to do."""
    connection = await asyncpg.connect(dsn, timeout=10.0, command_timeout=_LOCK_TIMEOUT)
    try:
        if await _current(connection) == newest():
            return False
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        current = await _current(connection)
        if current == newest():
            return False
        script = whole() if current is None else await asyncio.to_thread(_script, current)
        await connection.execute(script, timeout=_RUN_TIMEOUT)
        return True
    finally:
        await connection.close(timeout=5.0)


async def _current(connection: Any) -> str | None:
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("select version_num from alembic_version")
    if revision is not None and revision > newest():
        raise MigrationFailed(
            f"the database has schema {revision}, newer than this program's {newest()}: use a newer localloop"
        )
    return revision


def _script(current: str) -> str:
    command = [sys.executable, "-m", "localloop.store.migrations.script", current]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if answer.returncode != 0:
        raise MigrationFailed(f"the migration cannot be written: {answer.stderr.strip().splitlines()[-1:]}")
    return answer.stdout
