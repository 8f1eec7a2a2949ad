"""What the resources of this product need, handed in by the composition root."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.rest.plain import Plain
from localloop.rest.request import Request
from localloop.store import Database
from localloop.store.plain import PlainStore

MAX_FRIENDLY_NAME: Final = 255
_COUNT: Final = "select count(*) from resources where account_sid = $1 and kind = $2"
_COUNT_BELOW: Final = f"{_COUNT} and parent_sid = $3"
_NAMED: Final = f"{_COUNT} and data ->> $3 = $4"


class Needs(Struct, frozen=True):
    """The plain engine keeps the records of resources that only add rules."""

    database: Database
    plain: Plain
    records: PlainStore

    async def count(self, request: Request, kind: str, parent: str = "") -> int:
        """How many of a kind the account has, or its parent."""
        if parent:
            return int(await self.database.fetchval(_COUNT_BELOW, request.account_sid, kind, parent))
        return int(await self.database.fetchval(_COUNT, request.account_sid, kind))

    async def is_named(self, request: Request, kind: str, field: str, sid: str) -> bool:
        """Whether a record of this kind refers to that one."""
        return bool(await self.database.fetchval(_NAMED, request.account_sid, kind, field, sid))

    async def demand(self, request: Request) -> None:
        """Raises 20404 when there is no such record: before anything is said of what was sent."""
        if await self.plain.find(request) is None:
            raise errors.not_found(request.address)

    async def check_there(self, request: Request, parameter: str, kind: str) -> None:
        """Raises 20001 when the parameter names no record of the account's; an empty one names none, and may."""
        sid = request.params.get(parameter)
        if sid and await self.records.get(request.account_sid, kind, str(sid), None) is None:
            raise errors.invalid_parameter(parameter, f"{sid} does not exist")


def check_friendly_name(params: dict[str, Any]) -> None:
    """Raises 20002."""
    if len(params.get("FriendlyName") or "") > MAX_FRIENDLY_NAME:
        raise errors.invalid_friendly_name()
