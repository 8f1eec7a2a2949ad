"""IncomingPhoneNumbers: what can be bought, by whom, and how it then shows (facts §4.5, error dictionary)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asking import Asker, request_of

from localloop.core import clock, sids
from localloop.products import numbers
from localloop.products.numbers import Needs, bindings
from localloop.rest.request import Caller, Deleted, Item, PageRequest
from tests.api.numbers.conftest import NewAccount, buy, refusal

CREATE = "api.v2010.CreateIncomingPhoneNumber"
LIST = "api.v2010.ListIncomingPhoneNumber"
DELETE = "api.v2010.DeleteIncomingPhoneNumber"
NUMBER = "+14152345678"


async def listed(ask: Asker, caller: Caller, **params: object) -> list[str]:
    answer = await ask.items(LIST, caller, params)
    return [item["phone_number"] for item in answer.items]


async def test_a_number_that_was_bought_is_owned(ask: Asker, parent: Caller) -> None:
    bought = await buy(ask, parent, NUMBER, SmsUrl="https://example.com/sms")
    assert sids.is_sid(bought["sid"], "PN")
    assert bought["account_sid"] == parent.account_sid
    assert bought["capabilities"] == {"voice": True, "sms": True, "mms": True, "fax": False}
    assert (bought["friendly_name"], bought["sms_url"]) == ("(415) 234-5678", "https://example.com/sms")
    fetched = await ask.item("api.v2010.FetchIncomingPhoneNumber", parent, Sid=bought["sid"])
    assert fetched == bought


async def test_a_number_is_sold_once_in_a_world(
    ask: Asker, parent: Caller, child: Caller, stranger: Caller
) -> None:
    await buy(ask, parent, NUMBER)
    assert await refusal(buy(ask, parent, NUMBER)) == (400, 21422)
    assert await refusal(buy(ask, child, NUMBER)) == (400, 21422)
    assert (await buy(ask, stranger, NUMBER))["phone_number"] == NUMBER


async def test_of_many_buyers_one_gets_the_number(ask: Asker, parent: Caller) -> None:
    results = await asyncio.gather(*(buy(ask, parent, NUMBER) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, dict) for result in results) == 1
    assert {getattr(result, "code", None) for result in results if not isinstance(result, dict)} == {21422}


@pytest.mark.parametrize("number", ["nonsense", "+1415", "123456", "+14155551234567890"])
async def test_what_is_no_number(ask: Asker, parent: Caller, number: str) -> None:
    assert await refusal(buy(ask, parent, number)) == (400, 21421)


async def test_a_number_may_be_written_as_people_do(ask: Asker, parent: Caller) -> None:
    assert (await buy(ask, parent, "(415) 234-5678"))["phone_number"] == NUMBER


async def test_only_strict_refuses_what_is_just_possible(ask: Asker, needs: Needs, parent: Caller) -> None:
    documented = "+15558675310"
    assert (await buy(ask, parent, documented))["phone_number"] == documented
    strict = Asker(bindings(Needs(needs.database, needs.directory, needs.plain, needs.records, strict=True)))
    assert await refusal(buy(strict, parent, "+15558675311")) == (400, 21421)


async def test_something_must_be_named(ask: Asker, parent: Caller) -> None:
    assert await refusal(ask(CREATE, parent, {})) == (400, 20001)


async def test_by_area_code(ask: Asker, parent: Caller) -> None:
    first = await ask.item(CREATE, parent, {"AreaCode": "415"})
    second = await ask.item(CREATE, parent, {"AreaCode": "415"})
    assert first["phone_number"] != second["phone_number"]
    assert {item["phone_number"][:5] for item in (first, second)} == {"+1415"}
    assert all(item["capabilities"]["mms"] for item in (first, second))
    assert (await ask.item(CREATE, parent, {"AreaCode": "604"}))["phone_number"].startswith("+1604")


async def test_buyers_of_one_area_code_get_different_numbers(ask: Asker, parent: Caller) -> None:
    bought = await asyncio.gather(*(ask.item(CREATE, parent, {"AreaCode": "212"}) for _ in range(8)))
    assert len({item["phone_number"] for item in bought}) == 8


@pytest.mark.parametrize(
    ("area_code", "code"), [("555", 21452), ("533", 21452), ("41", 21451), ("abc", 21451)]
)
async def test_area_codes_without_numbers(ask: Asker, parent: Caller, area_code: str, code: int) -> None:
    assert await refusal(ask(CREATE, parent, {"AreaCode": area_code})) == (400, code)


@pytest.mark.parametrize(
    ("view", "number", "other"),
    [
        ("Local", NUMBER, "+18005903582"),
        ("TollFree", "+18005903582", NUMBER),
        ("Mobile", "+4791234567", NUMBER),
    ],
)
async def test_views_by_type(ask: Asker, parent: Caller, view: str, number: str, other: str) -> None:
    operation = f"api.v2010.CreateIncomingPhoneNumber{view}"
    assert await refusal(ask(operation, parent, {"PhoneNumber": other})) == (400, 21458)
    bought = await ask.item(operation, parent, {"PhoneNumber": number})
    await buy(ask, parent, other)
    answer = await ask.items(f"api.v2010.ListIncomingPhoneNumber{view}", parent)
    assert [item["sid"] for item in answer.items] == [bought["sid"]]
    assert len(await listed(ask, parent)) == 2


async def test_some_numbers_need_an_address(ask: Asker, parent: Caller) -> None:
    abroad, local = "+4915112345678", "+61412345678"
    assert await refusal(buy(ask, parent, abroad)) == (400, 21615)
    assert await refusal(buy(ask, parent, local)) == (400, 21631)
    address = {"CustomerName": "A", "Street": "1 B", "City": "C", "Region": "D", "PostalCode": "10115"}
    here = await ask.item("api.v2010.CreateAddress", parent, {**address, "IsoCountry": "FR"})
    there = await ask.item("api.v2010.CreateAddress", parent, {**address, "IsoCountry": "DE"})
    assert await refusal(buy(ask, parent, abroad, AddressSid=here["sid"])) == (400, 21615)
    assert (await buy(ask, parent, abroad, AddressSid=there["sid"]))["address_sid"] == there["sid"]
    assert (await buy(ask, parent, local, AddressSid=here["sid"]))["address_requirements"] == "any"


async def test_an_application_must_be_the_accounts_own(ask: Asker, parent: Caller, child: Caller) -> None:
    application = await ask.item("api.v2010.CreateApplication", child, {})
    for name in ("SmsApplicationSid", "VoiceApplicationSid"):
        assert await refusal(buy(ask, parent, NUMBER, **{name: application["sid"]})) == (400, 21420)
    bought = await buy(ask, child, NUMBER, SmsApplicationSid=application["sid"])
    assert bought["sms_application_sid"] == application["sid"]


async def test_a_trial_account_has_one_number(ask: Asker, new_account: NewAccount) -> None:
    trial = await new_account(type="Trial")
    results = await asyncio.gather(
        buy(ask, trial, NUMBER), buy(ask, trial, "+14152345679"), return_exceptions=True
    )
    assert sorted(str(getattr(result, "code", "bought")) for result in results) == ["21404", "bought"]


async def test_filters(ask: Asker, parent: Caller) -> None:
    await buy(ask, parent, NUMBER, FriendlyName="Desk")
    await buy(ask, parent, "+12125557676")
    assert await listed(ask, parent) == ["+12125557676", NUMBER]
    assert await listed(ask, parent, FriendlyName="Desk") == [NUMBER]
    for pattern in ("+14152345678", "234", "415***5678", " 1415", "BDG"):
        assert await listed(ask, parent, PhoneNumber=pattern) == [NUMBER]
    assert await listed(ask, parent, PhoneNumber="+415") == []
    assert await listed(ask, parent, Origin="hosted") == []
    assert len(await listed(ask, parent, Origin="twilio", Beta=False)) == 2


async def test_new_numbers_of_a_new_country_are_beta(ask: Asker, parent: Caller) -> None:
    address = {
        "CustomerName": "A",
        "Street": "1 B",
        "City": "C",
        "Region": "D",
        "PostalCode": "1",
        "IsoCountry": "VN",
    }
    made = await ask.item("api.v2010.CreateAddress", parent, address)
    assert (await buy(ask, parent, "+84912345678", AddressSid=made["sid"]))["beta"] is True
    assert await listed(ask, parent, Beta=False) == []
    assert await listed(ask, parent, Beta=True) == ["+84912345678"]


async def test_pages(ask: Asker, parent: Caller) -> None:
    bought = [(await buy(ask, parent, f"+1415234567{digit}"))["sid"] for digit in range(5)][::-1]
    first = await ask.items(LIST, parent, page=PageRequest(size=2))
    assert ([item["sid"] for item in first.items], first.more, first.earlier) == (bought[:2], True, False)
    last = await ask.items(LIST, parent, page=PageRequest(size=3, after=bought[1]))
    assert ([item["sid"] for item in last.items], last.more, last.earlier) == (bought[2:], False, True)
    back = await ask.items(LIST, parent, page=PageRequest(size=2, before=bought[2]))
    assert ([item["sid"] for item in back.items], back.more, back.earlier) == (bought[:2], True, False)


async def test_released_numbers_cool_down(ask: Asker, parent: Caller, child: Caller) -> None:
    clock.set_world(parent.world_sid, clock.frozen(clock.now()))
    bought = await buy(ask, parent, NUMBER)
    assert isinstance(await ask(DELETE, parent, Sid=bought["sid"]), Deleted)
    assert await listed(ask, parent) == []
    assert await refusal(ask(DELETE, parent, Sid=bought["sid"])) == (404, 20404)
    assert await refusal(buy(ask, child, NUMBER)) == (400, 21422)
    again = await buy(ask, parent, NUMBER)  # who released it may take it back
    await ask(DELETE, parent, Sid=again["sid"])
    later = clock.world_time(parent.world_sid).advanced(timedelta(days=11))
    clock.set_world(parent.world_sid, later)
    assert (await buy(ask, child, NUMBER))["account_sid"] == child.account_sid


async def test_nobody_releases_anothers_number(ask: Asker, parent: Caller, child: Caller) -> None:
    bought = await buy(ask, parent, NUMBER)
    assert await refusal(ask(DELETE, child, Sid=bought["sid"])) == (404, 20404)
    assert await listed(ask, parent) == [NUMBER]


async def with_test_credentials(caller: Caller, params: dict[str, str]) -> dict[str, Any]:
    tester = Caller(account_sid=caller.account_sid, world_sid=caller.world_sid, credential="test")
    answer = await numbers.test_answers()[CREATE](request_of(CREATE, tester, params))
    assert isinstance(answer, Item)
    return dict(answer.fields)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"PhoneNumber": "+15005550000"}, 21422),
        ({"PhoneNumber": "+15005550001"}, 21421),
        ({"PhoneNumber": "+14152345678"}, 21422),
        ({"AreaCode": "533"}, 21452),
        ({"AreaCode": "415"}, 21452),
        ({"PhoneNumber": "nonsense"}, 21421),
        ({}, 20001),
    ],
)
async def test_magic_refusals(parent: Caller, params: dict[str, str], code: int) -> None:
    assert await refusal(with_test_credentials(parent, params)) == (400, code)


@pytest.mark.parametrize("params", [{"PhoneNumber": "+15005550006"}, {"AreaCode": "500"}])
async def test_magic_purchases_keep_nothing(ask: Asker, parent: Caller, params: dict[str, str]) -> None:
    bought = await with_test_credentials(parent, {**params, "FriendlyName": "Echo"})
    assert (bought["phone_number"], bought["friendly_name"]) == ("+15005550006", "Echo")
    assert await listed(ask, parent) == []


async def test_magic_numbers_are_none_with_other_credentials(ask: Asker, parent: Caller) -> None:
    assert (await buy(ask, parent, "+15005550000"))["phone_number"] == "+15005550000"
