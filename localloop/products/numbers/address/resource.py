"""`/Addresses`: where the owner of a number is, corrected where its country's rules are known here.

US and Canadian addresses for emergency calls must be right (21628), and are written as the post office does unless the
request forbids it (21629 then says what would be changed). Other addresses are kept as they come, a region or postal
code in an unusual form put right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.products.numbers.address import correction
from localloop.products.numbers.incoming import queries
from localloop.products.numbers.incoming.resource import IncomingPhoneNumber, incoming_of, shown
from localloop.products.numbers.needs import ADDRESS, Needs
from localloop.rest.request import Binding, Deleted, Item, Items, Request

MAX_FRIENDLY_NAME: Final = 64
MAX_EMERGENCY_FRIENDLY_NAME: Final = 32


class Address(Struct, frozen=True, kw_only=True):
    """One address as its API shows it."""

    sid: str
    account_sid: str
    customer_name: str
    friendly_name: str
    street: str
    street_secondary: str | None
    city: str
    region: str
    postal_code: str
    iso_country: str
    emergency_enabled: bool
    validated: bool
    verified: bool
    date_created: datetime
    date_updated: datetime


async def create(needs: Needs, request: Request) -> Item:
    params = request.params
    country = str(params.get("IsoCountry", "")).upper()
    if not correction.is_country(country):
        raise errors.address_validation_failed()
    given = {
        "iso_country": country,
        "region": params.get("Region", ""),
        "postal_code": params.get("PostalCode", ""),
        "emergency_enabled": bool(params.get("EmergencyEnabled")),
    }
    _check_friendly_name(params, is_emergency=given["emergency_enabled"])
    fields = {
        **given,
        **_judged(given, auto_correct=_auto_correct(params)),
        "friendly_name": params.get("FriendlyName") or "",
        "verified": False,
    }
    return await needs.plain.create(request, fields=fields)


async def update(needs: Needs, request: Request) -> Item:
    params = request.params
    current = (await needs.plain.fetch(request)).fields
    given = {
        "iso_country": current["iso_country"],
        "region": params.get("Region", current["region"]) or "",
        "postal_code": params.get("PostalCode", current["postal_code"]) or "",
        "emergency_enabled": bool(params.get("EmergencyEnabled", current["emergency_enabled"])),
    }
    _check_friendly_name(params, is_emergency=given["emergency_enabled"])
    return await needs.plain.update(request, _judged(given, auto_correct=_auto_correct(params)))


async def delete(needs: Needs, request: Request) -> Deleted:
    """Raises 21630 while a number names the address."""
    if await queries.needs_address(needs.database, request.account_sid, request.ids["Sid"]):
        raise errors.address_in_use()
    return await needs.plain.delete(request)


async def list_dependent(needs: Needs, request: Request) -> Items:
    """The numbers that name the address. Raises 404 for an address that is not there."""
    assert request.page is not None
    if await needs.records.get(request.account_sid, ADDRESS, request.ids["AddressSid"], None) is None:
        raise errors.not_found(request.address)
    wanted = queries.Wanted(address_sid=request.ids["AddressSid"])
    rows, more = await queries.page(needs.database, request.account_sid, wanted, request.page)
    backwards = request.page.before is not None
    return Items(
        items=[_dependent(incoming_of(row)) for row in rows],
        more=more or backwards,
        earlier=more if backwards else request.page.after is not None,
    )


def _dependent(number: IncomingPhoneNumber) -> dict[str, Any]:
    can = number.capabilities
    return {**shown(number), "capabilities": {"Voice": can.voice, "SMS": can.sms, "MMS": can.mms}}


def _judged(given: Mapping[str, Any], *, auto_correct: bool) -> dict[str, Any]:
    """Region, postal code and `validated` as they are kept. Raises 21628, 21629 for an emergency address."""
    is_emergency = bool(given["emergency_enabled"])
    try:
        region, postal_code = correction.corrected(
            given["iso_country"], given["region"], given["postal_code"]
        )
    except ValueError:
        if is_emergency:
            raise errors.address_validation_failed() from None
        return {"validated": False}
    if auto_correct:
        return {"region": region, "postal_code": postal_code, "validated": is_emergency}
    if is_emergency and (region, postal_code) != (given["region"], given["postal_code"]):
        raise _suggesting(region, postal_code)
    return {"validated": is_emergency}


def _suggesting(region: str, postal_code: str) -> ApiError:
    error = errors.of(21629)
    return ApiError(error.status, error.code, error.message, {"region": region, "postal_code": postal_code})


def _auto_correct(params: Mapping[str, Any]) -> bool:
    return params.get("AutoCorrectAddress") is not False


def _check_friendly_name(params: Mapping[str, Any], *, is_emergency: bool) -> None:
    longest = MAX_EMERGENCY_FRIENDLY_NAME if is_emergency else MAX_FRIENDLY_NAME
    if len(params.get("FriendlyName") or "") > longest:
        raise errors.invalid_friendly_name()


def bindings(needs: Needs) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="api.v2010.Address",
            operations={
                "CreateAddress": lambda request: create(needs, request),
                "UpdateAddress": lambda request: update(needs, request),
                "FetchAddress": needs.plain.fetch,
                "ListAddress": needs.plain.page,
                "DeleteAddress": lambda request: delete(needs, request),
            },
            record=Address,
        ),
        Binding(
            resource="api.v2010.DependentPhoneNumber",
            operations={"ListDependentPhoneNumber": lambda request: list_dependent(needs, request)},
        ),
    )
