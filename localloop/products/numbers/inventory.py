"""The numbers for sale: per country and type, computed from the numbering plans instead of stored.

A search becomes templates (sets of digits per place) over a plan's automaton. Their matches are counted and
visited in a shuffled order that is the same in every run and every world; who searches skips the taken ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final, Literal, cast

from msgspec import Struct
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.phonenumberutil import country_code_for_region

from localloop.core import e164
from localloop.products.numbers import geography, shuffle
from localloop.products.numbers.geography import Place
from localloop.products.numbers.numbering import ANY, Node, Pattern, Selection, Template, plan

NumberType = Literal["Local", "TollFree", "Mobile", "Voip", "National", "SharedCost", "MachineToMachine"]
AddressRequirement = Literal["none", "any", "local", "foreign"]

NANP: Final = frozenset({"US", "CA"})
# An exchange is neither a service code (411, 911) nor 555, which belongs to directories and films.
_EXCHANGE: Final = r"(?:[2-46-9](?:1[02-9]|[02-9]\d)|5(?:1[02-9]|[02-46-9]\d|5[0-46-9]))\d{4}"
_TOLL_FREE: Final = r"8(?:00|33|44|55|66|77|88)"
_HUNDREDS_PLACE: Final = 6  # of a ten-digit number: the first two digits of the line are at 6 and 7


class Capabilities(Struct, frozen=True):
    voice: bool = False
    sms: bool = False
    mms: bool = False
    fax: bool = False


ALL: Final = Capabilities(voice=True, sms=True, mms=True)
# Lines 97xx take no messages and 98xx no media, so that filters on capabilities have something to leave out.
LIMITED: Final = {97: Capabilities(voice=True), 98: Capabilities(voice=True, sms=True)}


class Offer(Struct, frozen=True, kw_only=True):
    """One type of number in one country."""

    iso_country: str
    country_code: int
    type: NumberType
    source: str
    given_length: int  # 0: that of libphonenumber's example
    leading: str
    capabilities: Capabilities
    address_requirements: AddressRequirement
    beta: bool

    @property
    def root(self) -> Node:
        return plan(_pattern(self.iso_country, self.source)[0])

    @property
    def length(self) -> int:
        return self.given_length or len(_pattern(self.iso_country, self.source)[1])

    @property
    def has_places(self) -> bool:
        return self.iso_country in NANP and self.type == "Local"

    def includes(self, national_number: str) -> bool:
        return (
            len(national_number) == self.length
            and national_number.startswith(self.leading)
            and self.root.matches(national_number)
        )


class Country(Struct, frozen=True, kw_only=True):
    iso_country: str
    name: str
    offers: tuple[Offer, ...]

    @property
    def beta(self) -> bool:
        return all(offer.beta for offer in self.offers)

    def offer(self, type: NumberType) -> Offer | None:
        return next((offer for offer in self.offers if offer.type == type), None)


class Listing(Struct, frozen=True, kw_only=True):
    """One number as it is for sale."""

    phone_number: str
    iso_country: str
    type: NumberType
    capabilities: Capabilities
    address_requirements: AddressRequirement
    beta: bool
    place: Place | None = None


class Search(Struct, frozen=True, kw_only=True):
    """What is wanted of a number. None and empty mean: anything."""

    area_code: str = ""
    pattern: Pattern | None = None
    voice: bool | None = None
    sms: bool | None = None
    mms: bool | None = None
    fax: bool | None = None
    beta: bool = True
    without_address: frozenset[AddressRequirement] = frozenset()
    places: frozenset[Place] | None = None

    def allows(self, capabilities: Capabilities) -> bool:
        wanted = (
            (self.voice, capabilities.voice),
            (self.sms, capabilities.sms),
            (self.mms, capabilities.mms),
        )
        return all(wish is None or wish == has for wish, has in (*wanted, (self.fax, capabilities.fax)))


@cache
def countries() -> dict[str, Country]:
    """Every country where numbers are sold, by ISO code, in the order of their codes."""
    found = {}
    for iso_country, name, *offers in geography.rows("countries.tsv"):
        sold = tuple(_offer(iso_country, offer) for offer in offers)
        found[iso_country] = Country(iso_country=iso_country, name=name, offers=sold)
    return dict(sorted(found.items()))


def _offer(iso_country: str, text: str) -> Offer:
    type_, source, capabilities, address, *beta = text.split(" ")
    source, _, length = source.partition("@")
    source, _, leading = source.partition("/")
    return Offer(
        iso_country=iso_country,
        country_code=country_code_for_region(iso_country),
        type=cast(NumberType, type_),
        source=source,
        given_length=int(length or 0),
        leading=leading,
        capabilities=Capabilities(
            voice="v" in capabilities, sms="s" in capabilities, mms="m" in capabilities
        ),
        address_requirements=cast(AddressRequirement, address),
        beta=bool(beta),
    )


@cache
def _pattern(iso_country: str, source: str) -> tuple[str, str]:
    """The pattern of national numbers, and an example of them."""
    if source == "nanp_toll_free":
        return _TOLL_FREE + _EXCHANGE, "8002345678"
    if source == "nanp":
        codes = [
            code for code, places in geography.area_codes().items() if places[0].iso_country == iso_country
        ]
        return f"(?:{'|'.join(codes)}){_EXCHANGE}", "2012345678"
    description = getattr(PhoneMetadata.metadata_for_region(iso_country), source)
    return description.national_number_pattern, description.example_number


def candidates(offer: Offer, search: Search) -> Iterator[Listing]:
    """The numbers of an offer that meet a search, shuffled, without end until all have been named.

    Numbers with every capability of the offer come first: who takes the first one gets what he expects.
    """
    if (offer.beta and not search.beta) or offer.address_requirements in search.without_address:
        return
    for capabilities, templates in _templates(offer, search):
        selections = _selections(offer, search, templates)
        for number in shuffle.interleaved(selections):
            yield _listing(offer, number, capabilities)


def describe(phone_number: str) -> Listing | None:
    """The number as the inventory lists it; None when it is not among the numbers for sale."""
    number = e164.parse(phone_number)
    country = countries().get(number.country or "US") if number is not None else None
    if number is None or country is None:
        return None
    national_number = number.e164[1 + len(str(country.offers[0].country_code)) :]
    for offer in country.offers:
        if offer.includes(national_number):
            return _listing(offer, national_number, _capabilities(offer, national_number))
    return None


def _listing(offer: Offer, national_number: str, capabilities: Capabilities) -> Listing:
    return Listing(
        phone_number=f"+{offer.country_code}{national_number}",
        iso_country=offer.iso_country,
        type=offer.type,
        capabilities=capabilities,
        address_requirements=offer.address_requirements,
        beta=offer.beta,
        place=geography.place_of(national_number) if offer.has_places else None,
    )


def _capabilities(offer: Offer, national_number: str) -> Capabilities:
    if not offer.has_places:
        return offer.capabilities
    return LIMITED.get(int(national_number[_HUNDREDS_PLACE : _HUNDREDS_PLACE + 2]), offer.capabilities)


def _templates(offer: Offer, search: Search) -> Iterator[tuple[Capabilities, list[Template]]]:
    """Per set of capabilities that is acceptable, the templates whose numbers have it."""
    located = _located(offer, search)
    if not offer.has_places:
        if search.allows(offer.capabilities):
            yield offer.capabilities, located
        return
    if search.allows(offer.capabilities):
        nines = 1 << 9
        yield offer.capabilities, _with_line(located, ANY & ~nines, ANY)
        yield offer.capabilities, _with_line(located, nines, ANY & ~sum(1 << line % 10 for line in LIMITED))
    for hundreds, capabilities in LIMITED.items():
        if search.allows(capabilities):
            yield capabilities, _with_line(located, 1 << hundreds // 10, 1 << hundreds % 10)


def _with_line(templates: list[Template], first: int, second: int) -> list[Template]:
    return [
        (*template[:_HUNDREDS_PLACE], first, second, *template[_HUNDREDS_PLACE + 2 :])
        for template in templates
    ]


def _located(offer: Offer, search: Search) -> list[Template]:
    leading = search.area_code or offer.leading
    if not leading.startswith(offer.leading):
        return []
    blank = tuple(1 << int(digit) for digit in leading) + (ANY,) * (offer.length - len(leading))
    if search.places is None:
        return [blank]
    if not offer.has_places:
        return []
    located = []
    for code, served in geography.area_codes().items():
        exchanges = geography.exchange_digits(served, search.places)
        if exchanges and search.area_code in ("", code):
            prefix = tuple(1 << int(digit) for digit in code)
            located.append((*prefix, ANY, ANY, exchanges, *blank[6:]))
    return located


def _selections(offer: Offer, search: Search, templates: list[Template]) -> Iterator[Selection]:
    prefix = str(offer.country_code)
    for template in templates:
        selection = Selection(offer.root, template, search.pattern, prefix)
        if selection.size:
            yield selection
