"""Proves the tokens of devices: by the secret of the API key that signed them, on the clock of the account's world.

Whoever lets devices in (voice, and what comes after it) asks here. Restricted keys sign no tokens, and a key signs for
its own account alone. In open mode a token of a key that nobody ever used here is taken as it is, with a notice: its
secret cannot be learned from a signature.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from localloop.core import access_tokens, clock, errors
from localloop.core.access_tokens import AccessToken, Capability, Presented
from localloop.products.accounts.account.lifecycle import effective
from localloop.products.accounts.vault import Vault

log = logging.getLogger(__name__)

_SIGNER: Final = """
select a.world_sid, a.status, o.status as owner_status, k.account_sid as key_account_sid, k.type, k.region, k.secret,
  exists (select from revoked_keys r where r.sid = $2) as is_revoked
from accounts a join accounts o on o.sid = a.owner_account_sid left join api_keys k on k.sid = $2
where a.sid = $1
"""
_TOKENS: Final = """
select a.world_sid, a.status, o.status as owner_status, a.auth_token, a.secondary_auth_token
from accounts a join accounts o on o.sid = a.owner_account_sid where a.sid = $1
"""


class Admitted(Struct, frozen=True):
    """A device's token, and the world of its account."""

    token: AccessToken
    world_sid: str


def _may_sign(key: Mapping[str, Any], presented: Presented) -> bool:
    if key["type"] == "restricted":
        return False
    return bool((key["key_account_sid"], key["region"]) == (presented.account_sid, presented.region))


class ClientTokens:
    """`adopts`: in open mode."""

    def __init__(self, vault: Vault, *, adopts: bool) -> None:
        self._vault = vault
        self._adopts = adopts

    async def access(self, text: str) -> Admitted:
        """Raises 20005 for an account that is not active, and 20101 to 20107."""
        presented = access_tokens.read(text)
        row = await self._vault.database.fetchrow(_SIGNER, presented.account_sid, presented.key_sid)
        if row is None:
            raise errors.of(20103)
        if effective(row["status"], row["owner_status"]) != "active":
            raise errors.account_not_active()
        is_known = row["key_account_sid"] is not None
        if not (_may_sign(row, presented) if is_known else self._adopts and not row["is_revoked"]):
            raise errors.of(20103)
        secret = self._vault.unseal(row["secret"]) if is_known else None
        token = presented.believe(secret, clock.now(row["world_sid"]), clock.now())
        if not is_known:
            log.info(
                "%s never signed in here: its token of %s is taken as it is", token.key_sid, token.identity
            )
        return Admitted(token, row["world_sid"])

    async def capability(self, text: str) -> Capability:
        """Raises 20005, 31202 to 31205, 31207."""
        presented = access_tokens.read_capability(text)
        row = await self._vault.database.fetchrow(_TOKENS, presented.account_sid)
        if row is None:
            raise errors.of(31203)
        if effective(row["status"], row["owner_status"]) != "active":
            raise errors.account_not_active()
        sealed = (row["auth_token"], row["secondary_auth_token"])
        auth_tokens = tuple(self._vault.unseal(each) for each in sealed if each is not None)
        return presented.believe(auth_tokens, clock.now(row["world_sid"]))
