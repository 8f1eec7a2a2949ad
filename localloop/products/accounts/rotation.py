"""Auth token rotation: `accounts/v1/AuthTokens/Secondary` and `/Promote`.

Both tokens authenticate until the secondary is promoted, which kills the old primary, or deleted. Webhooks
are signed with the primary until promotion.
"""

from __future__ import annotations

from functools import partial

from localloop.core import errors, sids
from localloop.products.accounts.access import demand_full_access
from localloop.products.accounts.vault import Vault
from localloop.rest.request import Binding, Deleted, Item, Request


async def create_secondary(vault: Vault, request: Request) -> Item:
    """A second one takes the place of the first, so this revokes."""
    demand_full_access(request)
    sid, token = request.account_sid, sids.new_secret()
    async with vault.revoking() as unit:
        await unit.execute(
            """update accounts set secondary_auth_token = $2, secondary_created = $3, secondary_updated = $3
               where sid = $1""",
            sid,
            vault.seal(token),
            request.now,
        )
    return Item(
        fields={
            "account_sid": sid,
            "secondary_auth_token": token,
            "date_created": request.now,
            "date_updated": request.now,
        }
    )


async def delete_secondary(vault: Vault, request: Request) -> Deleted:
    demand_full_access(request)
    async with vault.revoking() as unit:
        dropped = await unit.fetchval(
            """update accounts
               set secondary_auth_token = null, secondary_created = null, secondary_updated = null
               where sid = $1 and secondary_auth_token is not null returning sid""",
            request.account_sid,
        )
    if dropped is None:
        raise errors.not_found(request.address)
    return Deleted()


async def promote(vault: Vault, request: Request) -> Item:
    demand_full_access(request)
    async with vault.revoking() as unit:
        row = await unit.fetchrow(
            """with old as (select sid, secondary_created from accounts
                            where sid = $1 and secondary_auth_token is not null for update)
               update accounts a
               set auth_token = a.secondary_auth_token, token_claimable = false, date_updated = $2,
                 secondary_auth_token = null, secondary_created = null, secondary_updated = null
               from old where a.sid = old.sid returning a.auth_token, old.secondary_created""",
            request.account_sid,
            request.now,
        )
    if row is None:
        raise errors.not_found(request.address)
    return Item(
        fields={
            "account_sid": request.account_sid,
            "auth_token": vault.unseal(row["auth_token"]),
            "date_created": row["secondary_created"],
            "date_updated": request.now,
        }
    )


def bindings(vault: Vault) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="accounts.v1.SecondaryAuthToken",
            operations={
                "CreateSecondaryAuthToken": partial(create_secondary, vault),
                "DeleteSecondaryAuthToken": partial(delete_secondary, vault),
            },
        ),
        Binding(
            resource="accounts.v1.AuthTokenPromotion",
            operations={"UpdateAuthTokenPromotion": partial(promote, vault)},
        ),
    )
