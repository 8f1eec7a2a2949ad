"""PostgreSQL for the tests: one server per test process, one fresh migrated database per test.

The server is started by the launcher that ships. LOCALLOOP_TEST_PG_BIN selects other programs, so that the
suite can run against each PostgreSQL that a machine has.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from memory import roomy_memory

from localloop.core import clock
from localloop.store import Database, migrate
from localloop.store.postgres import Postgres

pytest_plugins = ["tests.needs", "tests.measured", "tests.genuine"]

_numbers = itertools.count()

# What a power cut would show is not tested here, so the tests need not wait for the disk.
_FAST = (
    "alter system set fsync = off",
    "alter system set full_page_writes = off",
    "alter system set checkpoint_timeout = '1h'",
    "alter system set max_wal_size = '256MB'",
    "select pg_reload_conf()",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Coroutine tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def pg_bin() -> Path | None:
    named = os.environ.get("LOCALLOOP_TEST_PG_BIN")
    return Path(named) if named else None


@pytest.fixture(scope="session")
def postgres(pg_bin: Path | None) -> Iterator[Postgres]:
    """The server that this test process shares."""
    # Not under pytest's own folder, which an unprivileged server may not enter.
    folder = Path(tempfile.mkdtemp(prefix="localloop-tests-", dir=roomy_memory()))
    server = Postgres(folder, pg_bin=pg_bin)
    try:
        server.start()
        asyncio.run(_administer(server.dsn, *_FAST))
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a migrated database to clone."""
    name = "template_localloop"
    asyncio.run(_administer(postgres.dsn, f"create database {name}"))
    asyncio.run(migrate(with_database(postgres.dsn, name)))
    return name


@pytest.fixture
def dsn(postgres: Postgres, template: str) -> Iterator[str]:
    """The address of a fresh migrated database, dropped after the test."""
    with _fresh(postgres, template) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def standing_dsn(postgres: Postgres, template: str) -> Iterator[str]:
    """The address of a migrated database for all tests of a module that leave nothing behind."""
    with _fresh(postgres, template) as dsn:
        yield dsn


@contextmanager
def _fresh(postgres: Postgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    asyncio.run(_clone(postgres.dsn, name, template))
    yield with_database(postgres.dsn, name)
    asyncio.run(_administer(postgres.dsn, f"drop database if exists {name} with (force)"))


@pytest.fixture
def empty_dsn(postgres: Postgres) -> Iterator[str]:
    """The address of a database without a schema, dropped after the test."""
    name = f"test_{next(_numbers)}"
    asyncio.run(_administer(postgres.dsn, f"create database {name}"))
    yield with_database(postgres.dsn, name)
    asyncio.run(_administer(postgres.dsn, f"drop database if exists {name} with (force)"))


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A connected pool on a fresh migrated database."""
    opened = await Database.connect(dsn, max_size=10)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def standing_database(standing_dsn: str) -> AsyncIterator[Database]:
    opened = await Database.connect(standing_dsn, max_size=10)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _real_time() -> Iterator[None]:
    """No world's clock outlives its test."""
    yield
    for world in tuple(clock._worlds):
        clock.forget(world)


def with_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _clone(dsn: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        # Page by page through the log, which is what newer servers do unasked, takes three times as long.
        how = " strategy file_copy" if connection.get_server_version().major >= 15 else ""
        await connection.execute(f"create database {name} template {template}{how}")
    finally:
        await connection.close()


async def _administer(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
