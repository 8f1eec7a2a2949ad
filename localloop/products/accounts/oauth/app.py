"""OAuth apps of an account: `iam/v1/Account/OAuthApps`, where the clients of `/v2/token` come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, structs

from localloop.core import errors, sids
from localloop.products.accounts.access import demand_full_access
from localloop.products.accounts.directory import DEFAULT_TTL_S
from localloop.products.accounts.key.permissions import parse_policy
from localloop.products.accounts.key.queries import reaches
from localloop.products.accounts.vault import Vault, new_key_secret
from localloop.rest.request import Answer, Binding, Deleted, Item, Request

MAX_TTL_S: Final = 86_400
_INSERT: Final = """
insert into oauth_clients (sid, account_sid, friendly_name, type, description, policy, access_token_ttl, created_by,
  secret, date_created, date_updated)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"""
_UPDATE: Final = """
update oauth_clients set friendly_name = coalesce($3, friendly_name), type = coalesce($4, type),
  description = coalesce($5, description), policy = coalesce($6, policy),
  access_token_ttl = coalesce($7, access_token_ttl), date_updated = $8
where sid = $1 and account_sid = $2
returning sid, account_sid, friendly_name, type, description, policy, access_token_ttl, created_by, date_created"""


class App(Struct, frozen=True, kw_only=True):
    """One OAuth app. Like a key's, its secret is shown once."""

    sid: str
    account_sid: str
    friendly_name: str | None
    type: str | None
    description: str | None
    policy: dict[str, list[str]] | None
    access_token_ttl: int
    created_by: str
    date_created: datetime
    status: str = "active"
    secret: str | None = None  # known at its creation only


class Apps:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def create(self, request: Request) -> Item:
        demand_full_access(request)
        params, secret = request.params, new_key_secret()
        app = App(
            sid=sids.new("OQ"),
            account_sid=await self._owner(request),
            friendly_name=params.get("friendly_name"),
            type=params.get("type"),
            description=params.get("description"),
            policy=_policy(params.get("policy")),
            access_token_ttl=_ttl(params.get("access_token_ttl")) or DEFAULT_TTL_S,
            created_by=request.caller.key_sid or request.caller.account_sid,
            date_created=request.now,
            secret=secret,
        )
        await self._vault.database.execute(
            _INSERT,
            app.sid,
            app.account_sid,
            app.friendly_name,
            app.type,
            app.description,
            app.policy,
            app.access_token_ttl,
            app.created_by,
            self._vault.seal(secret),
            app.date_created,
        )
        return Item(fields=structs.asdict(app))

    async def update(self, request: Request) -> Item:
        """A smaller policy revokes, so every process hears of it."""
        demand_full_access(request)
        params = request.params
        async with self._vault.revoking() as unit:
            row = await unit.fetchrow(
                _UPDATE,
                request.ids["sid"],
                request.account_sid,
                params.get("friendly_name"),
                params.get("type"),
                params.get("description"),
                _policy(params.get("policy")),
                _ttl(params.get("access_token_ttl")),
                request.now,
            )
        if row is None:
            raise errors.not_found(request.address)
        return Item(fields=structs.asdict(App(**row)))

    async def delete(self, request: Request) -> Deleted:
        """Its access tokens end with it."""
        demand_full_access(request)
        async with self._vault.revoking() as unit:
            gone = await unit.fetchval(
                "delete from oauth_clients where sid = $1 and account_sid = $2 returning sid",
                request.ids["sid"],
                request.account_sid,
            )
        if gone is None:
            raise errors.not_found(request.address)
        return Deleted()

    async def _owner(self, request: Request) -> str:
        owner: str = request.params.get("owner_sid") or request.account_sid
        if not await reaches(self._vault, request.account_sid, owner):
            raise errors.not_found(request.address)
        return owner


def _policy(sent: Any) -> dict[str, list[str]] | None:
    return parse_policy(sent, frozenset({"allow", "deny"})) if sent else None


def _ttl(sent: int | None) -> int | None:
    if sent is not None and not 1 <= sent <= MAX_TTL_S:
        raise errors.invalid_parameter("access_token_ttl", f"It must be between 1 and {MAX_TTL_S}.")
    return sent


def binding(apps: Apps) -> Binding:
    operations: dict[str, Callable[[Request], Awaitable[Answer]]] = {
        "CreateOauthAppAccount": apps.create,
        "UpdateOauthAppAccount": apps.update,
        "DeleteOauthAppAccount": apps.delete,
    }
    return Binding(resource="iam.v1.OauthAppAccount", operations=operations, record=App)
