"""What the operations on API keys do.

The 2010 addresses make standard keys and say nothing of types; `iam/v1` makes restricted ones too, and shows
flags and policies. Main keys come from the console alone, as at Twilio (`make`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import structs

from localloop.core import errors, sids
from localloop.products.accounts.access import demand_full_access
from localloop.products.accounts.key import queries
from localloop.products.accounts.key.permissions import parse_policy
from localloop.products.accounts.key.queries import Key, KeyType, NewKey
from localloop.products.accounts.vault import Vault, new_key_secret
from localloop.rest.request import Answer, Binding, Deleted, Item, Items, Request

MAX_FRIENDLY_NAME: Final = 64


class Keys:
    """The operations, on one set of dependencies."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def create(self, request: Request) -> Item:
        """2010: `KeyType` and `Policy` are not parameters there, and ignored."""
        demand_full_access(request)
        return await self._made(request, request.account_sid, "standard", None)

    async def create_iam(self, request: Request) -> Item:
        demand_full_access(request)
        account_sid = await self._account(request)
        if request.params.get("KeyType") != "restricted":
            return await self._made(request, account_sid, "standard", None)
        if request.caller.region != "us1":
            raise errors.invalid_iam_request("Restricted keys are available in the US1 region only")
        return await self._made(
            request, account_sid, "restricted", parse_policy(request.params.get("Policy"))
        )

    async def _made(
        self, request: Request, account_sid: str, kind: KeyType, policy: dict[str, list[str]] | None
    ) -> Item:
        new = NewKey(
            sid=sids.new("SK"),
            account_sid=account_sid,
            secret=new_key_secret(),
            now=request.now,
            friendly_name=_friendly_name(request),
            type=kind,
            policy=policy,
            region=request.caller.region,
        )
        return _item(await self.make(new))

    async def make(self, new: NewKey) -> Key:
        """Any type of key, main ones included: what the console does. The answer has the secret."""
        async with self._vault.database.unit() as unit:
            await queries.insert(self._vault, unit, new)
            return structs.replace(await queries.read(unit, new.sid), secret=new.secret)

    async def fetch(self, request: Request) -> Item:
        demand_full_access(request)
        key = await queries.fetch(self._vault, request.ids["Sid"], request.account_sid)
        if key is None:
            raise errors.not_found(request.address)
        return _item(key)

    async def list_(self, request: Request) -> Items:
        return await self._page(request, request.account_sid)

    async def list_iam(self, request: Request) -> Items:
        return await self._page(request, await self._account(request))

    async def _page(self, request: Request, account_sid: str) -> Items:
        demand_full_access(request)
        assert request.page is not None
        found, more = await queries.page(self._vault, account_sid, request.page)
        backwards = request.page.before is not None
        return Items(
            items=[structs.asdict(key) for key in found],
            more=more or backwards,
            earlier=more if backwards else request.page.after is not None,
        )

    async def update(self, request: Request) -> Item:
        """A policy is a right: taking some away revokes."""
        demand_full_access(request)
        key = await queries.fetch(self._vault, request.ids["Sid"], request.account_sid)
        if key is None:
            raise errors.not_found(request.address)
        name, sent = _friendly_name(request), request.params.get("Policy")
        if sent is None or key.type != "restricted":
            async with self._vault.database.unit() as unit:
                await queries.rename(unit, key.sid, name, request.now)
                return _item(await queries.read(unit, key.sid))
        policy = parse_policy(sent)
        async with self._vault.revoking() as unit:
            await queries.set_policy(unit, key.sid, policy)
            await queries.rename(unit, key.sid, name, request.now)
            return _item(await queries.read(unit, key.sid))

    async def delete(self, request: Request) -> Deleted:
        """The key in use may delete itself: this answer is its last."""
        demand_full_access(request)
        async with self._vault.revoking() as unit:
            gone = await queries.delete(unit, request.ids["Sid"], request.account_sid)
        if not gone:
            raise errors.not_found(request.address)
        return Deleted()

    async def _account(self, request: Request) -> str:
        """`AccountSid` of iam/v1: the caller's own or a subaccount's."""
        account_sid: str = request.params.get("AccountSid") or request.account_sid
        if not await queries.reaches(self._vault, request.account_sid, account_sid):
            raise errors.not_found(request.address)
        return account_sid


def _item(key: Key) -> Item:
    return Item(fields=structs.asdict(key))


def _friendly_name(request: Request) -> str | None:
    name: str | None = request.params.get("FriendlyName")
    if name is not None and len(name) > MAX_FRIENDLY_NAME:
        raise errors.constraint_violations()
    return name


def bindings(keys: Keys) -> tuple[Binding, ...]:
    iam: dict[str, Callable[[Request], Awaitable[Answer]]] = {
        "ListGetKeys": keys.list_iam,
        "CreateNewKey": keys.create_iam,
        "FetchKey": keys.fetch,
        "UpdateKey": keys.update,
        "DeleteKey": keys.delete,
    }
    return (
        Binding(resource="iam.v1.Key", operations=iam, record=Key),
        Binding(
            resource="api.v2010.Key",
            operations={
                "CreateNewKey": keys.create,
                "FetchKey": keys.fetch,
                "ListKey": keys.list_,
                "UpdateKey": keys.update,
                "DeleteKey": keys.delete,
            },
            record=Key,
        ),
        Binding(
            resource="api.v2010.SigningKey",
            operations={
                "CreateNewSigningKey": keys.create,
                "FetchSigningKey": keys.fetch,
                "ListSigningKey": keys.list_,
                "UpdateSigningKey": keys.update,
                "DeleteSigningKey": keys.delete,
            },
            record=Key,
        ),
    )
