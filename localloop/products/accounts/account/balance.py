"""`…/Accounts/{AccountSid}/Balance`: what a main account was credited, less what its world has spent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TypeAlias

from localloop.core import errors
from localloop.products.accounts.vault import Vault
from localloop.rest.request import Binding, Item, Request

# What a world has used up so far, as a positive amount; the usage product knows.
Spent: TypeAlias = Callable[[str], Awaitable[Decimal]]


async def nothing_spent(_world_sid: str) -> Decimal:
    """For a composition without a rated product."""
    return Decimal(0)


async def fetch(vault: Vault, spent: Spent, request: Request) -> Item:
    """A subaccount has no balance of its own: its parent pays."""
    sid = request.account_sid
    credit = await vault.database.fetchval(
        "select credit from accounts where sid = $1 and owner_account_sid = sid", sid
    )
    if credit is None:
        raise errors.not_found(request.address)
    balance = (credit - await spent(sid)).quantize(Decimal("0.01"))
    return Item(fields={"account_sid": sid, "balance": str(balance), "currency": "USD"})


def binding(vault: Vault, spent: Spent) -> Binding:
    async def operate(request: Request) -> Item:
        return await fetch(vault, spent, request)

    return Binding(resource="api.v2010.Balance", operations={"FetchBalance": operate})
