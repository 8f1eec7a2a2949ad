"""A vault on a fresh database, and the operations of the accounts product on it."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Asker
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from localloop.core import sids
from localloop.core.settings import Seed
from localloop.products import accounts
from localloop.products.accounts import AccountCredentials, Seeded, Vault
from localloop.rest.request import Caller
from localloop.rest.shared import LocalRevocations
from localloop.store import Database, Unit
from localloop.store.sealing import Sealer


@pytest.fixture
def vault(database: Database) -> Vault:
    return Vault(database, Sealer({"00000001": AESGCM.generate_key(256)}), LocalRevocations())


@pytest.fixture
async def seeded(vault: Vault) -> Seeded:
    return await accounts.seed(vault, Seed())


@pytest.fixture
def parent(seeded: Seeded) -> Caller:
    """The first account, by its own token."""
    return Caller(account_sid=seeded.account_sid, world_sid=seeded.account_sid)


@pytest.fixture
def strict(vault: Vault) -> AccountCredentials:
    return AccountCredentials(vault)


@pytest.fixture
def closed_accounts() -> list[str]:
    return []


@pytest.fixture
def ask(vault: Vault, closed_accounts: list[str]) -> Asker:
    async def note(_unit: Unit, account_sid: str) -> None:
        closed_accounts.append(account_sid)

    return Asker(accounts.bindings(vault, closings=(note,)))


@pytest.fixture
async def child(ask: Asker, parent: Caller) -> dict[str, Any]:
    """A subaccount of the first account."""
    return await ask.item("api.v2010.CreateAccount", parent)


@pytest.fixture
def stranger() -> str:
    """A SID that nobody has used."""
    return sids.new("AC")
