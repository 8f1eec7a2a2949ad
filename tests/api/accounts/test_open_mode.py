"""Open mode: unknown names become accounts and keys at first use; a wrong secret for a known name never does."""

from __future__ import annotations

import asyncio
import re

import pytest

from localloop.core import sids
from localloop.products.accounts import AccountCredentials, Adoption, Seeded, Vault
from localloop.rest.request import Caller


@pytest.fixture
def credentials(vault: Vault) -> AccountCredentials:
    return AccountCredentials(vault, Adoption(vault, "relaxed"))


async def test_an_unknown_account_is_taken_in_with_its_token_and_a_world_of_its_own(
    credentials: AccountCredentials, vault: Vault, stranger: str
) -> None:
    assert await credentials.basic(stranger, "secret", None) == Caller(
        account_sid=stranger, world_sid=stranger
    )
    assert await credentials.basic(stranger, "other", None) is None
    assert await credentials.signing_token(stranger) == "secret"
    worlds = await vault.database.fetch("select world_sid, profile from worlds")
    assert [tuple(row) for row in worlds] == [(stranger, "relaxed")]


async def test_an_unknown_name_belongs_to_the_region_where_it_is_first_used(
    credentials: AccountCredentials, stranger: str
) -> None:
    async def region(name: str, secret: str, path: str | None = None, asked: str = "us1") -> str:
        caller = await credentials.basic(name, secret, path, asked)
        assert caller is not None
        return caller.region

    assert await region(stranger, "secret", asked="ie1") == "ie1"
    assert await region(stranger, "secret", asked="us1") == "ie1"
    home, key = sids.new("AC"), sids.new("SK")
    assert await region(home, "secret") == "us1"
    assert await region(key, "secret", home, "au1") == "au1"


async def test_a_trial_profile_makes_trial_accounts(vault: Vault, stranger: str) -> None:
    await AccountCredentials(vault, Adoption(vault, "trial")).basic(stranger, "secret", None)
    assert await vault.database.fetchval("select type from accounts where sid = $1", stranger) == "Trial"
    assert await vault.database.fetchval("select profile from worlds") == "trial"


async def test_of_many_first_uses_at_once_one_token_wins(vault: Vault, stranger: str) -> None:
    processes = [AccountCredentials(vault, Adoption(vault, "relaxed")) for _ in range(8)]
    proved = await asyncio.gather(
        *(each.basic(stranger, f"token-{n}", None) for n, each in enumerate(processes))
    )
    assert await vault.database.fetchval("select count(*) from accounts") == 1
    winners = [n for n, caller in enumerate(proved) if caller is not None]
    assert len(winners) == 1
    assert await processes[0].signing_token(stranger) == f"token-{winners[0]}"


async def test_the_same_token_from_all_is_good_for_all(vault: Vault, stranger: str) -> None:
    processes = [AccountCredentials(vault, Adoption(vault, "relaxed")) for _ in range(8)]
    proved = await asyncio.gather(*(each.basic(stranger, "token", None) for each in processes))
    assert None not in proved


async def test_an_unknown_key_joins_the_account_in_the_path(
    credentials: AccountCredentials, stranger: str, seeded: Seeded
) -> None:
    await credentials.basic(stranger, "token", None)
    caller = await credentials.basic(sids.new("SK"), "secret", stranger)
    assert caller is not None
    assert (caller.account_sid, caller.credential) == (stranger, "standard-key")


async def test_an_unknown_key_without_a_path_joins_the_seeded_account(
    credentials: AccountCredentials, seeded: Seeded
) -> None:
    key = sids.new("SK")
    caller = await credentials.basic(key, "secret", None)
    assert caller is not None
    assert caller.account_sid == seeded.account_sid
    assert await credentials.basic(key, "wrong", None) is None


async def test_without_a_seeded_account_an_unknown_key_is_nobodys(credentials: AccountCredentials) -> None:
    assert await credentials.basic(sids.new("SK"), "secret", None) is None


async def test_a_key_may_come_before_its_account_is_known_by_token(
    credentials: AccountCredentials, vault: Vault, stranger: str
) -> None:
    key = await credentials.basic(sids.new("SK"), "secret", stranger)
    assert key is not None
    assert key.account_sid == stranger
    made_up = await credentials.signing_token(stranger)
    assert made_up is not None
    assert re.fullmatch(r"[0-9a-f]{32}", made_up)
    assert await credentials.basic(stranger, "its real token", None) is not None
    assert await credentials.signing_token(stranger) == "its real token"
    assert await credentials.basic(stranger, "another", None) is None


async def test_of_many_claims_at_once_one_token_wins(
    credentials: AccountCredentials, vault: Vault, stranger: str
) -> None:
    await credentials.basic(sids.new("SK"), "secret", stranger)
    processes = [AccountCredentials(vault, Adoption(vault, "relaxed")) for _ in range(4)]
    proved = await asyncio.gather(*(each.basic(stranger, f"t{n}", None) for n, each in enumerate(processes)))
    assert sum(caller is not None for caller in proved) == 1


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("ACnothex" + "0" * 26, "token"),
        ("AC" + "0" * 31, "token"),
        ("AC" + "0" * 32, ""),
        ("SK" + "0" * 32, ""),
        ("OQ" + "0" * 32, "token"),
        ("someone@example.com", "token"),
        ("", ""),
    ],
)
async def test_what_is_never_taken_in(
    credentials: AccountCredentials, vault: Vault, name: str, secret: str
) -> None:
    assert await credentials.basic(name, secret, None) is None
    assert await vault.database.fetchval("select count(*) from accounts") == 0


async def test_strict_takes_nobody_in(strict: AccountCredentials, vault: Vault, stranger: str) -> None:
    assert await strict.basic(stranger, "token", None) is None
    assert await strict.basic(sids.new("SK"), "secret", stranger) is None
    assert await vault.database.fetchval("select count(*) from accounts") == 0


async def test_an_account_that_was_claimable_is_not_under_strict(
    credentials: AccountCredentials, strict: AccountCredentials, stranger: str
) -> None:
    await credentials.basic(sids.new("SK"), "secret", stranger)
    assert await strict.basic(stranger, "guess", None) is None
