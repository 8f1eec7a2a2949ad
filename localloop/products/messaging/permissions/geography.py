"""`/Messaging/GeoPermissions`: the countries that an account may write to, all in one document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from localloop.core import errors
from localloop.products.messaging.permissions import queries
from localloop.products.messaging.permissions.countries import calling_codes
from localloop.products.messaging.permissions.permissions import Permissions
from localloop.rest.request import Binding, Item, Request
from localloop.store import Database

BAD_COUNTRY = 20001  # ours: no document says what Twilio calls a country that it does not know


class Wish(Struct, frozen=True):
    """One item of `Permissions`."""

    country_code: str
    enabled: bool
    type: str = "country"


class GeoPermissions(Struct, frozen=True):
    database: Database
    permissions: Permissions

    async def fetch(self, request: Request) -> Item:
        """All countries, or those that `CountryCode` names, separated by commas."""
        asked = str(request.params.get("CountryCode") or "").upper().replace(" ", "")
        wanted = set(asked.split(",")) if asked else calling_codes().keys()
        permits = await self.permissions.permits.get(request.account_sid)
        is_closed = self.permissions.is_closed(request.world_sid)
        shown = [
            {
                "country_code": country,
                "type": "country",
                "enabled": permits.allows(country, is_closed),
                "prefix": prefix,
                "message": "",
            }
            for country, prefix in calling_codes().items()
            if country in wanted
        ]
        return Item(fields={"permissions": shown})

    async def update(self, request: Request) -> Item:
        """Each item on its own: what is wrong with one does not keep the others from holding."""
        wishes = [_wish(item) for item in request.params["Permissions"]]
        async with self.database.unit() as unit:
            for wish in wishes:
                if wish.country_code in calling_codes():
                    await queries.decide(
                        unit, request.account_sid, wish.country_code, wish.enabled, request.now
                    )
            self.permissions.permits.changed(unit)
        return Item(fields={"permissions": [_told(wish) for wish in wishes]})


def _wish(item: Any) -> Wish:
    try:
        is_text = isinstance(item, str)
        wish = msgspec.json.decode(item, type=Wish) if is_text else msgspec.convert(item, Wish)
    except msgspec.DecodeError as error:  # what does not fit is one, too
        raise errors.invalid_parameter("Permissions", str(error)) from None
    return msgspec.structs.replace(wish, country_code=wish.country_code.upper())


def _told(wish: Wish) -> Mapping[str, Any]:
    is_known = wish.country_code in calling_codes()
    return {
        "country_code": wish.country_code,
        "type": wish.type,
        "enabled": wish.enabled,
        "error_code": 0 if is_known else BAD_COUNTRY,
        "error_messages": [] if is_known else ["Invalid country code"],
    }


def binding(database: Database, permissions: Permissions) -> Binding:
    geography = GeoPermissions(database, permissions)
    return Binding(
        resource="accounts.v1.MessagingGeopermissions",
        operations={
            "FetchMessagingGeopermissions": geography.fetch,
            "UpdateMessagingGeopermissions": geography.update,
        },
    )
