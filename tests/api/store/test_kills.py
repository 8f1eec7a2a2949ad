"""PostgreSQL is killed under load: what was acknowledged is there, and once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from localloop.store import BatchWriter, Database, Unavailable, migrate
from localloop.store.postgres import Postgres

CALLERS = 64


@pytest.fixture
def own_server(pg_bin: Path | None) -> Iterator[Postgres]:
    """A server to be killed, durable as it ships."""
    folder = Path(tempfile.mkdtemp(prefix="localloop-kills-"))
    server = Postgres(folder, pg_bin=pg_bin)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.long)])
async def test_nothing_acknowledged_is_lost_or_doubled(own_server: Postgres, kills: int) -> None:
    await migrate(own_server.dsn)
    database = await Database.connect(own_server.dsn)
    await database.execute("create table items (n int)")  # no key: a doubled row would show
    load = Load(BatchWriter(database, insert))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CALLERS):
            tasks.create_task(load.run())
        for kill in range(1, kills + 1):
            await load.reaches(kill * 500)
            assert own_server.pid is not None
            os.kill(own_server.pid, signal.SIGKILL)
            await asyncio.to_thread(own_server.start)
        await load.reaches(kills * 500 + 500)
        load.over = True
    stored = Counter(row["n"] for row in await database.fetch("select n from items"))
    assert [n for n, times in stored.items() if times > 1] == []
    assert load.acknowledged - stored.keys() == set()
    assert stored.keys() - load.acknowledged <= load.doubtful
    assert len(load.acknowledged) >= kills * 500
    await load.writer.close()
    await database.close()


async def insert(connection: Any, numbers: Sequence[int]) -> Sequence[int]:
    await connection.execute("insert into items select * from unnest($1::int[])", list(numbers))
    return numbers


class Load:
    """Callers who write one number after the other, and note what they were answered."""

    def __init__(self, writer: BatchWriter[int, int]) -> None:
        self.writer = writer
        self.acknowledged: set[int] = set()
        self.doubtful: set[int] = set()
        self.over = False
        self._next = 0
        self._progress = asyncio.Condition()

    async def run(self) -> None:
        while not self.over:
            self._next += 1
            number = self._next
            try:
                self.acknowledged.add(await self.writer.write(number))
            except Unavailable:
                self.doubtful.add(number)
            async with self._progress:
                self._progress.notify_all()

    async def reaches(self, number: int) -> None:
        async with asyncio.timeout(60), self._progress:
            await self._progress.wait_for(lambda: len(self.acknowledged) >= number)
