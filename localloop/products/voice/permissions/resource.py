"""`/v1/DialingPermissions` and `/v1/Settings`: the countries that an account may call, all of them always there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from localloop.core import errors
from localloop.products.voice import slices
from localloop.products.voice.permissions import queries
from localloop.products.voice.permissions.countries import Country, countries, special_prefixes
from localloop.products.voice.permissions.permissions import Dialing
from localloop.products.voice.permissions.queries import Enabled
from localloop.rest.request import Binding, Item, Items, Request
from localloop.store import Database

_FLAGS: Final[Mapping[str, str]] = {
    "LowRiskNumbersEnabled": "low_risk_numbers_enabled",
    "HighRiskSpecialNumbersEnabled": "high_risk_special_numbers_enabled",
    "HighRiskTollfraudNumbersEnabled": "high_risk_tollfraud_numbers_enabled",
}


class DialingPermissionsCountry(Struct, frozen=True, kw_only=True):
    """One country as its API shows it."""

    iso_code: str
    name: str
    continent: str
    country_codes: list[str]
    low_risk_numbers_enabled: bool
    high_risk_special_numbers_enabled: bool
    high_risk_tollfraud_numbers_enabled: bool


class Wish(Struct, frozen=True, kw_only=True):
    """One item of `UpdateRequest`; Twilio's own examples write its booleans as texts."""

    iso_code: str
    low_risk_numbers_enabled: bool | str | None = None
    high_risk_special_numbers_enabled: bool | str | None = None
    high_risk_tollfraud_numbers_enabled: bool | str | None = None


class Countries(Struct, frozen=True):
    database: Database
    dialing: Dialing

    async def list(self, request: Request) -> Items:
        shown = [await self._shown(request, country) for country in countries().values()]
        kept = [each for each in shown if _passes(each, request.params)]
        return slices.page(kept, request.page, lambda each: str(each["iso_code"]))

    async def fetch(self, request: Request) -> Item:
        return Item(fields=await self._shown(request, _named(request)))

    async def prefixes(self, request: Request) -> Items:
        found = [{"prefix": prefix} for prefix in special_prefixes(_named(request).iso_code)]
        return slices.page(found, request.page, lambda each: each["prefix"])

    async def update(self, request: Request) -> Item:
        """All or nothing. Raises 20001 for what is no list of countries with their flags."""
        wishes = _wishes(request.params["UpdateRequest"])
        own = (await self.dialing.decisions.get(request.account_sid)).own
        now = await self.dialing.permissions(request.account_sid, request.world_sid)
        async with self.database.unit() as unit:
            for wish in wishes:
                before = own.get(wish.iso_code) or now.of(wish.iso_code)
                await queries.decide(unit, request.account_sid, wish.iso_code, _decided(wish, before))
            self.dialing.decisions.changed(unit)
        return Item(fields={"update_count": len(wishes), "update_request": request.params["UpdateRequest"]})

    async def settings(self, request: Request) -> Item:
        decisions = await self.dialing.decisions.get(request.account_sid)
        return Item(fields={"dialing_permissions_inheritance": decisions.inherits})

    async def change_settings(self, request: Request) -> Item:
        wanted = request.params.get("DialingPermissionsInheritance")
        if wanted is not None:
            async with self.database.unit() as unit:
                await queries.inherit(unit, request.account_sid, bool(wanted))
                self.dialing.decisions.changed(unit)
        return await self.settings(request)

    async def _shown(self, request: Request, country: Country) -> dict[str, Any]:
        permissions = await self.dialing.permissions(request.account_sid, request.world_sid)
        enabled = permissions.of(country.iso_code)
        return msgspec.structs.asdict(
            DialingPermissionsCountry(
                iso_code=country.iso_code,
                name=country.name,
                continent=country.continent,
                country_codes=[*country.country_codes],
                low_risk_numbers_enabled=enabled.low_risk,
                high_risk_special_numbers_enabled=enabled.special,
                high_risk_tollfraud_numbers_enabled=enabled.tollfraud,
            )
        )


def _named(request: Request) -> Country:
    country = countries().get(request.ids["IsoCode"].upper())
    if country is None:
        raise errors.not_found(request.address)
    return country


def _passes(shown: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    if params.get("IsoCode") and str(params["IsoCode"]).upper() != shown["iso_code"]:
        return False
    if params.get("Continent") and _plain(params["Continent"]) != _plain(shown["continent"]):
        return False
    code = str(params.get("CountryCode") or "").strip().removeprefix("+")
    if code and f"+{code}" not in shown["country_codes"]:
        return False
    return all(params[name] == shown[field] for name, field in _FLAGS.items() if params.get(name) is not None)


def _plain(continent: str) -> str:
    """`NORTH_AMERICA` is North America."""
    return continent.replace("_", " ").strip().lower()


def _wishes(sent: str) -> Sequence[Wish]:
    try:
        wishes = msgspec.json.decode(sent, type=list[Wish])
    except msgspec.DecodeError as error:  # what does not fit is one, too
        raise errors.invalid_parameter("UpdateRequest", str(error)) from None
    wishes = [msgspec.structs.replace(wish, iso_code=wish.iso_code.upper()) for wish in wishes]
    for wish in wishes:
        if wish.iso_code not in countries():
            raise errors.invalid_parameter("UpdateRequest", f"Unknown country {wish.iso_code}")
    return wishes


def _decided(wish: Wish, before: Enabled) -> Enabled:
    return Enabled(
        _flag(wish.low_risk_numbers_enabled, before.low_risk),
        _flag(wish.high_risk_special_numbers_enabled, before.special),
        _flag(wish.high_risk_tollfraud_numbers_enabled, before.tollfraud),
    )


def _flag(sent: bool | str | None, before: bool) -> bool:
    if sent is None or isinstance(sent, bool):
        return before if sent is None else sent
    if sent.lower() not in ("true", "false"):
        raise errors.invalid_parameter("UpdateRequest", f"{sent} is neither true nor false")
    return sent.lower() == "true"


async def _exists(_account_sid: str, iso_code: str) -> bool:
    return iso_code.upper() in countries()


def bindings(database: Database, dialing: Dialing) -> tuple[Binding, ...]:
    served = Countries(database, dialing)
    return (
        Binding(
            resource="voice.v1.DialingPermissionsCountry",
            operations={
                "ListDialingPermissionsCountry": served.list,
                "FetchDialingPermissionsCountry": served.fetch,
            },
            record=DialingPermissionsCountry,
            exists=_exists,
        ),
        Binding(
            resource="voice.v1.DialingPermissionsHrsPrefixes",
            operations={"ListDialingPermissionsHrsPrefixes": served.prefixes},
        ),
        Binding(
            resource="voice.v1.DialingPermissionsCountryBulkUpdate",
            operations={"CreateDialingPermissionsCountryBulkUpdate": served.update},
        ),
        Binding(
            resource="voice.v1.DialingPermissionsSettings",
            operations={
                "FetchDialingPermissionsSettings": served.settings,
                "UpdateDialingPermissionsSettings": served.change_settings,
            },
        ),
    )
