"""What Twilio does by hand or by a call, done by the lab: short codes are leased, and validation codes typed."""

from __future__ import annotations

from functools import partial

from msgspec import structs

from localloop.core import e164, errors
from localloop.products import numbers
from localloop.rest.request import Binding, Item, Request
from localloop.store import Database


def bindings(database: Database) -> tuple[Binding, ...]:
    return (
        Binding(resource="lab.v1.ShortCode", operations={"CreateShortCode": partial(lease, database)}),
        Binding(
            resource="lab.v1.ValidationCode",
            operations={"CreateValidationCode": partial(type_code, database)},
        ),
    )


async def lease(database: Database, request: Request) -> Item:
    """A short code for the account that asks. Raises 21401 for what is none, 21422 when the world has it already."""
    short_code = str(request.params["ShortCode"])
    country = str(request.params.get("IsoCountry") or "US").upper()
    owned = await numbers.add_short_code(
        database, request.world_sid, request.account_sid, short_code, country
    )
    if owned is None:
        raise errors.phone_number_unavailable(short_code)
    return Item(
        fields={
            "sid": owned.sid,
            "account_sid": owned.account_sid,
            "short_code": owned.phone_number,
            "date_created": request.now,
        }
    )


async def type_code(database: Database, request: Request) -> Item:
    """The code of a validation request is typed on this phone: its number is a caller id now."""
    number = e164.parse(request.ids["Number"])
    if number is None:
        raise errors.invalid_to(request.ids["Number"])
    code = str(request.params["Code"])
    confirmed = await numbers.confirm(database, request.world_sid, number.e164, code)
    if confirmed is None:
        raise errors.invalid_parameter("Code", f"Nobody in this world waits for it on {number.e164}.")
    return Item(fields=structs.asdict(confirmed))
