"""`/v1/DialingPermissions`: countries, updates in bulk, and what subaccounts inherit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import Asker

from localloop.products.voice import Dialing
from localloop.rest.request import Caller, PageRequest
from tests.api.voice.conftest import NewAccount, refusal

GERMAN = "+4915123456789"
FLAGS = (
    "low_risk_numbers_enabled",
    "high_risk_special_numbers_enabled",
    "high_risk_tollfraud_numbers_enabled",
)


async def country(ask: Asker, caller: Caller, iso_code: str) -> dict[str, Any]:
    return await ask.item("voice.v1.FetchDialingPermissionsCountry", caller, IsoCode=iso_code)


async def flags(ask: Asker, caller: Caller, iso_code: str) -> list[bool]:
    shown = await country(ask, caller, iso_code)
    return [shown[flag] for flag in FLAGS]


async def decide(ask: Asker, caller: Caller, *wishes: dict[str, Any]) -> dict[str, Any]:
    asked = {"UpdateRequest": json.dumps(wishes)}
    return await ask.item("voice.v1.CreateDialingPermissionsCountryBulkUpdate", caller, asked)


async def inherit(ask: Asker, caller: Caller, value: bool) -> dict[str, Any]:
    asked = {"DialingPermissionsInheritance": value}
    return await ask.item("voice.v1.UpdateDialingPermissionsSettings", caller, asked)


async def code(dialing: Dialing, caller: Caller, number: str) -> int | None:
    refused = await dialing.refusal(caller.account_sid, caller.world_sid, number)
    return refused.code if refused else None


async def test_every_country_with_its_numbers(ask: Asker, caller: Caller) -> None:
    assert await country(ask, caller, "lv") == {
        "iso_code": "LV",
        "name": "Latvia",
        "continent": "Europe",
        "country_codes": ["+371"],
        **dict.fromkeys(FLAGS, True),
    }
    assert await refusal(country(ask, caller, "ZZ")) == (404, 20404)
    prefixes = await ask.items("voice.v1.ListDialingPermissionsHrsPrefixes", caller, IsoCode="LV")
    assert list(prefixes.items) == [{"prefix": "+37181"}, {"prefix": "+37190"}]


async def test_a_new_account_calls_at_home(
    ask: Asker, caller: Caller, closed_worlds: set[str], dialing: Dialing
) -> None:
    closed_worlds.add(caller.world_sid)
    assert [await flags(ask, caller, iso) for iso in ("US", "CA", "DE")] == [
        [True, False, False],
        [True, False, False],
        [False, False, False],
    ]
    assert await code(dialing, caller, GERMAN) == 21215


async def test_an_update_changes_what_it_names(ask: Asker, caller: Caller, dialing: Dialing) -> None:
    """Booleans are texts in Twilio's own examples, and may be booleans."""
    wishes = (
        {"iso_code": "de", "low_risk_numbers_enabled": "false", "high_risk_special_numbers_enabled": "true"},
        {"iso_code": "LV", "high_risk_tollfraud_numbers_enabled": False},
    )
    told = await decide(ask, caller, *wishes)
    assert told == {"update_count": 2, "update_request": json.dumps(wishes)}
    assert await flags(ask, caller, "DE") == [False, True, True]
    assert await flags(ask, caller, "LV") == [True, True, False]
    assert await code(dialing, caller, GERMAN) == 21215
    await decide(ask, caller, {"iso_code": "DE", "low_risk_numbers_enabled": True})
    assert await code(dialing, caller, GERMAN) is None


@pytest.mark.parametrize(
    "sent",
    [
        "no JSON",
        '{"iso_code": "DE"}',
        '[{"low_risk_numbers_enabled": "true"}]',
        '[{"iso_code": "DE", "low_risk_numbers_enabled": "false"}, {"iso_code": "ZZ"}]',
        '[{"iso_code": "DE", "low_risk_numbers_enabled": "perhaps"}]',
    ],
)
async def test_all_of_an_update_or_nothing(ask: Asker, caller: Caller, sent: str) -> None:
    asked = ask("voice.v1.CreateDialingPermissionsCountryBulkUpdate", caller, {"UpdateRequest": sent})
    assert await refusal(asked) == (400, 20001)
    assert await flags(ask, caller, "DE") == [True, True, True]


async def test_filters_and_pages(ask: Asker, caller: Caller) -> None:
    await decide(ask, caller, {"iso_code": "DE", "low_risk_numbers_enabled": False})
    operation = "voice.v1.ListDialingPermissionsCountry"

    async def listed(page: PageRequest | None = None, **params: Any) -> list[str]:
        found = await ask.items(operation, caller, params, page=page or PageRequest(size=500))
        return [item["iso_code"] for item in found.items]

    assert await listed(LowRiskNumbersEnabled=False) == ["DE"]
    assert await listed(IsoCode="fr") == ["FR"]
    assert await listed(CountryCode="44") == ["GB", "GG", "IM", "JE"]
    assert "CL" in await listed(Continent="SOUTH_AMERICA")
    everything = await listed()
    first = await ask.items(operation, caller, page=PageRequest(size=3))
    assert (first.more, first.earlier, first.last_cursor) == (True, False, "AE")
    assert await listed(PageRequest(size=3, after="AE")) == everything[3:6]
    assert await listed(PageRequest(size=2, before="AE")) == everything[:2]


async def test_a_subaccount_calls_whom_its_main_account_may(
    ask: Asker, caller: Caller, new_account: NewAccount, dialing: Dialing
) -> None:
    child = await new_account(caller)
    settings = await ask.item("voice.v1.FetchDialingPermissionsSettings", child)
    assert settings == {"dialing_permissions_inheritance": True}
    await decide(ask, caller, {"iso_code": "DE", "low_risk_numbers_enabled": False})
    await decide(ask, child, {"iso_code": "FR", "low_risk_numbers_enabled": False})
    assert await code(dialing, child, GERMAN) == 21215
    assert await code(dialing, child, "+33142000000") is None

    assert await inherit(ask, child, False) == {"dialing_permissions_inheritance": False}
    assert await code(dialing, child, GERMAN) is None
    assert await code(dialing, child, "+33142000000") == 21215
    assert await code(dialing, caller, "+33142000000") is None
