"""A new sealing key: secrets move under it, and the old key can go."""

from __future__ import annotations

from asking import Asker
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from localloop.core.settings import Seed
from localloop.products import accounts
from localloop.products.accounts import AccountCredentials, Vault
from localloop.rest.request import Caller
from localloop.rest.shared import LocalRevocations
from localloop.store import Database
from localloop.store.sealing import Sealer

OLD, NEW = AESGCM.generate_key(256), AESGCM.generate_key(256)


def vault_with(database: Database, keys: dict[str, bytes]) -> Vault:
    return Vault(database, Sealer(keys), LocalRevocations())


async def test_the_old_key_can_go_after_resealing(database: Database) -> None:
    old = vault_with(database, {"00000001": OLD})
    seeded = await accounts.seed(old, Seed())
    ask, parent = (
        Asker(accounts.bindings(old)),
        Caller(account_sid=seeded.account_sid, world_sid=seeded.account_sid),
    )
    child = await ask.item("api.v2010.CreateAccount", parent)
    key = await ask.item("api.v2010.CreateNewKey", parent)
    await ask.item("iam.v1.CreateOauthAppAccount", parent)
    second = (await ask.item("accounts.v1.CreateSecondaryAuthToken", parent))["secondary_auth_token"]

    both = vault_with(database, {"00000001": OLD, "00000002": NEW})
    assert await accounts.reseal(both) == 4  # two accounts, a key, an app
    assert await accounts.reseal(both) == 0

    credentials = AccountCredentials(vault_with(database, {"00000002": NEW}))
    for name, secret in (
        (seeded.account_sid, seeded.auth_token),
        (seeded.account_sid, second),
        (seeded.test_account_sid, seeded.test_auth_token),
        (child["sid"], child["auth_token"]),
        (key["sid"], key["secret"]),
    ):
        assert await credentials.basic(name, secret, None) is not None
