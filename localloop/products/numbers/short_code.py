"""`/SMS/ShortCodes`: leased, not bought, so the API only shows and configures them; the lab adds one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.core import clock, e164, errors
from localloop.products.numbers import contains, ownership, webhook_rules
from localloop.products.numbers.inventory import Capabilities
from localloop.products.numbers.needs import Needs
from localloop.products.numbers.ownership import COLUMNS, NewNumber, Owned
from localloop.rest.request import Binding, Item, Items, PageRequest, Request
from localloop.store import Database

MAX_FRIENDLY_NAME: Final = 64
URLS: Final = {"SmsUrl": "sms_url", "SmsFallbackUrl": "sms_fallback_url"}
METHODS: Final = {"SmsMethod": "sms_method", "SmsFallbackMethod": "sms_fallback_method"}

_OWN: Final = f"select {COLUMNS} from phone_numbers where account_sid = $1 and type = 'ShortCode'"
_FETCH: Final = f"{_OWN} and sid = $2"
_FILTERED: Final = f"""{_OWN}
  and ($2::text is null or data ->> 'friendly_name' = $2)
  and ($3::text is null or phone_number like $3)"""
_OLDER: Final = f"{_FILTERED} and ($4::text is null or sid < $4) order by sid desc limit $5"
_NEWER: Final = f"{_FILTERED} and sid > $4 order by sid limit $5"
_UPDATE: Final = f"""
update phone_numbers set data = $2, date_updated = $3 where world_sid = $4 and sid = $1 returning {COLUMNS}"""


class ShortCode(Struct, frozen=True, kw_only=True):
    """One short code as its API shows it."""

    sid: str
    account_sid: str
    short_code: str
    friendly_name: str
    api_version: str
    sms_url: str | None
    sms_method: str
    sms_fallback_url: str | None
    sms_fallback_method: str
    date_created: datetime
    date_updated: datetime


async def add(
    database: Database, world_sid: str, account_sid: str, short_code: str, iso_country: str = "US"
) -> Owned | None:
    """Lease a short code of 3 to 6 digits to an account; None when it is taken in this world. Raises 21401."""
    if not e164.is_short_code(short_code):
        raise errors.invalid_phone_number(short_code)
    data = {
        "friendly_name": short_code,
        "api_version": "2010-04-01",
        **dict.fromkeys(URLS.values()),
        **dict.fromkeys(METHODS.values(), "POST"),
    }
    new = NewNumber(
        sid=ownership.new_sid("ShortCode"),
        account_sid=account_sid,
        world_sid=world_sid,
        phone_number=short_code,
        iso_country=iso_country,
        type="ShortCode",
        capabilities=Capabilities(sms=True, mms=True),
        data=data,
        now=clock.now(world_sid),
    )
    async with database.unit() as unit:
        row = await ownership.take(unit, new)
    return ownership.owned_of(row) if row is not None else None


async def fetch(needs: Needs, request: Request) -> Item:
    row = await needs.database.fetchrow(_FETCH, request.account_sid, request.ids["Sid"])
    if row is None:
        raise errors.not_found(request.address)
    return Item(fields=_fields(row))


async def list_(needs: Needs, request: Request) -> Items:
    page = request.page or PageRequest()
    backwards = page.before is not None
    rows = await needs.database.fetch(
        _NEWER if backwards else _OLDER,
        request.account_sid,
        request.params.get("FriendlyName") or None,
        contains.like(request.params["ShortCode"]) if request.params.get("ShortCode") else None,
        page.before if backwards else page.after,
        page.size + 1,
    )
    more, found = len(rows) > page.size, rows[: page.size]
    return Items(
        items=[_fields(row) for row in (found[::-1] if backwards else found)],
        more=more or backwards,
        earlier=more if backwards else page.after is not None,
    )


async def update(needs: Needs, request: Request) -> Item:
    """Raises 404, 21402, 21403, 21406."""
    params = request.params
    sent = webhook_rules.check(params, URLS, METHODS)
    if params.get("ApiVersion"):
        sent["api_version"] = params["ApiVersion"]
    if "FriendlyName" in params:
        if len(params["FriendlyName"]) > MAX_FRIENDLY_NAME:
            raise errors.invalid_friendly_name()
        sent["friendly_name"] = params["FriendlyName"]
    async with needs.database.unit() as unit:
        row = await unit.fetchrow(f"{_FETCH} for update", request.account_sid, request.ids["Sid"])
        if row is None:
            raise errors.not_found(request.address)
        data = {**row["data"], **sent}
        if sent.get("sms_fallback_url") and not data["sms_url"]:
            raise errors.sms_fallback_without_url()
        updated = await unit.fetchrow(_UPDATE, row["sid"], data, request.now, row["world_sid"])
        needs.directory.changed(unit)
    assert updated is not None
    return Item(fields=_fields(updated))


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row["data"],
        "sid": row["sid"],
        "account_sid": row["account_sid"],
        "short_code": row["phone_number"],
        "date_created": row["date_created"],
        "date_updated": row["date_updated"],
    }


def binding(needs: Needs) -> Binding:
    refusals: dict[str, Callable[[str], Exception]] = webhook_rules.refusals(URLS, METHODS)
    return Binding(
        resource="api.v2010.ShortCode",
        operations={
            "FetchShortCode": lambda request: fetch(needs, request),
            "ListShortCode": lambda request: list_(needs, request),
            "UpdateShortCode": lambda request: update(needs, request),
        },
        record=ShortCode,
        errors=refusals,
    )
