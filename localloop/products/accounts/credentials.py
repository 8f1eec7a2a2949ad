"""Implements `rest.Credentials`: proves callers, from a cache that no revocation outlives.

A hit costs a SHA-256 of the presented secret and one constant-time comparison per valid secret; the database is
asked when a name is new, five seconds old, or when anything was revoked.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from localloop.core import clock
from localloop.products.accounts import directory
from localloop.products.accounts.adoption import Adoption
from localloop.products.accounts.directory import AccountStanding, Client, Known
from localloop.products.accounts.freshness import Fresh
from localloop.products.accounts.oauth import jwt
from localloop.products.accounts.vault import CHANNEL, Vault
from localloop.rest.request import Caller
from localloop.rest.routing import HOME_REGION
from localloop.store import Subscription

# Parent credentials that reach its subaccounts (Twilio: "Subaccounts").
_PARENTAL: Final = frozenset({"account", "main-key"})


class AccountCredentials:
    """`adoption` is given in open mode, and None under `--strict` and `serve`."""

    def __init__(self, vault: Vault, adoption: Adoption | None = None) -> None:
        self._vault = vault
        self._adoption = adoption
        self._known: Fresh[Known] = Fresh(vault.revocations)
        self._standings: Fresh[AccountStanding] = Fresh(vault.revocations)
        self._bearers: Fresh[tuple[float, Caller]] = Fresh(vault.revocations)
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Hear of revocations on other machines."""
        self._subscription = await self._vault.database.listen(
            CHANNEL, lambda _: self.forget(), resync=self.forget
        )

    def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def forget(self) -> None:
        for cache in (self._known, self._standings, self._bearers):
            cache.clear()

    async def basic(
        self, username: str, password: str, path_account_sid: str | None, region: str = HOME_REGION
    ) -> Caller | None:
        known = self._known.get(username)
        if known is None:
            known = await self._read(username)
            if known is None:
                known = await self._taken_in(username, password, path_account_sid, region)
        if known is not None and known.claimable and self._adoption is not None and password:
            await self._adoption.claim(username, password)
            known = await self._read(username)
        return known.caller if known is not None and known.is_proved_by(password) else None

    async def bearer(self, token: str) -> Caller | None:
        kept = self._bearers.get(token)
        if kept is not None:
            return kept[1] if _holds(kept[0], kept[1]) else None
        epoch = self._bearers.epoch()
        parsed = jwt.parse(token)
        if parsed is None:
            return None
        issuer = await directory.client(self._vault, parsed.key_id)
        if issuer is None or not parsed.is_signed_with(issuer.token_key):
            return None
        if not _holds(parsed.expires, issuer.known.caller):
            return None
        caller = await self._bearing(issuer, parsed)
        if caller is not None:
            self._bearers.put(token, (parsed.expires, caller), epoch)
        return caller

    async def acting_on(self, caller: Caller, account_sid: str) -> Caller | None:
        if account_sid == caller.account_sid:
            return caller
        if caller.credential not in _PARENTAL:
            return None
        standing = await self._standing(account_sid)
        if standing is None or standing.owner_account_sid != caller.account_sid:
            return None
        return structs.replace(
            caller,
            account_sid=account_sid,
            world_sid=standing.world_sid,
            status=standing.status,
            authenticated_sid=caller.account_sid,
        )

    async def signing_token(self, account_sid: str) -> str | None:
        """The primary token, which signs webhooks until another is promoted."""
        standing = await self._standing(account_sid)
        return None if standing is None else standing.signing_token

    async def _read(self, name: str) -> Known | None:
        epoch = self._known.epoch()
        if name.startswith("AC"):
            known = await directory.account(self._vault, name)
        elif name.startswith("SK"):
            known = await directory.key(self._vault, name)
        else:
            return None
        if known is not None:
            self._known.put(name, known, epoch)
        return known

    async def _taken_in(
        self, name: str, secret: str, path_account_sid: str | None, region: str
    ) -> Known | None:
        if self._adoption is None or not await self._adoption.take_in(name, secret, path_account_sid, region):
            return None
        return await self._read(name)

    async def _standing(self, account_sid: str) -> AccountStanding | None:
        standing = self._standings.get(account_sid)
        if standing is None:
            epoch = self._standings.epoch()
            standing = await directory.standing(self._vault, account_sid)
            if standing is not None:
                self._standings.put(account_sid, standing, epoch)
        return standing

    async def _bearing(self, issuer: Client, parsed: jwt.Parsed) -> Caller | None:
        """The issuer as the account in the token: its own, or the subaccount that it was asked for."""
        caller = issuer.known.caller
        if caller.status == "closed":
            return None
        if parsed.account_sid == caller.account_sid:
            return caller
        standing = await self._standing(parsed.account_sid)
        if (
            standing is None
            or standing.owner_account_sid != caller.account_sid
            or standing.status == "closed"
        ):
            return None
        return structs.replace(
            caller, account_sid=parsed.account_sid, world_sid=standing.world_sid, status=standing.status
        )


def _holds(expires: float, caller: Caller) -> bool:
    return clock.now(caller.world_sid).timestamp() < expires
