"""`/2010-04-01/Accounts`: a parent makes, names, suspends, reactivates and closes its subaccounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias

from msgspec import Struct, structs

from localloop.core import errors, sids
from localloop.products.accounts.access import demand_full_access
from localloop.products.accounts.account import lifecycle, queries
from localloop.products.accounts.account.lifecycle import Suspender
from localloop.products.accounts.account.queries import Account, NewAccount
from localloop.products.accounts.vault import Vault
from localloop.rest.request import Binding, Item, Items, Request
from localloop.store import Unit

MAX_FRIENDLY_NAME: Final = 64
MAX_SUBACCOUNTS: Final = {"Trial": 1, "Full": 1000}

# What ends with an account (its numbers, its queued messages, its calls): run in the unit of work that closes it, or
# suspends it.
Closing: TypeAlias = Callable[[Unit, str], Awaitable[None]]


class Accounts(Struct, frozen=True):
    """What the operations of this resource need."""

    vault: Vault
    closings: tuple[Closing, ...] = ()
    suspensions: tuple[Closing, ...] = ()


async def create(accounts: Accounts, request: Request) -> Item:
    demand_full_access(request)
    vault, owner = accounts.vault, request.caller.account_sid
    sid = sids.new("AC")
    async with vault.database.unit() as unit:
        parent = await queries.lock_parent(unit, owner)
        if parent is None:
            raise errors.authenticate()
        if parent["owner_account_sid"] != owner:
            raise errors.subaccount_of_subaccount()
        if parent["status"] != "active":
            raise errors.account_not_active()
        if await queries.count_open_subaccounts(unit, owner) >= MAX_SUBACCOUNTS[parent["type"]]:
            raise errors.too_many_subaccounts()
        new = NewAccount(
            sid=sid,
            friendly_name=_friendly_name(request) or default_friendly_name(request.now),
            type=parent["type"],
            owner_account_sid=owner,
            region=parent["region"],
        )
        await queries.insert(vault, unit, new)
        return _item(await queries.read(vault, unit, sid), request)


async def fetch(accounts: Accounts, request: Request) -> Item:
    demand_full_access(request)
    account = await queries.fetch(accounts.vault, request.ids["Sid"], _reader(request))
    if account is None:
        raise errors.not_found(request.address)
    return _item(account, request)


async def list_(accounts: Accounts, request: Request) -> Items:
    demand_full_access(request)
    assert request.page is not None
    filters = (request.params.get("FriendlyName"), request.params.get("Status"))
    found, more = await queries.page(accounts.vault, _reader(request), filters, request.page)
    backwards = request.page.before is not None
    return Items(
        items=[_shown(account, request) for account in found],
        more=more or backwards,
        earlier=more if backwards else request.page.after is not None,
    )


async def update(accounts: Accounts, request: Request) -> Item:
    demand_full_access(request)
    vault, sid, reader = accounts.vault, request.ids["Sid"], _reader(request)
    name, wanted = _friendly_name(request), request.params.get("Status")
    if await queries.fetch(vault, sid, reader) is None:
        raise errors.not_found(request.address)
    if wanted is None:
        async with vault.database.unit() as unit:
            await _demand_active(unit, sid, by_parent=sid != reader)
            return await _touched(vault, unit, request, name)
    async with vault.revoking() as unit:
        await change_status(accounts, unit, sid, wanted, by_parent=sid != reader)
        return await _touched(vault, unit, request, name)


async def _touched(vault: Vault, unit: Unit, request: Request, name: str | None) -> Item:
    sid = request.ids["Sid"]
    await queries.touch(unit, sid, name, request.now)
    return _item(await queries.read(vault, unit, sid), request)


async def change_status(accounts: Accounts, unit: Unit, sid: str, wanted: str, *, by_parent: bool) -> None:
    """Every change of status, and what follows from it. Must run inside `Vault.revoking`."""
    standing = await queries.lock_standing(unit, sid)
    if standing is None:
        raise errors.account_does_not_exist()
    new = lifecycle.changed(standing, wanted, by_parent=by_parent)
    if new != standing.status:
        await _settle(accounts, unit, sid, (standing.status, new), "parent")


async def suspend_as_operator(accounts: Accounts, sid: str) -> None:
    """What Twilio does to an account that misbehaves; the API cannot undo it (21478)."""
    async with accounts.vault.revoking() as unit:
        await _settle(accounts, unit, sid, ("active", "suspended"), "operator")


async def resume_as_operator(accounts: Accounts, sid: str) -> None:
    async with accounts.vault.revoking() as unit:
        await _settle(accounts, unit, sid, ("suspended", "active"), "operator")


async def _settle(
    accounts: Accounts, unit: Unit, sid: str, change: tuple[lifecycle.Status, lifecycle.Status], by: Suspender
) -> None:
    old, new = change
    if not await queries.set_status(unit, sid, old, new, by):
        return
    ends = {"closed": accounts.closings, "suspended": accounts.suspensions}
    for end in ends.get(new, ()):
        await end(unit, sid)


async def _demand_active(unit: Unit, sid: str, *, by_parent: bool) -> None:
    """A suspended account writes nothing, its own name included; its parent may still rename it."""
    standing = await queries.lock_standing(unit, sid)
    if standing is None:
        raise errors.account_does_not_exist()
    status = (
        standing.parent_status if by_parent else lifecycle.effective(standing.status, standing.parent_status)
    )
    if status != "active":
        raise errors.account_not_active()


def default_friendly_name(now: datetime) -> str:
    """`SubAccount Created at 2014-10-03 09:48 am`."""
    return f"SubAccount Created at {now:%Y-%m-%d %I:%M} {'am' if now.hour < 12 else 'pm'}"


def _friendly_name(request: Request) -> str | None:
    name: str | None = request.params.get("FriendlyName")
    if name is not None and len(name) > MAX_FRIENDLY_NAME:
        raise errors.invalid_friendly_name()
    return name


def _reader(request: Request) -> str:
    """The account whose credentials came: it may be the parent of the account in the path."""
    return request.caller.authenticated_sid or request.caller.account_sid


def _item(account: Account, request: Request) -> Item:
    return Item(fields=_shown(account, request))


def _shown(account: Account, request: Request) -> dict[str, Any]:
    """Only a main account has a balance, so only it shows where to ask for it."""
    fields = structs.asdict(account)
    if not account.is_main:
        links = next(field.links for field in request.operation.fields if field.source == "links")
        fields["subresource_uris"] = [name for name, _ in links if name != "balance"]
    return fields


def binding(accounts: Accounts) -> Binding:
    return Binding(
        resource="api.v2010.Account",
        operations={
            "CreateAccount": partial(create, accounts),
            "FetchAccount": partial(fetch, accounts),
            "ListAccount": partial(list_, accounts),
            "UpdateAccount": partial(update, accounts),
        },
        record=Account,
        errors={"Status": lambda _: errors.invalid_account_status()},
    )
