"""The pool of connections and the unit of work: one transaction that commits at its edge, and only there.

Every wait has a timeout. A database that is away, restarting or out of connections shows as `Unavailable`;
after a short restart (ours takes 0.2 s) the statement just comes later. Errors of PostgreSQL itself (a
violated constraint) pass through as asyncpg's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import asyncpg
import orjson

from localloop.store.listen import Listener, Subscription

_LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # a pooled connection that has been told to go, but is not closed yet
)
_RETRY_PAUSE: Final = 0.05
_STATEMENT_TIMEOUT: Final = 30.0
_SETTINGS: Final = {"application_name": "localloop", "jit": "off", "timezone": "UTC"}


class Unavailable(Exception):
    """The database cannot be had now; whoever asked may ask again."""


class Executor(Protocol):
    """What runs statements: the database (each its own transaction) or a unit of work."""

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]: ...
    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None: ...
    async def fetchval(self, sql: str, *args: Any) -> Any: ...
    async def execute(self, sql: str, *args: Any) -> str: ...


def is_lost(error: BaseException) -> bool:
    """Whether this error says that the connection, not the statement, failed. Time-outs count too."""
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # a ValueError is a wrong argument
    return isinstance(error, _LOST)


class _Answered:
    """Within it, a lost connection is raised as Unavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and is_lost(error):
            raise Unavailable(f"the database did not answer: {error or type(error).__name__}") from error


_answered: Final = _Answered()


class Unit:
    """One transaction. It has no commit of its own: leaving `Database.unit()` commits, an exception rolls
    back."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._notices: dict[tuple[str, str], None] = {}
        self._callbacks: list[Callable[[], None]] = []

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        with _answered:
            rows: list[asyncpg.Record] = await self.connection.fetch(sql, *args)
            return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        with _answered:
            return await self.connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        with _answered:
            return await self.connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        with _answered:
            status: str = await self.connection.execute(sql, *args)
            return status

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with _answered:
            await self.connection.executemany(sql, rows)

    async def copy_records_to_table(
        self, table: str, *, columns: Sequence[str], records: Iterable[Sequence[Any]]
    ) -> None:
        """Many rows in the database's own binary form."""
        with _answered:
            await self.connection.copy_records_to_table(table, columns=columns, records=records)

    def notify(self, channel: str, payload: str = "") -> None:
        """Tell every listener once this unit commits; the same words twice are told once."""
        self._notices[channel, payload] = None

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call this in our own process once the unit is committed, in addition to any notice for the
        others."""
        self._callbacks.append(callback)

    async def send_notices(self) -> None:
        """The edge's: put the notices into the transaction."""
        if self._notices:
            channels, payloads = zip(*self._notices, strict=True)
            await self.execute(
                "select pg_notify(c, p) from unnest($1::text[], $2::text[]) as n (c, p)",
                list(channels),
                list(payloads),
            )

    def committed(self) -> None:
        """The edge's: the transaction is durable."""
        for callback in self._callbacks:
            callback()


class Database:
    """A pool of connections to one PostgreSQL, and one more that listens."""

    def __init__(self, dsn: str, pool: Any, patience: float) -> None:
        self.dsn = dsn
        self._pool = pool
        self.patience = patience
        self._listener = Listener(dsn)

    @classmethod
    async def connect(
        cls,
        dsn: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        patience: float = 5.0,
        settings: Mapping[str, str] | None = None,
    ) -> Database:
        """Open `min_size` connections. `patience` is how long one waits for a connection, a restart included;
        `settings` are PostgreSQL's own, for every connection."""
        pool = asyncpg.create_pool(
            dsn,
            min_size=0,  # a floor would be restored in the background, with a traceback in the log per try
            max_size=max_size,
            timeout=patience,
            command_timeout=_STATEMENT_TIMEOUT,
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            init=_initialise,
            reset=_keep,
            server_settings=_SETTINGS | dict(settings or {}),
        )
        await pool
        database = cls(dsn, pool, patience)
        try:
            async with contextlib.AsyncExitStack() as opened:
                for _ in range(max(1, min_size)):
                    await opened.enter_async_context(database.connection())
        except Unavailable:
            pool.terminate()
            raise
        return database

    async def close(self) -> None:
        """Stop listening, wait briefly for running statements, and hang up."""
        await self._listener.close()
        try:
            await asyncio.wait_for(self._pool.close(), 5.0)
        except TimeoutError:
            self._pool.terminate()

    async def fetch(self, sql: str, *args: Any, timeout: float | None = None) -> list[asyncpg.Record]:
        async with self.connection() as connection:
            with _answered:
                rows: list[asyncpg.Record] = await connection.fetch(sql, *args, timeout=timeout)
                return rows

    async def fetchrow(self, sql: str, *args: Any, timeout: float | None = None) -> asyncpg.Record | None:
        async with self.connection() as connection:
            with _answered:
                return await connection.fetchrow(sql, *args, timeout=timeout)

    async def fetchval(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        async with self.connection() as connection:
            with _answered:
                return await connection.fetchval(sql, *args, timeout=timeout)

    async def execute(self, sql: str, *args: Any, timeout: float | None = None) -> str:
        async with self.connection() as connection:
            with _answered:
                status: str = await connection.execute(sql, *args, timeout=timeout)
                return status

    @contextlib.asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        """One transaction, committed when the block ends well."""
        async with self.connection() as connection:
            unit = Unit(connection)
            transaction = connection.transaction()
            with _answered:
                await transaction.start()
            try:
                yield unit
                await unit.send_notices()
            except BaseException:
                await _roll_back(transaction)
                raise
            with _answered:
                await transaction.commit()
        unit.committed()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A bare connection, for the store's own use; everybody else takes a unit."""
        connection = await self._acquire()
        try:
            yield connection
        finally:
            try:
                await self._pool.release(connection, timeout=self.patience)
            except Exception as error:
                if not is_lost(error):
                    raise

    async def listen(
        self,
        channel: str,
        callback: Callable[[str], None],
        resync: Callable[[], None] | None = None,
    ) -> Subscription:
        """Call back with the payload of every notice; `resync` after the connection was lost and is back,
        since notices may have been missed."""
        return await self._listener.add(channel, callback, resync)

    async def _acquire(self) -> Any:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience
        while True:
            try:
                return await self._pool.acquire(timeout=max(0.001, deadline - loop.time()))
            except TimeoutError as error:
                raise Unavailable("no database connection is free") from error
            except Exception as error:
                if not is_lost(error):
                    raise
                if self._pool.is_closing() or loop.time() + _RETRY_PAUSE > deadline:
                    raise Unavailable(f"the database is away: {error}") from error
            await asyncio.sleep(_RETRY_PAUSE)


async def _roll_back(transaction: Any) -> None:
    try:
        await transaction.rollback()
    except Exception as error:
        if not is_lost(error):
            raise


async def _initialise(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=_jsonb_encode, decoder=_jsonb_decode, schema="pg_catalog", format="binary"
    )


async def _keep(connection: Any) -> None:
    """Instead of `RESET ALL` at every release: we change no session state, and it would cost a round trip."""


def _jsonb_encode(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value)


def _jsonb_decode(value: bytes) -> Any:
    return orjson.loads(value[1:])
