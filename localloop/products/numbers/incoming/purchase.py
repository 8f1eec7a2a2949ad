"""Buying: by number or by area code, from the inventory or, in open mode, any number that could exist."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from localloop.core import e164, errors
from localloop.products.numbers import inventory, ownership
from localloop.products.numbers.inventory import ALL, Listing, NumberType, Search
from localloop.products.numbers.ownership import NewNumber
from localloop.rest.request import Request
from localloop.store import Executor

_BATCH: Final = 20
_TYPES_OF_KINDS: Final[Mapping[str, NumberType]] = {
    "toll-free": "TollFree",
    "mobile": "Mobile",
    "voip": "Voip",
    "shared-cost": "SharedCost",
    "uan": "National",
}


def named(raw: str, *, strict: bool) -> Listing:
    """The number that a request names, as it is sold; `strict` wants it valid, not just possible. Raises 21421."""
    number = e164.parse(raw)
    if number is None or not number.is_possible or (strict and not number.is_valid):
        raise errors.phone_number_invalid(raw)
    listing = inventory.describe(number.e164)
    if listing is not None:
        return listing
    return Listing(
        phone_number=number.e164,
        iso_country=number.country,
        type=_TYPES_OF_KINDS.get(number.kind, "Local"),
        capabilities=ALL,
        address_requirements="none",
        beta=False,
    )


async def in_area(executor: Executor, world_sid: str, area_code: str) -> AsyncIterator[Listing]:
    """Numbers of an area code that nobody has, in the order in which they are sold. Raises 21451."""
    if len(area_code) != 3 or not area_code.isdecimal():
        raise errors.invalid_area_code()
    for country in ("US", "CA"):
        for offer in inventory.countries()[country].offers:
            found = inventory.candidates(offer, Search(area_code=area_code))
            async for listing in available(executor, world_sid, found):
                yield listing


async def available(executor: Executor, world_sid: str, found: Iterator[Listing]) -> AsyncIterator[Listing]:
    """Those of the candidates that this world can still buy."""
    while batch := list(islice(found, _BATCH)):
        taken = await ownership.taken(executor, world_sid, [listing.phone_number for listing in batch])
        for listing in batch:
            if listing.phone_number not in taken:
                yield listing


def check_type(listing: Listing, wanted: NumberType | None) -> None:
    if wanted is not None and listing.type != wanted:
        raise errors.of(21458)


def check_address(listing: Listing, address: Mapping[str, Any] | None) -> None:
    """Raises 21631 without an address where one is needed, 21615 when it must be a local one."""
    requirement = listing.address_requirements
    if requirement == "none":
        return
    if address is None:
        raise errors.local_address_required() if requirement == "local" else errors.address_required()
    is_local = address.get("iso_country") == listing.iso_country
    if requirement == "local" and not is_local:
        raise errors.local_address_required()
    if requirement == "foreign" and is_local:
        raise errors.address_required()


def new_number(request: Request, listing: Listing, data: Mapping[str, Any]) -> NewNumber:
    return NewNumber(
        sid=ownership.new_sid(listing.type),
        account_sid=request.account_sid,
        world_sid=request.world_sid,
        phone_number=listing.phone_number,
        iso_country=listing.iso_country,
        type=listing.type,
        capabilities=listing.capabilities,
        data=data,
        now=request.now,
    )
