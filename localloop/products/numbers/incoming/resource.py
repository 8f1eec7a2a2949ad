"""`/IncomingPhoneNumbers` and its views by type: bought, configured, moved between accounts, released."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, structs

from localloop.core import errors, sids
from localloop.products.numbers import contains, ownership, webhook_rules
from localloop.products.numbers.incoming import configuration, magic, purchase, queries
from localloop.products.numbers.incoming.queries import Row, Wanted
from localloop.products.numbers.inventory import Capabilities, Listing, NumberType
from localloop.products.numbers.needs import ADDRESS, APPLICATION, Needs
from localloop.rest.request import Binding, Deleted, Item, Items, Operate, Request
from localloop.store import Unit

VIEWS: Final[Mapping[str, NumberType | None]] = {
    "": None,
    "Local": "Local",
    "Mobile": "Mobile",
    "TollFree": "TollFree",
}


class IncomingPhoneNumber(Struct, frozen=True, kw_only=True):
    """One owned number as its API shows it."""

    sid: str
    account_sid: str
    phone_number: str
    friendly_name: str
    capabilities: Capabilities
    address_requirements: str
    address_sid: str | None
    api_version: str
    beta: bool
    bundle_sid: str | None
    emergency_address_sid: str | None
    emergency_address_status: str
    emergency_status: str
    identity_sid: str | None
    origin: str
    sms_application_sid: str
    sms_fallback_method: str
    sms_fallback_url: str
    sms_method: str
    sms_url: str
    status: str
    status_callback: str
    status_callback_method: str
    trunk_sid: str | None
    voice_application_sid: str
    voice_caller_id_lookup: bool
    voice_fallback_method: str
    voice_fallback_url: str | None
    voice_method: str
    voice_receive_mode: str
    voice_url: str | None
    date_created: datetime
    date_updated: datetime


def incoming_of(row: Row) -> IncomingPhoneNumber:
    return IncomingPhoneNumber(
        sid=row["sid"],
        account_sid=row["account_sid"],
        phone_number=row["phone_number"],
        capabilities=Capabilities(row["voice_enabled"], row["sms_enabled"], row["mms_enabled"]),
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        **row["data"],
    )


def shown(number: IncomingPhoneNumber) -> dict[str, Any]:
    return {**structs.asdict(number), "capabilities": structs.asdict(number.capabilities)}


# Buying --------------------------------------------------------------------------------------------------------


async def create(needs: Needs, request: Request, type: NumberType | None = None) -> Item:
    """Raises 21421, 21422, 21451, 21452, 21458, 21404, 21615, 21631 and what settings may be wrong."""
    params = request.params
    await _check_applications(needs, request.account_sid, params)
    if params.get("PhoneNumber"):
        listing = purchase.named(str(params["PhoneNumber"]), strict=needs.strict)
        purchase.check_type(listing, type)
        await _check_address(needs, request, listing)
        row = await _buy(needs, request, listing)
        if row is None:
            raise errors.phone_number_unavailable(listing.phone_number)
        return Item(fields=shown(incoming_of(row)))
    if params.get("AreaCode"):
        return await _buy_in_area(needs, request, str(params["AreaCode"]))
    raise errors.missing_parameter("PhoneNumber")


async def _buy_in_area(needs: Needs, request: Request, area_code: str) -> Item:
    async for listing in purchase.in_area(needs.database, request.world_sid, area_code):
        row = await _buy(needs, request, listing)
        if row is not None:
            return Item(fields=shown(incoming_of(row)))
    raise errors.no_numbers_in_area_code(area_code)


async def _buy(needs: Needs, request: Request, listing: Listing) -> Row | None:
    """The new row; None when another has the number, or gave it back so lately that it may still want it."""
    initial = configuration.initial(listing.phone_number, listing)
    data = configuration.configured(initial, request.params)
    async with needs.database.unit() as unit:
        await _check_trial(unit, request.account_sid)
        last_owner = await ownership.releaser(unit, request.world_sid, listing.phone_number)
        if last_owner not in (None, request.account_sid):
            return None
        return await ownership.take(unit, purchase.new_number(request, listing, data))


async def _check_trial(unit: Unit, account_sid: str) -> None:
    """A trial account has one number. Locks the account, so that two purchases at once cannot both be the first."""
    type_ = await unit.fetchval("select type from accounts where sid = $1", account_sid)
    if type_ != "Trial":
        return
    await unit.execute("select 1 from accounts where sid = $1 for update", account_sid)
    if await unit.fetchval(
        "select exists (select from phone_numbers where account_sid = $1 and type <> 'ShortCode')",
        account_sid,
    ):
        raise errors.trial_number_limit()


async def _check_applications(needs: Needs, account_sid: str, params: Mapping[str, Any]) -> None:
    """Raises 21420 for an application that this account does not have."""
    for name in configuration.APPLICATIONS:
        sid = params.get(name)
        if sid and await needs.records.get(account_sid, APPLICATION, sid, None) is None:
            raise errors.application_not_accessible()


async def _check_address(needs: Needs, request: Request, listing: Listing) -> None:
    sid = request.params.get("AddressSid")
    record = await needs.records.get(request.account_sid, ADDRESS, sid, None) if sid else None
    purchase.check_address(listing, record.data if record is not None else None)


async def create_tested(request: Request) -> Item:
    """A purchase with test credentials: answered, and forgotten."""
    number = magic.bought(request.params)
    data = configuration.configured(configuration.initial(number, None), request.params)
    fake = {
        "sid": sids.new("PN"),
        "account_sid": request.account_sid,
        "phone_number": number,
        "voice_enabled": True,
        "sms_enabled": True,
        "mms_enabled": True,
        "date_created": request.now,
        "date_updated": request.now,
        "data": data,
    }
    return Item(fields=shown(incoming_of(fake)))


# Reading -------------------------------------------------------------------------------------------------------


async def fetch(needs: Needs, request: Request) -> Item:
    row = await queries.fetch(needs.database, request.account_sid, request.ids["Sid"])
    if row is None:
        raise errors.not_found(request.address)
    return Item(fields=shown(incoming_of(row)))


async def list_(needs: Needs, request: Request, type: NumberType | None = None) -> Items:
    assert request.page is not None
    params = request.params
    wanted = Wanted(
        type=type,
        like=contains.like(params["PhoneNumber"]) if params.get("PhoneNumber") else None,
        friendly_name=params.get("FriendlyName") or None,
        origin=params.get("Origin") or None,
        beta=params.get("Beta", True) is not False,
    )
    rows, more = await queries.page(needs.database, request.account_sid, wanted, request.page)
    backwards = request.page.before is not None
    return Items(
        items=[shown(incoming_of(row)) for row in rows],
        more=more or backwards,
        earlier=more if backwards else request.page.after is not None,
    )


# Changing ------------------------------------------------------------------------------------------------------


async def update(needs: Needs, request: Request) -> Item:
    """Raises 404, 21470 to 21474 for a transfer, and what settings may be wrong."""
    params, sid = request.params, request.ids["Sid"]
    owner = params.get("AccountSid") or request.account_sid
    if await queries.fetch(needs.database, request.account_sid, sid) is None:
        raise errors.not_found(request.address)
    await _check_applications(needs, owner, params)
    async with needs.database.unit() as unit:
        row = await queries.lock(unit, request.account_sid, sid)
        if row is None:
            raise errors.not_found(request.address)
        current = row["data"]
        if owner != request.account_sid:
            await _check_transfer(unit, request, owner)
            current = configuration.moved(current)
        data = configuration.configured(current, params)
        updated = await queries.update(unit, row, owner, data, request.now)
        needs.directory.changed(unit)
    assert updated is not None
    return Item(fields=shown(incoming_of(updated)))


async def _check_transfer(unit: Unit, request: Request, to: str) -> None:
    if not sids.is_sid(to, "AC"):
        raise errors.invalid_account_sid()
    account = await queries.account(unit, to)
    if account is None:
        raise errors.account_does_not_exist()
    if account["world_sid"] != request.world_sid:
        raise errors.transfer_to_unrelated_account()
    # A world is a main account with its subaccounts, so the parent is the world.
    if (request.caller.authenticated_sid or request.caller.account_sid) != request.world_sid:
        raise errors.transfer_needs_parent()
    if account["status"] != "active":
        raise errors.other_account_not_active()


async def delete(needs: Needs, request: Request) -> Deleted:
    async with needs.database.unit() as unit:
        if not await ownership.release(unit, request.account_sid, request.ids["Sid"], request.now):
            raise errors.not_found(request.address)
        needs.directory.changed(unit)
    return Deleted()


def binding(needs: Needs) -> Binding:
    operations: dict[str, Operate] = {
        "FetchIncomingPhoneNumber": lambda request: fetch(needs, request),
        "UpdateIncomingPhoneNumber": lambda request: update(needs, request),
        "DeleteIncomingPhoneNumber": lambda request: delete(needs, request),
    }
    for view, type_ in VIEWS.items():
        operations |= _of_type(needs, f"IncomingPhoneNumber{view}", type_)
    return Binding(
        resource="api.v2010.IncomingPhoneNumber",
        operations=operations,
        record=IncomingPhoneNumber,
        exists=_existence(needs),
        errors=_refusals(),
    )


def _of_type(needs: Needs, name: str, type_: NumberType | None) -> dict[str, Operate]:
    return {
        f"Create{name}": lambda request: create(needs, request, type_),
        f"List{name}": lambda request: list_(needs, request, type_),
    }


def _existence(needs: Needs) -> Callable[[str, str], Any]:
    async def exists(account_sid: str, sid: str) -> bool:
        return await queries.fetch(needs.database, account_sid, sid) is not None

    return exists


def _refusals() -> dict[str, Callable[[str], Exception]]:
    return {
        **webhook_rules.refusals(configuration.URLS, configuration.METHODS),
        **dict.fromkeys(configuration.APPLICATIONS, lambda _: errors.application_not_accessible()),
        "AccountSid": lambda _: errors.invalid_account_sid(),
        "PhoneNumber": errors.phone_number_invalid,
        "AreaCode": lambda _: errors.invalid_area_code(),
    }
