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
_HERE = Path(__file__).parent
# What takes long for a file comes first: at the end the workers share out what is short, and are done together.
_FIRST = ("browser", "acceptance", "sdk", "wire", "api")

# What a power cut would show is not tested here, so the tests need not wait for the disk.
_FAST = (
    "alter system set fsync = off",
    "alter system set full_page_writes = off",
    "alter system set checkpoint_timeout = '1h'",
    "alter system set max_wal_size = '256MB'",
    "select pg_reload_conf()",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(_HERE).parts[0] if item.path.is_relative_to(_HERE) else ""
        return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Coroutine tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def pg_bin() -> Path | None:
    named = os.environ.get("LOCALLOOP_TEST_PG_BIN")
    return Path(named) if named else None


class Administrator:
    """One connection on which databases are made and dropped, and the loop that it belongs to: both are kept, since a
    connection costs the server as much as a small database does."""

    def __init__(self, dsn: str) -> None:
        self._runner = asyncio.Runner()
        self._dsn = dsn
        self._connection = self._connect()
        # Page by page through the log, which is what newer servers do unasked, takes three times as long.
        self._how = " strategy file_copy" if self._connection.get_server_version().major >= 15 else ""

    def _connect(self) -> asyncpg.Connection:
        return self._runner.run(asyncpg.connect(self._dsn, timeout=10, command_timeout=60))

    def do(self, *statements: str) -> None:
        for statement in statements:
            try:
                self._runner.run(self._connection.execute(statement))
            except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
                self._connection = self._connect()  # a test has started the server again
                self._runner.run(self._connection.execute(statement))

    @contextmanager
    def fresh(self, template: str = "template1") -> Iterator[str]:
        """The address of a database that is dropped afterwards."""
        name = f"test_{next(_numbers)}"
        self.do(f"create database {name} template {template}{self._how}")
        yield with_database(self._dsn, name)
        self.do(f"drop database if exists {name} with (force)")

    def close(self) -> None:
        self._runner.run(self._connection.close(timeout=10))
        self._runner.close()


@pytest.fixture(scope="session")
def postgres(pg_bin: Path | None) -> Iterator[Postgres]:
    """The server that this test process shares."""
    # Not under pytest's own folder, which an unprivileged server may not enter.
    folder = Path(tempfile.mkdtemp(prefix="localloop-tests-", dir=roomy_memory()))
    server = Postgres(folder, pg_bin=pg_bin)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def administrator(postgres: Postgres) -> Iterator[Administrator]:
    administrator = Administrator(postgres.dsn)
    administrator.do(*_FAST)
    yield administrator
    administrator.close()


@pytest.fixture(scope="session")
def template(postgres: Postgres, administrator: Administrator) -> str:
    """The name of a migrated database to clone."""
    name = "template_localloop"
    administrator.do(f"create database {name}")
    asyncio.run(migrate(with_database(postgres.dsn, name)))
    return name


@pytest.fixture
def dsn(administrator: Administrator, template: str) -> Iterator[str]:
    """The address of a fresh migrated database, dropped after the test."""
    with administrator.fresh(template) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def standing_dsn(administrator: Administrator, template: str) -> Iterator[str]:
    """The address of a migrated database for all tests of a module that leave nothing behind."""
    with administrator.fresh(template) as dsn:
        yield dsn


@pytest.fixture
def empty_dsn(administrator: Administrator) -> Iterator[str]:
    """The address of a database without a schema, dropped after the test."""
    with administrator.fresh() as dsn:
        yield dsn


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
