"""`/SafeList/Numbers`: numbers, and blocks of a thousand, that neither geography nor fraud protection keeps away."""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.messaging.permissions import queries
from localloop.products.messaging.permissions.permissions import Permissions
from localloop.products.messaging.permissions.queries import Permission
from localloop.rest.request import Binding, Deleted, Item, Request
from localloop.store import Database

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{4,14}")


class SafeList(Struct, frozen=True):
    database: Database
    permissions: Permissions

    async def create(self, request: Request) -> Item:
        number = _number(request)
        async with self.database.unit() as unit:
            kept = await queries.put(unit, request.account_sid, "safe", number, request.now)
            self.permissions.permits.changed(unit)
        return _item(kept)

    async def fetch(self, request: Request) -> Item:
        kept = await queries.get(self.database, request.account_sid, "safe", _asked(request))
        if kept is None:
            raise errors.not_found(request.address)
        return _item(kept)

    async def delete(self, request: Request) -> Deleted:
        number = _asked(request)
        async with self.database.unit() as unit:
            if not await queries.delete(unit, request.account_sid, "safe", number):
                raise errors.not_found(request.address)
            self.permissions.permits.changed(unit)
        return Deleted()


def _number(request: Request) -> str:
    number = _asked(request)
    if not _NUMBER.fullmatch(number):
        raise errors.invalid_parameter("PhoneNumber")
    return number


def _asked(request: Request) -> str:
    """A plus that was not escaped came as a space."""
    text: Any = request.params.get("PhoneNumber")
    if not text:
        raise errors.missing_query_parameter("PhoneNumber")
    return "+" + str(text).strip().removeprefix("+")


def _item(kept: Permission) -> Item:
    return Item(fields={"sid": kept.sid, "phone_number": kept.value})


def binding(database: Database, permissions: Permissions) -> Binding:
    safe = SafeList(database, permissions)
    return Binding(
        resource="accounts.v1.Safelist",
        operations={
            "CreateSafelist": safe.create,
            "FetchSafelist": safe.fetch,
            "DeleteSafelist": safe.delete,
        },
    )
