"""AvailablePhoneNumbers: what this world can buy, in Twilio's shape (the 404: twilio-node issue 159)."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Asker

from localloop.rest.request import Caller, PageRequest
from tests.api.numbers.conftest import buy, refusal

COUNTRIES = "api.v2010.ListAvailablePhoneNumberCountry"
COUNTRY = "api.v2010.FetchAvailablePhoneNumberCountry"
LOCAL = "api.v2010.ListAvailablePhoneNumberLocal"


async def found(
    ask: Asker, caller: Caller, country: str = "US", type_: str = "Local", size: int = 30, **params: Any
) -> list[dict[str, Any]]:
    operation = f"api.v2010.ListAvailablePhoneNumber{type_}"
    params["PageSize"] = str(size)
    answer = await ask.items(operation, caller, params, page=PageRequest(size=size), CountryCode=country)
    assert not answer.more
    return [dict(item) for item in answer.items]


async def test_countries(ask: Asker, parent: Caller) -> None:
    listed = {item["country_code"]: item for item in (await ask.items(COUNTRIES, parent)).items}
    assert len(listed) > 70
    assert listed["US"]["country"] == "United States"
    assert list(listed["US"]["subresource_uris"]) == ["local", "toll_free"]
    assert (listed["VN"]["beta"], listed["US"]["beta"]) == (True, False)
    assert await ask.item(COUNTRY, parent, CountryCode="gb") == listed["GB"]
    assert await refusal(ask(COUNTRY, parent, CountryCode="XX")) == (404, 20404)


async def test_a_number_as_twilio_shows_it(ask: Asker, parent: Caller) -> None:
    (number,) = await found(ask, parent, size=1, InLocality="Hilo")
    assert number["phone_number"].startswith("+1808")
    digits = number["phone_number"][2:]
    assert number == {
        "friendly_name": f"({digits[:3]}) {digits[3:6]}-{digits[6:]}",
        "phone_number": number["phone_number"],
        "lata": "834",
        "locality": "Hilo",
        "rate_center": "HILO",
        "latitude": "19.720000",
        "longitude": "-155.090000",
        "region": "HI",
        "postal_code": "96720",
        "iso_country": "US",
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"voice": True, "SMS": True, "MMS": True, "fax": False},
    }


async def test_a_number_without_a_place(ask: Asker, parent: Caller) -> None:
    (number,) = await found(ask, parent, "NO", "Mobile", size=1)
    assert (number["friendly_name"], number["locality"]) == (number["phone_number"], None)
    assert number["capabilities"] == {"voice": True, "SMS": True, "MMS": False, "fax": False}


@pytest.mark.parametrize(
    ("country", "type_"),
    [
        ("US", "TollFree"),
        ("GB", "Mobile"),
        ("GB", "Voip"),
        ("GB", "National"),
        ("DE", "SharedCost"),
        ("NL", "MachineToMachine"),
    ],
)
async def test_every_type_is_listed(ask: Asker, parent: Caller, country: str, type_: str) -> None:
    assert len(await found(ask, parent, country, type_, size=5)) == 5


async def test_a_type_that_a_country_does_not_have(ask: Asker, parent: Caller) -> None:
    asked = ask("api.v2010.ListAvailablePhoneNumberMobile", parent, page=PageRequest(), CountryCode="US")
    assert await refusal(asked) == (404, 20404)
    assert await refusal(ask(LOCAL, parent, page=PageRequest(), CountryCode="XX")) == (404, 20404)


async def test_numbers_that_are_taken_are_not_listed(ask: Asker, parent: Caller, stranger: Caller) -> None:
    before = [item["phone_number"] for item in await found(ask, parent, AreaCode="415", size=3)]
    bought = await buy(ask, parent, before[0])
    released = await buy(ask, parent, before[1])
    await ask("api.v2010.DeleteIncomingPhoneNumber", parent, Sid=released["sid"])
    after = [item["phone_number"] for item in await found(ask, parent, AreaCode="415", size=3)]
    assert after[0] == before[2]
    assert not {bought["phone_number"], released["phone_number"]} & set(after)
    elsewhere = [item["phone_number"] for item in await found(ask, stranger, AreaCode="415", size=3)]
    assert elsewhere == before


async def test_filters_are_applied(ask: Asker, parent: Caller) -> None:
    for item in await found(ask, parent, Contains="510***77%", InRegion="CA", SmsEnabled=True):
        assert item["phone_number"][2:5] == "510"
        assert item["region"] == "CA"
    assert await found(ask, parent, Contains="5105551234") == []
    assert await found(ask, parent, "DE", ExcludeAllAddressRequired=True) == []
    only = await found(ask, parent, SmsEnabled=False, size=2)
    assert [item["capabilities"]["SMS"] for item in only] == [False, False]
    assert await refusal(ask(LOCAL, parent, {"Contains": "1"}, page=PageRequest(), CountryCode="US")) == (
        400,
        20001,
    )


async def test_what_is_listed_can_be_bought(ask: Asker, parent: Caller) -> None:
    for item in await found(ask, parent, size=5, NearNumber="+15102345678"):
        bought = await buy(ask, parent, item["phone_number"])
        assert bought["friendly_name"] == item["friendly_name"]
        assert bought["capabilities"]["mms"] == item["capabilities"]["MMS"]


async def test_thirty_are_listed_unless_told_otherwise(ask: Asker, parent: Caller) -> None:
    answer = await ask.items(LOCAL, parent, page=PageRequest(size=50), CountryCode="US")
    assert len(answer.items) == 30
    assert len(await found(ask, parent, size=1000)) == 1000
