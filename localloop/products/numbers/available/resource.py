"""`/AvailablePhoneNumbers`: countries, and what each type of number has for sale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, structs

from localloop.core import errors
from localloop.products.numbers import inventory
from localloop.products.numbers.available import search
from localloop.products.numbers.incoming import configuration, purchase
from localloop.products.numbers.inventory import Country, Listing, NumberType
from localloop.products.numbers.needs import Needs
from localloop.rest.request import Binding, Item, Items, Operate, Request

DEFAULT_SIZE: Final = 30

# The name of a type in `subresource_uris`.
LINKS: Final[Mapping[NumberType, str]] = {
    "Local": "local",
    "TollFree": "toll_free",
    "Mobile": "mobile",
    "Voip": "voip",
    "National": "national",
    "SharedCost": "shared_cost",
    "MachineToMachine": "machine_to_machine",
}


class AvailablePhoneNumber(Struct, frozen=True, kw_only=True):
    """One number as a list of any type shows it."""

    friendly_name: str
    phone_number: str
    lata: str | None
    locality: str | None
    rate_center: str | None
    latitude: str | None
    longitude: str | None
    region: str | None
    postal_code: str | None
    iso_country: str
    address_requirements: str
    beta: bool
    capabilities: dict[str, bool]


class AvailablePhoneNumberCountry(Struct, frozen=True, kw_only=True):
    country_code: str
    country: str
    beta: bool


def available_of(listing: Listing) -> AvailablePhoneNumber:
    place, can = listing.place, listing.capabilities
    return AvailablePhoneNumber(
        friendly_name=configuration.friendly_name(listing.phone_number),
        phone_number=listing.phone_number,
        lata=place.lata if place else None,
        locality=place.locality if place else None,
        rate_center=place.rate_center if place else None,
        latitude=f"{place.latitude:.6f}" if place else None,
        longitude=f"{place.longitude:.6f}" if place else None,
        region=place.region if place else None,
        postal_code=place.postal_code if place else None,
        iso_country=listing.iso_country,
        address_requirements=listing.address_requirements,
        beta=listing.beta,
        # Upper case here, lower case on numbers that are owned: so it is on the wire.
        capabilities={"voice": can.voice, "SMS": can.sms, "MMS": can.mms, "fax": can.fax},
    )


async def list_countries(_request: Request) -> Items:
    """All of them at once, as Twilio does."""
    return Items(items=[_country(country) for country in inventory.countries().values()])


async def fetch_country(request: Request) -> Item:
    return Item(fields=_country(_found(request)))


async def list_numbers(needs: Needs, request: Request, type_: NumberType) -> Items:
    """One page, and no more: another search finds other numbers. Raises 404 for a type not sold in the country."""
    assert request.page is not None
    country = _found(request)
    offer = country.offer(type_)
    if offer is None:
        raise errors.not_found(request.address)
    wanted = search.read(request.params, country.iso_country)
    size = request.page.size if "PageSize" in request.params else DEFAULT_SIZE
    listed = []
    found = inventory.candidates(offer, wanted)
    async for listing in purchase.available(needs.database, request.world_sid, found):
        listed.append(structs.asdict(available_of(listing)))
        if len(listed) == size:
            break
    return Items(items=listed)


def _found(request: Request) -> Country:
    country = inventory.countries().get(request.ids["CountryCode"].upper())
    if country is None:
        raise errors.not_found(request.address)
    return country


def _country(country: Country) -> dict[str, Any]:
    return {
        "country_code": country.iso_country,
        "country": country.name,
        "beta": country.beta,
        "subresource_uris": [LINKS[offer.type] for offer in country.offers],
    }


def bindings(needs: Needs) -> tuple[Binding, ...]:
    countries: dict[str, Operate] = {
        "ListAvailablePhoneNumberCountry": list_countries,
        "FetchAvailablePhoneNumberCountry": fetch_country,
    }
    return (
        Binding(
            resource="api.v2010.AvailablePhoneNumberCountry",
            operations=countries,
            record=AvailablePhoneNumberCountry,
            exists=_exists,
        ),
        *(_binding(needs, type_) for type_ in LINKS),
    )


def _binding(needs: Needs, type_: NumberType) -> Binding:
    name = f"AvailablePhoneNumber{type_}"
    return Binding(
        resource=f"api.v2010.{name}",
        operations={f"List{name}": lambda request: list_numbers(needs, request, type_)},
        record=AvailablePhoneNumber,
        errors={
            "AreaCode": lambda _: errors.invalid_area_code(),
            "NearNumber": errors.invalid_phone_number,
        },
    )


async def _exists(_account_sid: str, country_code: str) -> bool:
    return country_code.upper() in inventory.countries()
