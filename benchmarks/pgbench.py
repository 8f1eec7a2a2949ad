"""pgbench on our own PostgreSQL: the rows of one message in one transaction, with our schema and its indexes."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from benchmarks.instance import ACCOUNT_SID, Instance
from benchmarks.table import NotRun
from localloop.store import Database, migrate, partitions
from localloop.store.binaries import find

CLIENTS = (1, 8, 16, 32, 48, 64)
_DATABASE = "benchmark"
# What `POST /Messages` writes at --message-rate 0: no row in pace, since nobody waits.
_SCRIPT = f"""
\\set to random(2000000, 9999999)
\\set from random(3000000, 3000019)
begin;
insert into messages (account_sid, id, world_sid, prefix, status, direction, from_address, to_address, body,
  num_segments, num_media, price_unit, options, date_created, date_updated)
values ('{ACCOUNT_SID}', uuidv7(), '{ACCOUNT_SID}', 'SM', 'queued', 'outbound-api', '+1415' || :from, '+1212' || :to,
  'Your appointment is tomorrow at 10:30.', 1, 0, 'USD', '{{}}', now(), now());
insert into jobs (account_sid, world_sid, kind, key, payload, due_at, run_at)
values ('{ACCOUNT_SID}', '{ACCOUNT_SID}', 'message.send', null,
  decode(repeat('ab', %d), 'hex'), now(), now());
commit;
"""


@contextmanager
def prepared(instance: Instance, payload_bytes: int) -> Iterator[Callable[[int, float], float]]:
    """A database with our schema, and how to measure it: (clients, seconds) → transactions per second."""
    program = _program()
    asyncio.run(_prepare(instance))
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="ascii") as script:
        script.write(_SCRIPT % payload_bytes)
        script.flush()
        yield lambda clients, seconds: _measure(program, instance, script.name, clients, seconds)


def _program() -> Path:
    beside = find().folder / "pgbench"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("pgbench")
    if found is None:
        raise NotRun("pgbench is missing")
    return Path(found)


async def _prepare(instance: Instance) -> None:
    connection: Any = await asyncpg.connect(**address(instance), timeout=10)
    try:
        await connection.execute(f"drop database if exists {_DATABASE}")
        await connection.execute(f"create database {_DATABASE}")
    finally:
        await connection.close()
    place = instance.database
    secret = f":{place['password']}" if "password" in place else ""
    dsn = f"postgresql://localloop{secret}@/{_DATABASE}?host={quote(place['host'], safe='/')}&port={place['port']}"
    await migrate(dsn)
    database = await Database.connect(dsn, min_size=1, max_size=2)
    try:
        await partitions.ensure(database)
    finally:
        await database.close()


def _measure(program: Path, instance: Instance, script: str, clients: int, seconds: float) -> float:
    place = instance.database
    command = [
        *(str(program), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(2, clients))),
        *("-T", str(max(1, round(seconds))), "-f", script),
        *("-h", place["host"], "-p", place["port"], "-U", place["user"], _DATABASE),
    ]
    environment = os.environ | {"PGPASSWORD": place.get("password", "")}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=seconds + 60, check=False
    )
    told = re.search(r"tps = ([0-9.]+)", done.stdout)
    if told is None:
        raise NotRun(f"pgbench failed: {done.stderr.strip()[-200:]}")
    return float(told[1])


def address(instance: Instance) -> dict[str, Any]:
    """Of our PostgreSQL, as asyncpg takes it."""
    place = instance.database
    return place | {"port": int(place["port"])}
