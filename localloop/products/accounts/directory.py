"""Who is known by a name: reads what proves a caller, and whom an account may stand for, from the database."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from msgspec import Struct

from localloop.products.accounts.account.lifecycle import Status, effective
from localloop.products.accounts.key.permissions import granted
from localloop.products.accounts.vault import Vault
from localloop.rest.request import Caller, CredentialKind

_ACCOUNT: Final = """
select a.sid, a.world_sid, a.status, o.status as owner_status, a.region, a.auth_token, a.secondary_auth_token,
  a.token_claimable, a.test_sid, a.test_auth_token
from accounts a join accounts o on o.sid = a.owner_account_sid where a.sid = $1 or a.test_sid = $1"""
_KEY: Final = """
select k.sid, k.type, k.secret, k.policy, k.region, a.sid as account_sid, a.world_sid, a.status,
  o.status as owner_status, a.token_key
from api_keys k join accounts a on a.sid = k.account_sid join accounts o on o.sid = a.owner_account_sid
where k.sid = $1"""
_CLIENT: Final = """
select c.sid, c.secret, c.policy, c.access_token_ttl, a.region, a.sid as account_sid, a.world_sid, a.status,
  o.status as owner_status, a.token_key
from oauth_clients c join accounts a on a.sid = c.account_sid join accounts o on o.sid = a.owner_account_sid
where c.sid = $1"""
_STANDING: Final = """
select a.world_sid, a.owner_account_sid, a.status, o.status as owner_status, a.auth_token
from accounts a join accounts o on o.sid = a.owner_account_sid where a.sid = $1"""
_KEY_KINDS: Final[Mapping[str, CredentialKind]] = {
    "main": "main-key",
    "standard": "standard-key",
    "restricted": "restricted-key",
}
DEFAULT_TTL_S: Final = 3600


class Known(Struct, frozen=True, kw_only=True):
    """A name, the SHA-256 of each secret that proves it, and who that is."""

    digests: tuple[bytes, ...]
    caller: Caller
    claimable: bool = False  # the first token presented becomes the account's

    def is_proved_by(self, secret: str) -> bool:
        presented, proved = digest(secret), False
        for each in self.digests:
            proved |= compare_digest(presented, each)
        return proved


class Client(Struct, frozen=True, kw_only=True):
    """Who may exchange its secret for access tokens: an OAuth app (`OQ…`) or an API key."""

    known: Known
    token_key: str
    ttl_s: int = DEFAULT_TTL_S


class AccountStanding(Struct, frozen=True, kw_only=True):
    """What others need to know of an account."""

    world_sid: str
    owner_account_sid: str
    status: Status
    signing_token: str


def digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


async def account(vault: Vault, name: str) -> Known | None:
    """The account of this SID, or of these test credentials. A closed one proves nothing any more."""
    row = await vault.database.fetchrow(_ACCOUNT, name)
    if row is None:
        return None
    status = effective(row["status"], row["owner_status"])
    is_test = name == row["test_sid"]
    tokens = (row["test_auth_token"],) if is_test else (row["auth_token"], row["secondary_auth_token"])
    return Known(
        digests=() if status == "closed" else _digests(vault, *tokens),
        caller=Caller(
            account_sid=name,
            world_sid=row["world_sid"],
            status=status,
            credential="test" if is_test else "account",
            region=row["region"],
        ),
        claimable=row["token_claimable"] and status != "closed" and not is_test,
    )


async def key(vault: Vault, sid: str) -> Known | None:
    row = await vault.database.fetchrow(_KEY, sid)
    return None if row is None else _keyed(vault, row, _KEY_KINDS[row["type"]])


async def client(vault: Vault, sid: str) -> Client | None:
    if sid.startswith("OQ"):
        row = await vault.database.fetchrow(_CLIENT, sid)
        if row is None:
            return None
        # Without a policy an app has what a standard key has.
        known = _keyed(vault, row, "restricted-key" if row["policy"] else "standard-key")
        return Client(known=known, token_key=vault.unseal(row["token_key"]), ttl_s=row["access_token_ttl"])
    row = await vault.database.fetchrow(_KEY, sid)
    if row is None:
        return None
    return Client(
        known=_keyed(vault, row, _KEY_KINDS[row["type"]]),
        token_key=vault.unseal(row["token_key"]),
    )


async def standing(vault: Vault, sid: str) -> AccountStanding | None:
    row = await vault.database.fetchrow(_STANDING, sid)
    if row is None:
        return None
    return AccountStanding(
        world_sid=row["world_sid"],
        owner_account_sid=row["owner_account_sid"],
        status=effective(row["status"], row["owner_status"]),
        signing_token=vault.unseal(row["auth_token"]),
    )


def _keyed(vault: Vault, row: Mapping[str, Any], kind: CredentialKind) -> Known:
    status = effective(row["status"], row["owner_status"])
    return Known(
        digests=() if status == "closed" else _digests(vault, row["secret"]),
        caller=Caller(
            account_sid=row["account_sid"],
            world_sid=row["world_sid"],
            status=status,
            credential=kind,
            key_sid=row["sid"],
            policy=granted(row["policy"]) if row["policy"] else None,
            region=row["region"],
        ),
    )


def _digests(vault: Vault, *sealed: bytes | None) -> tuple[bytes, ...]:
    return tuple(digest(vault.unseal(each)) for each in sealed if each is not None)
