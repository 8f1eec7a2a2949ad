"""Numbers and short codes as other products find them when they attach one (a sender pool, a trunk, a proxy)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from localloop.core import e164
from localloop.products.numbers.incoming import queries
from localloop.products.numbers.incoming.queries import Row
from localloop.products.numbers.incoming.resource import incoming_of, shown
from localloop.products.numbers.ownership import COLUMNS
from localloop.store import Database

PHONE_NUMBER: Final = "api/IncomingPhoneNumber"
SHORT_CODE: Final = "api/ShortCode"
_SHORT_CODE: Final = f"""
select {COLUMNS} from phone_numbers where account_sid = $1 and sid = $2 and type = 'ShortCode'"""
_OF_NUMBER: Final = f"""
select {COLUMNS} from phone_numbers where account_sid = $1 and phone_number = $2 and type <> 'ShortCode'"""

Found: TypeAlias = Mapping[str, Any]


def attachable(database: Database) -> Callable[[str, str, str], Awaitable[Found | None]]:
    """What the plain engine asks for records that are kept here: a number by SID or by itself, a short code by SID."""

    async def find(account_sid: str, kind: str, wanted: str) -> Found | None:
        if kind == PHONE_NUMBER:
            row = await _number(database, account_sid, wanted)
            return _fields(row, shown(incoming_of(row))) if row is not None else None
        if kind == SHORT_CODE:
            row = await database.fetchrow(_SHORT_CODE, account_sid, wanted)
            return (
                _fields(row, {"short_code": row["phone_number"], **row["data"]}) if row is not None else None
            )
        return None

    return find


async def _number(database: Database, account_sid: str, wanted: str) -> Row | None:
    if e164.is_e164(wanted):
        return await database.fetchrow(_OF_NUMBER, account_sid, wanted)
    return await queries.fetch(database, account_sid, wanted)


def _fields(row: Row, fields: Found) -> Found:
    """With the names that other products have for the country."""
    country = row["iso_country"]
    able = {name: row[f"{name}_enabled"] for name in ("voice", "sms", "mms")}
    return {
        **fields,
        "sid": row["sid"],
        "capabilities": able,
        "country_code": country,
        "iso_country": country,
    }
