"""A vault on a fresh database, and the operations of the accounts product on it."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Asker
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from prover import Cipher

from localloop.core import sids
from localloop.core.settings import Seed
from localloop.products import accounts
from localloop.products.accounts import AccountCredentials, Seeded, Vault
from localloop.rest.request import Caller
from localloop.store import Database, Unit


class LocalRevocations:
    """The counter of a machine with one process."""

    def __init__(self) -> None:
        self.value = 0

    def current(self) -> int:
        return self.value

    def bump(self) -> None:
        self.value += 1


@pytest.fixture
def cipher() -> Cipher:
    return Cipher(AESGCM.generate_key(256))


@pytest.fixture
def vault(database: Database, cipher: Cipher) -> Vault:
    return Vault(database, cipher, LocalRevocations())


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
