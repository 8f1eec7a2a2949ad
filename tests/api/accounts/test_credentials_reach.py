"""Who a name and a secret prove, and which accounts that caller reaches."""

from __future__ import annotations

import time
from typing import Any

from asking import Asker

from localloop.products.accounts import AccountCredentials, Adoption, Seeded, Vault
from localloop.rest.request import Caller
from localloop.store import Database


async def test_a_parent_acts_on_its_subaccount(
    strict: AccountCredentials, parent: Caller, child: dict[str, Any]
) -> None:
    assert await strict.acting_on(parent, child["sid"]) == Caller(
        account_sid=child["sid"], world_sid=parent.world_sid, authenticated_sid=parent.account_sid
    )


async def test_a_child_reaches_neither_parent_nor_sibling(
    ask: Asker, strict: AccountCredentials, parent: Caller, child: dict[str, Any], stranger: str
) -> None:
    sibling = await ask.item("api.v2010.CreateAccount", parent)
    caller = await strict.basic(child["sid"], child["auth_token"], None)
    assert caller is not None
    assert await strict.acting_on(caller, child["sid"]) == caller
    for other in (parent.account_sid, sibling["sid"], stranger):
        assert await strict.acting_on(caller, other) is None


async def test_a_parents_standard_key_reaches_no_subaccount(
    ask: Asker, strict: AccountCredentials, parent: Caller, child: dict[str, Any]
) -> None:
    key = await ask.item("api.v2010.CreateNewKey", parent)
    caller = await strict.basic(key["sid"], key["secret"], None)
    assert caller is not None
    assert await strict.acting_on(caller, child["sid"]) is None


async def test_main_accounts_do_not_reach_each_other(vault: Vault, parent: Caller, stranger: str) -> None:
    credentials = AccountCredentials(vault, Adoption(vault, "relaxed"))
    other = await credentials.basic(stranger, "token", None)
    assert other is not None
    assert await credentials.acting_on(parent, stranger) is None
    assert await credentials.acting_on(other, parent.account_sid) is None


async def test_test_credentials_are_told_apart(strict: AccountCredentials, seeded: Seeded) -> None:
    caller = await strict.basic(seeded.test_account_sid, seeded.test_auth_token, None)
    assert caller == Caller(
        account_sid=seeded.test_account_sid, world_sid=seeded.account_sid, credential="test"
    )
    assert await strict.basic(seeded.account_sid, seeded.test_auth_token, None) is None
    assert await strict.basic(seeded.test_account_sid, seeded.auth_token, None) is None
    assert await strict.acting_on(caller, seeded.account_sid) is None


async def test_secrets_are_sealed_in_the_database(
    ask: Asker, database: Database, parent: Caller, seeded: Seeded
) -> None:
    key = await ask.item("api.v2010.CreateNewKey", parent)
    app = await ask.item("iam.v1.CreateOauthAppAccount", parent)
    rows = [
        row
        for table in ("accounts", "api_keys", "oauth_clients")
        for row in await database.fetch(f"table {table}")
    ]
    stored = b"".join(value for row in rows for value in row.values() if isinstance(value, bytes))
    assert len(rows) == 3
    for secret in (seeded.auth_token, seeded.test_auth_token, key["secret"], app["secret"]):
        assert secret.encode() not in stored


async def test_webhooks_of_an_account_are_signed_with_its_own_token(
    strict: AccountCredentials, seeded: Seeded, child: dict[str, Any], stranger: str
) -> None:
    assert await strict.signing_token(seeded.account_sid) == seeded.auth_token
    assert await strict.signing_token(child["sid"]) == child["auth_token"]
    assert await strict.signing_token(stranger) is None


async def test_a_hit_does_not_ask_the_database(
    strict: AccountCredentials, database: Database, seeded: Seeded
) -> None:
    assert await strict.basic(seeded.account_sid, seeded.auth_token, None) is not None
    await database.execute("update accounts set status = 'closed'")  # behind its back: no revocation was told
    assert await strict.basic(seeded.account_sid, seeded.auth_token, None) is not None
    assert await strict.basic(seeded.account_sid, "wrong", None) is None
    strict.forget()
    assert await strict.basic(seeded.account_sid, seeded.auth_token, None) is None


async def test_a_hit_is_quick(strict: AccountCredentials, seeded: Seeded) -> None:
    """Measured at 1.5 µs; the bound is for a machine that is busy with other tests."""
    sid, token = seeded.account_sid, seeded.auth_token
    await strict.basic(sid, token, None)
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(1000):
            await strict.basic(sid, token, None)
        best = min(best, (time.perf_counter() - began) / 1000)
    assert best < 20e-6
