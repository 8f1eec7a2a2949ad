"""A released number is nobody's in every process of the machine, from the moment that the release is answered."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from asking import Asker

from localloop.contract import load
from localloop.products.numbers import Directory, Needs, bindings
from localloop.rest import shared
from localloop.rest.plain import Plain
from localloop.rest.request import Caller
from localloop.store import Database
from localloop.store.plain import PlainStore
from tests.api.numbers.conftest import buy

NUMBER = "+14152345678"
SCRIPT = Path(__file__).with_name("other_process.py")
Question = Callable[[str, str], Awaitable[str]]


@pytest.fixture
def counter_file(tmp_path: Path) -> Path:
    path = tmp_path / "shared"
    shared.create(path)
    return path


@pytest.fixture
async def other(dsn: str, counter_file: Path) -> AsyncIterator[Question]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        dsn,
        str(counter_file),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=SCRIPT.parents[3],
    )

    async def question(world_sid: str, number: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{world_sid} {number}\n".encode())
        async with asyncio.timeout(30):
            return (await process.stdout.readline()).decode().strip()

    yield question
    assert process.stdin is not None
    process.stdin.close()
    async with asyncio.timeout(30):
        await process.wait()


async def test_a_release_and_a_transfer_reach_the_other_process_before_they_are_answered(
    database: Database, counter_file: Path, other: Question, parent: Caller, child: Caller
) -> None:
    table = shared.SharedTable(counter_file)
    records = PlainStore(database)
    directory = Directory(database, table)
    ask = Asker(bindings(Needs(database, directory, Plain(records, load()), records)))
    bought = await buy(ask, parent, NUMBER)
    for _ in range(5):
        assert await other(parent.world_sid, NUMBER) == f"unknown {parent.account_sid}"
        assert await other(parent.world_sid, NUMBER) == f"known {parent.account_sid}"
        to = {"AccountSid": child.account_sid}
        await ask("api.v2010.UpdateIncomingPhoneNumber", parent, to, Sid=bought["sid"])
        assert await other(parent.world_sid, NUMBER) == f"unknown {child.account_sid}"
        await ask("api.v2010.DeleteIncomingPhoneNumber", child, Sid=bought["sid"])
        assert await other(parent.world_sid, NUMBER) == "unknown nobody"
        await database.execute("delete from released_numbers")
        bought = await buy(ask, parent, NUMBER)
    await records.close()
    table.close()
