"""The first account, over restarts and changes of the environment."""

from __future__ import annotations

import asyncio
import re

import pytest

from localloop.core import sids
from localloop.core.settings import Seed, SettingsError
from localloop.products import accounts
from localloop.products.accounts import AccountCredentials, Adoption, Vault

SID = "AC" + "a" * 32
KEY = "SK" + "b" * 32


async def test_one_is_made_and_kept(vault: Vault) -> None:
    first = await accounts.seed(vault, Seed())
    assert re.fullmatch(r"AC[0-9a-f]{32}", first.account_sid)
    assert first.is_new
    again = await accounts.seed(vault, Seed())
    assert (again.account_sid, again.auth_token, again.test_account_sid) == (
        first.account_sid,
        first.auth_token,
        first.test_account_sid,
    )
    assert not again.is_new
    assert await vault.database.fetchval("select count(*) from accounts") == 1
    assert await vault.database.fetchval("select world_sid from worlds") == first.account_sid


async def test_the_environments_account_and_key(vault: Vault, strict: AccountCredentials) -> None:
    seeded = await accounts.seed(vault, Seed(SID, "token", KEY, "secret"))
    assert (seeded.account_sid, seeded.auth_token) == (SID, "token")
    assert await strict.basic(SID, "token", None) is not None
    key = await strict.basic(KEY, "secret", None)
    assert key is not None
    assert (key.account_sid, key.credential) == (SID, "standard-key")


async def test_a_changed_environment_counts(vault: Vault, strict: AccountCredentials) -> None:
    await accounts.seed(vault, Seed(SID, "old", KEY, "old secret"))
    assert await strict.basic(SID, "old", None) is not None
    assert (await accounts.seed(vault, Seed(SID, "new", KEY, "new secret"))).auth_token == "new"
    assert await strict.basic(SID, "old", None) is None
    assert await strict.basic(SID, "new", None) is not None
    assert await strict.basic(KEY, "old secret", None) is None
    assert await strict.basic(KEY, "new secret", None) is not None


async def test_another_sid_becomes_the_first_account_and_the_old_one_stays(vault: Vault) -> None:
    old = await accounts.seed(vault, Seed())
    await accounts.seed(vault, Seed(SID, "token"))
    assert (await accounts.seed(vault, Seed())).account_sid == SID
    assert await vault.database.fetchval("select count(*) from accounts") == 2
    strict = AccountCredentials(vault)
    assert await strict.basic(old.account_sid, old.auth_token, None) is not None


async def test_an_account_that_was_taken_in_may_become_the_first(vault: Vault, stranger: str) -> None:
    opened = AccountCredentials(vault, Adoption(vault, "relaxed"))
    await opened.basic(sids.new("SK"), "secret", stranger)
    seeded = await accounts.seed(vault, Seed(stranger, "token"))
    assert not seeded.is_new
    assert await opened.basic(stranger, "not the token", None) is None


async def test_processes_that_start_at_once_make_one(vault: Vault) -> None:
    made = await asyncio.gather(*(accounts.seed(vault, Seed()) for _ in range(4)))
    assert len({each.account_sid for each in made}) == 1


async def test_the_profile_follows_the_start(vault: Vault) -> None:
    await accounts.seed(vault, Seed(), "trial")
    assert await vault.database.fetchval("select type from accounts") == "Trial"
    await accounts.seed(vault, Seed(), "us-a2p")
    assert await vault.database.fetchval("select type from accounts") == "Full"
    assert await vault.database.fetchval("select profile from worlds") == "us-a2p"


async def test_a_key_of_another_account_is_refused_and_nothing_changes(vault: Vault) -> None:
    await accounts.seed(vault, Seed(SID, "token", KEY, "secret"))
    with pytest.raises(SettingsError):
        await accounts.seed(vault, Seed("AC" + "c" * 32, "token", KEY, "secret"))
    assert (await accounts.seed(vault, Seed())).account_sid == SID
