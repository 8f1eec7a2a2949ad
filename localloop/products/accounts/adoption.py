"""Open mode: a name that nobody has used becomes an account, or a key, at its first use.

What wins a race is what the database kept: the caller reads the name again and compares its secret with that.
"""

from __future__ import annotations

from typing import Final

import structlog

from localloop.core import clock, sids
from localloop.products.accounts.account import queries as accounts
from localloop.products.accounts.account.queries import AccountType, NewAccount
from localloop.products.accounts.key import queries as keys
from localloop.products.accounts.key.queries import NewKey
from localloop.products.accounts.vault import Vault
from localloop.rest.routing import HOME_REGION
from localloop.store import Unit

log = structlog.get_logger("accounts")
MAIN_ACCOUNT_NAME: Final = "My first Twilio account"


def type_under(profile: str) -> AccountType:
    """The type of a main account made under this profile."""
    return "Trial" if profile == "trial" else "Full"


class Adoption:
    """Takes in unknown names; `profile` is the one that their worlds get."""

    def __init__(self, vault: Vault, profile: str) -> None:
        self._vault = vault
        self._profile = profile

    async def take_in(
        self, name: str, secret: str, path_account_sid: str | None, region: str = HOME_REGION
    ) -> bool:
        """Make an account or key of an unknown name. False when it is no name that can be taken in."""
        if secret and sids.is_sid(name, "AC"):
            async with self._vault.database.unit() as unit:
                made = await accounts.insert(self._vault, unit, self._main_account(name, secret, region))
            if made:
                log.info("account adopted at first use", account_sid=name)
            return True
        if secret and sids.is_sid(name, "SK"):
            return await self._take_in_key(name, secret, path_account_sid, region)
        return False

    async def claim(self, account_sid: str, token: str) -> None:
        """The account was taken in with a key, before anyone knew its token: the first one presented is it."""
        async with self._vault.revoking() as unit:
            await unit.execute(
                "update accounts set auth_token = $2, token_claimable = false where sid = $1 and token_claimable",
                account_sid,
                self._vault.seal(token),
            )

    async def _take_in_key(self, sid: str, secret: str, path_account_sid: str | None, region: str) -> bool:
        async with self._vault.database.unit() as unit:
            if await unit.fetchval("select exists (select from revoked_keys where sid = $1)", sid):
                return False
            owner = await self._owner(unit, path_account_sid, region)
            if owner is None:
                return False
            new = NewKey(
                sid=sid,
                account_sid=owner,
                secret=secret,
                now=clock.now(),
                friendly_name="Adopted",
                region=region,
            )
            if await keys.insert(self._vault, unit, new):
                log.info("API key adopted at first use", key_sid=sid, account_sid=owner)
        return True

    async def _owner(self, unit: Unit, path_account_sid: str | None, region: str) -> str | None:
        """The account in the path, made if it is new; else the seeded one."""
        if path_account_sid is None or not sids.is_sid(path_account_sid, "AC"):
            seeded: str | None = await unit.fetchval("select sid from accounts where seeded")
            return seeded
        made = await accounts.insert(self._vault, unit, self._main_account(path_account_sid, None, region))
        if made:
            log.info("account adopted at first use of a key", account_sid=path_account_sid)
        return path_account_sid

    def _main_account(self, sid: str, token: str | None, region: str) -> NewAccount:
        return NewAccount(
            sid=sid,
            friendly_name=MAIN_ACCOUNT_NAME,
            type=type_under(self._profile),
            auth_token=token,
            token_claimable=token is None,
            profile=self._profile,
            region=region,
        )
