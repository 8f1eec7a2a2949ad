"""What is revoked in one process is revoked in the others: here before the answer, elsewhere within a second."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asking import Asker
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from localloop.core.settings import Seed
from localloop.products import accounts
from localloop.products.accounts import AccountCredentials, Vault
from localloop.rest import shared
from localloop.rest.request import Caller
from localloop.rest.shared import SharedTable
from localloop.store import Database, Unavailable
from localloop.store.sealing import Sealer

PROVER = Path(__file__).parents[2] / "support" / "prover.py"
KEY = AESGCM.generate_key(256)
Ask = Callable[[str, str], Awaitable[str]]


@asynccontextmanager
async def other_process(dsn: str, table: Path, mode: str) -> AsyncIterator[Ask]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROVER),
        dsn,
        str(table),
        KEY.hex(),
        mode,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    async def ask(sid: str, secret: str) -> str:
        stdin.write(f"{sid} {secret}\n".encode())
        return (await asyncio.wait_for(stdout.readline(), 20)).decode().strip()

    try:
        assert await asyncio.wait_for(stdout.readline(), 20) == b"ready\n"
        yield ask
    finally:
        stdin.close()
        await asyncio.wait_for(process.wait(), 20)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """What the processes of this machine share."""
    shared.create(tmp_path / "table")
    return tmp_path / "table"


@pytest.fixture
def vault(database: Database, table: Path) -> Iterator[Vault]:
    opened = SharedTable(table)
    yield Vault(database, Sealer({"00000001": KEY}), opened)
    opened.close()


@pytest.fixture
async def parent(vault: Vault) -> Caller:
    seeded = await accounts.seed(vault, Seed())
    return Caller(account_sid=seeded.account_sid, world_sid=seeded.account_sid)


@pytest.fixture
def ask(vault: Vault) -> Asker:
    return Asker(accounts.bindings(vault))


async def test_another_process_of_the_machine_knows_before_the_answer(
    ask: Asker, vault: Vault, parent: Caller, dsn: str, table: Path
) -> None:
    child = await ask.item("api.v2010.CreateAccount", parent)
    own = Caller(account_sid=child["sid"], world_sid=parent.world_sid)
    managed = await AccountCredentials(vault).acting_on(parent, child["sid"])
    assert managed is not None
    key = await ask.item("api.v2010.CreateNewKey", own)
    async with other_process(dsn, table, "deaf") as proves:

        async def told(change: Awaitable[Any], sid: str, secret: str, before: str, after: str) -> None:
            assert await proves(sid, secret) == before
            await change
            assert await proves(sid, secret) == after

        await told(
            ask("api.v2010.DeleteKey", own, Sid=key["sid"]), key["sid"], key["secret"], "active", "nobody"
        )
        second = (await ask.item("accounts.v1.CreateSecondaryAuthToken", own))["secondary_auth_token"]
        await told(ask("accounts.v1.DeleteSecondaryAuthToken", own), child["sid"], second, "active", "nobody")
        third = (await ask.item("accounts.v1.CreateSecondaryAuthToken", own))["secondary_auth_token"]
        old = child["auth_token"]
        await told(ask("accounts.v1.UpdateAuthTokenPromotion", own), child["sid"], old, "active", "nobody")
        for status, before, after in (
            ("suspended", "active", "suspended"),
            ("active", "suspended", "active"),
            ("closed", "active", "nobody"),
        ):
            change = ask("api.v2010.UpdateAccount", managed, {"Status": status}, Sid=child["sid"])
            await told(change, child["sid"], third, before, after)


async def test_another_machine_knows_within_a_second(
    ask: Asker, parent: Caller, dsn: str, tmp_path: Path
) -> None:
    key = await ask.item("api.v2010.CreateNewKey", parent)
    shared.create(tmp_path / "of another machine")
    async with other_process(dsn, tmp_path / "of another machine", "listening") as proves:
        assert await proves(key["sid"], key["secret"]) == "active"
        await ask("api.v2010.DeleteKey", parent, Sid=key["sid"])
        deadline = time.monotonic() + 1.0
        while (answer := await proves(key["sid"], key["secret"])) == "active" and time.monotonic() < deadline:
            pass
        assert answer == "nobody"


async def test_a_commit_whose_outcome_is_unknown_revokes_all_the_same(vault: Vault) -> None:
    before = vault.revocations.current()
    with pytest.raises(Unavailable):
        async with vault.revoking():
            raise Unavailable("the connection was lost")
    assert vault.revocations.current() > before
