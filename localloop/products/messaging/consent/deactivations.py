"""`/v1/Deactivations`: which numbers of the United States changed hands on a day, as a file behind a signed address.

Source: Twilio's "Deactivations resource": lists go back to 27 August 2020, today's is not there yet, an address holds
for two minutes and its file has a number in E.164 per line.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias

from msgspec import Struct

from localloop.contract.model import Api, Operation, Param, Path, Resource
from localloop.core import clock, errors
from localloop.rest.request import Binding, Item, Raw, Request
from localloop.store import Database, Executor

OLDEST: Final = date(2020, 8, 27)
LIFE: Final = timedelta(minutes=2)
SigningToken: TypeAlias = Callable[[str], Awaitable[str | None]]

_ADD: Final = """
insert into deactivations (world_sid, day, phone_number) values ($1, $2, $3) on conflict do nothing
"""
_WORLD: Final = "select world_sid from accounts where sid = $1"
_OF_DAY: Final = """
select d.phone_number from deactivations d join accounts a on a.world_sid = d.world_sid
where a.sid = $1 and d.day = $2 order by 1
"""

_NAMES: Final = ("Date", "AccountSid", "Expires", "Signature")
# Beside the contract: the file has an address of ours, below the resource's own.
FILES: Final = Api(
    product="messaging",
    version="v1",
    style="product",
    resources=(
        Resource(
            key="messaging.v1.DeactivationFile",
            name="DeactivationFile",
            kind="messaging/DeactivationFile",
            paths=(
                Path(
                    template="/v1/Deactivations/{Date}/{AccountSid}/{Expires}/{Signature}",
                    role="view",
                    kind="messaging/DeactivationFile",
                    operations=(
                        Operation(
                            id="messaging.v1.FetchDeactivationFile",
                            method="GET",
                            verb="fetch",
                            params=tuple(Param(name=name, location="path", required=True) for name in _NAMES),
                        ),
                    ),
                ),
            ),
        ),
    ),
)


class Deactivations(Struct, frozen=True):
    database: Database
    signing_token: SigningToken

    async def fetch(self, request: Request) -> Item:
        """The way to a day's file. Raises 30113, 30114, 30115."""
        day = _day(request.params.get("Date"))
        if day < OLDEST:
            raise errors.of(30113)
        if day >= request.now.date():
            raise errors.of(30114)
        expires = int((request.now + LIFE).timestamp())
        signature = await self._signature(request.account_sid, day, expires)
        base = f"{request.urls.base('messaging')}/v1/Deactivations"
        url = f"{base}/{day.isoformat()}/{request.account_sid}/{expires}/{signature}"
        return Item(fields={"redirect_to": url}, status=307, headers={"Location": url})

    async def fetch_file(self, request: Request) -> Raw:
        """The file, to whoever has an address that still holds; 404 to others."""
        account_sid, expires = request.ids["AccountSid"], request.ids["Expires"]
        try:
            day = date.fromisoformat(request.ids["Date"])
            until = int(expires)
        except ValueError:
            raise errors.not_found(request.address) from None
        expected = await self._signature(account_sid, day, until)
        is_ours = hmac.compare_digest(expected, request.ids["Signature"])
        if not is_ours or not expected or until < (await self._now(account_sid)).timestamp():
            raise errors.not_found(request.address)
        rows = await self.database.fetch(_OF_DAY, account_sid, day)
        body = "".join(f"{row['phone_number']}\n" for row in rows)
        return Raw(headers={"Content-Type": "text/plain; charset=utf-8"}, body=body.encode())

    async def _now(self, account_sid: str) -> datetime:
        """Whoever has an address is nobody, and asks in no world."""
        return clock.now(await self.database.fetchval(_WORLD, account_sid) or "")

    async def _signature(self, account_sid: str, day: date, expires: int) -> str:
        token = await self.signing_token(account_sid)
        if not token:
            return ""
        words = f"deactivations {account_sid} {day.isoformat()} {expires}"
        return hmac.new(token.encode(), words.encode(), hashlib.sha256).hexdigest()


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise errors.of(30115)
    return value


async def add(executor: Executor, world_sid: str, day: date, phone_number: str) -> None:
    """The carrier took this number from whoever had it."""
    await executor.execute(_ADD, world_sid, day, phone_number)


def bindings(deactivations: Deactivations) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="messaging.v1.Deactivation",
            operations={"FetchDeactivation": deactivations.fetch},
            errors={"Date": lambda _: errors.of(30115)},
        ),
        Binding(
            resource="messaging.v1.DeactivationFile",
            operations={"FetchDeactivationFile": deactivations.fetch_file},
            public=frozenset({"FetchDeactivationFile"}),
        ),
    )
