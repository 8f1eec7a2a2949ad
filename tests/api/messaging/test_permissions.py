"""Where accounts may write to and as whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localloop.carriers import phones
from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.products import numbers
from localloop.products.messaging import Rules, permissions
from localloop.rest.request import Caller
from tests.api.messaging.conftest import TO, NewAccount, Phone

GERMAN = "+4915123456789"
LANDLINE = "+493012345678"
INDIAN = "+919876543210"


@pytest.fixture
def world() -> dict[str, str]:
    """The profile of every world of a test; a test changes it."""
    return {"profile": "relaxed"}


@pytest.fixture
def rules(world: dict[str, str]) -> Rules:
    return Rules(rate=0, profile=lambda _: world["profile"])


async def code_of(server: Phone, caller: Caller, **params: Any) -> int | None:
    try:
        await server.send(caller, **params)
    except ApiError as error:
        return error.code
    return None


async def permit(server: Phone, caller: Caller, country: str, enabled: bool) -> dict[str, Any]:
    wish = {"country_code": country, "type": "country", "enabled": enabled}
    asked = {"Permissions": [json.dumps(wish)]}
    answered = await server.ask.item("accounts.v1.UpdateMessagingGeopermissions", caller, asked)
    [told] = answered["permissions"]
    return dict(told)


async def test_everywhere_at_first(server: Phone, caller: Caller) -> None:
    assert [await code_of(server, caller, To=to) for to in (TO, GERMAN, LANDLINE)] == [None] * 3


@pytest.mark.parametrize("closed", ["twilio", "us-a2p"])
async def test_only_home_under_the_profiles(
    server: Phone, caller: Caller, world: dict[str, str], closed: str
) -> None:
    world["profile"] = closed
    assert await code_of(server, caller) is None
    assert await code_of(server, caller, To=GERMAN) == 21408
    with pytest.raises(ApiError) as caught:
        await server.send(caller, To=GERMAN)
    assert caught.value.message == (
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: "
        + GERMAN
    )
    told = await permit(server, caller, "de", True)
    assert told == {
        "country_code": "DE",
        "type": "country",
        "enabled": True,
        "error_code": 0,
        "error_messages": [],
    }
    assert await code_of(server, caller, To=GERMAN) is None
    assert await code_of(server, caller, To=LANDLINE) == 21614


async def test_geographic_permissions(server: Phone, caller: Caller) -> None:
    everywhere = (await server.ask.item("accounts.v1.FetchMessagingGeopermissions", caller))["permissions"]
    assert len(everywhere) > 200
    assert all(each["enabled"] for each in everywhere)
    await permit(server, caller, "DE", False)
    unknown = await permit(server, caller, "ZZ", False)
    assert (unknown["error_code"], unknown["error_messages"]) == (20001, ["Invalid country code"])
    shown = await server.ask.item(
        "accounts.v1.FetchMessagingGeopermissions", caller, {"CountryCode": "IN,DE"}
    )
    assert shown["permissions"] == [
        {"country_code": "DE", "type": "country", "enabled": False, "prefix": "+49", "message": ""},
        {"country_code": "IN", "type": "country", "enabled": True, "prefix": "+91", "message": ""},
    ]
    assert await code_of(server, caller, To=GERMAN) == 21408
    with pytest.raises(ApiError) as caught:
        await server.ask.item(
            "accounts.v1.UpdateMessagingGeopermissions", caller, {"Permissions": ['{"country_code": 1}']}
        )
    assert caught.value.code == 20001


async def test_a_subaccount_has_its_main_accounts_permissions(
    server: Phone, caller: Caller, new_account: NewAccount
) -> None:
    below = await new_account()
    await server.database.execute(
        "update accounts set world_sid = $2, owner_account_sid = $2 where sid = $1",
        below.account_sid,
        caller.account_sid,
    )
    below = Caller(account_sid=below.account_sid, world_sid=caller.world_sid)
    await permit(server, caller, "DE", False)
    other = "+15017122699"
    assert await code_of(server, below, To=GERMAN, From=other) == 21408
    await permit(server, below, "DE", True)
    assert await code_of(server, below, To=GERMAN, From=other) is None
    assert await code_of(server, caller, To=GERMAN) == 21408


async def test_the_safe_list_goes_before_geography_and_fraud(working: Phone, caller: Caller) -> None:
    await permit(working, caller, "DE", False)
    asked = {"PhoneNumber": GERMAN[:-3]}
    made = await working.ask.item("accounts.v1.CreateSafelist", caller, asked)
    again = await working.ask.item("accounts.v1.CreateSafelist", caller, asked)
    found = await working.ask.item("accounts.v1.FetchSafelist", caller, {"PhoneNumber": " " + GERMAN[1:-3]})
    assert made == again == found == {"sid": made["sid"], "phone_number": GERMAN[:-3]}
    assert made["sid"].startswith("GN")
    async with working.database.unit() as unit:
        await permissions.block(unit, caller.account_sid, "+49", clock.now())
        working.messaging.permissions.permits.changed(unit)
    risky = phones.Setting(behavior="30450")
    await phones.set_phone(working.database, caller.world_sid, GERMAN, risky, clock.now())
    sent = await working.send(caller, To=GERMAN)
    await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"
    await working.ask("accounts.v1.DeleteSafelist", caller, asked)
    assert await code_of(working, caller, To=GERMAN) == 21408
    for operation in ("FetchSafelist", "DeleteSafelist"):
        with pytest.raises(ApiError) as caught:
            await working.ask(f"accounts.v1.{operation}", caller, asked)
        assert caught.value.code == 20404


async def test_a_blocked_prefix(working: Phone, caller: Caller) -> None:
    async with working.database.unit() as unit:
        await permissions.block(unit, caller.account_sid, "+4915", clock.now())
        working.messaging.permissions.permits.changed(unit)
    blocked = await working.send(caller, To=GERMAN)
    unchecked = await working.send(caller, To=GERMAN, RiskCheck="disable")
    elsewhere = await working.send(caller, To=LANDLINE)
    await working.idle()
    ended = [await working.fetch(caller, each["sid"]) for each in (blocked, unchecked, elsewhere)]
    assert [(each["status"], each["error_code"]) for each in ended] == [
        ("failed", 30450),
        ("delivered", None),
        ("delivered", None),
    ]


async def test_a_number_of_the_world_takes_texts_whatever_its_kind(
    server: Phone, caller: Caller, world: dict[str, str]
) -> None:
    world["profile"] = "twilio"
    await permit(server, caller, "DE", True)
    assert await code_of(server, caller, To=LANDLINE) == 21614
    await server.own(caller, LANDLINE)
    assert await code_of(server, caller, To=LANDLINE) is None


async def test_premium_numbers(server: Phone, caller: Caller) -> None:
    assert await code_of(server, caller, To="+19005551234") == 21268
    assert await code_of(server, caller, To="+449012345678") == 21268


async def test_a_short_code_writes_to_its_own_country(server: Phone, caller: Caller) -> None:
    await numbers.add_short_code(server.database, caller.world_sid, caller.account_sid, "12345")
    await numbers.add_short_code(server.database, caller.world_sid, caller.account_sid, "54321", "DE")
    assert await code_of(server, caller, From="12345") is None
    assert await code_of(server, caller, From="12345", To=GERMAN) == 21659
    assert await code_of(server, caller, From="54321", To=GERMAN) is None


async def test_names_as_countries_take_them(working: Phone, caller: Caller, world: dict[str, str]) -> None:
    assert await code_of(working, caller, From="Acme", To="+32470123456") == 21612
    assert await code_of(working, caller, From="Acme", To=TO) == 21612
    free = await working.send(caller, From="Acme", To=INDIAN)
    await working.idle()
    assert (await working.fetch(caller, free["sid"]))["status"] == "delivered"
    world["profile"] = "twilio"
    for country in ("IN", "DE"):
        await permit(working, caller, country, True)
    unregistered = await working.send(caller, From="Acme", To=INDIAN)
    shown = await working.send(caller, From="Acme", To=GERMAN)
    await working.idle()
    ended = [await working.fetch(caller, each["sid"]) for each in (unregistered, shown)]
    assert [(each["status"], each["error_code"]) for each in ended] == [
        ("failed", 30040),
        ("delivered", None),
    ]


async def test_a_trial(working: Phone, caller: Caller, world: dict[str, str]) -> None:
    world["profile"] = "trial"
    own = "+15017122662"
    await working.own(caller, own)
    assert await code_of(working, caller) == 21608
    assert await code_of(working, caller, From="Acme", To=GERMAN) == 21267
    sent = await working.send(caller, To=own)
    assert sent["body"] == "Sent from your Twilio trial account - hello"
    await working.database.execute(
        "insert into caller_ids (sid, account_sid, world_sid, phone_number, friendly_name, date_created,"
        " date_updated) values ('PN1', $1, $2, $3, 'mine', $4, $4)",
        caller.account_sid,
        caller.world_sid,
        TO,
        clock.now(),
    )
    assert await code_of(working, caller) is None
    with pytest.raises(ApiError) as caught:
        await working.send(caller, To="+15558675311")
    assert caught.value.message.startswith("The number +15558675311 is unverified. Trial accounts cannot")
