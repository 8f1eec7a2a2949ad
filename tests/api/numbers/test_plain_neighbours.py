"""Addresses, applications and short codes: rules over kept records (Twilio's references)."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Asker

from localloop.products.numbers import Directory, add_short_code, application, find_application
from localloop.products.numbers.needs import Needs
from localloop.rest.request import Caller, Deleted
from localloop.store import Database
from tests.api.numbers.conftest import buy, refusal

ADDRESS = {
    "CustomerName": "Ada",
    "Street": "101 Spear St",
    "City": "San Francisco",
    "Region": "california",
    "PostalCode": "94105",
    "IsoCountry": "US",
}
NUMBER = "+14152345678"


async def make_address(ask: Asker, caller: Caller, **params: Any) -> dict[str, Any]:
    return await ask.item("api.v2010.CreateAddress", caller, {**ADDRESS, **params})


async def test_an_address_is_put_right(ask: Asker, parent: Caller) -> None:
    made = await make_address(ask, parent, FriendlyName="Office", StreetSecondary="5th floor")
    assert (made["region"], made["postal_code"], made["street"]) == ("CA", "94105", "101 Spear St")
    assert (made["validated"], made["verified"], made["emergency_enabled"]) == (False, False, False)
    assert (made["friendly_name"], made["street_secondary"]) == ("Office", "5th floor")
    as_given = await make_address(ask, parent, AutoCorrectAddress=False)
    assert as_given["region"] == "california"


async def test_an_address_for_emergencies_must_be_right(ask: Asker, parent: Caller) -> None:
    made = await make_address(ask, parent, EmergencyEnabled=True)
    assert (made["validated"], made["emergency_enabled"], made["region"]) == (True, True, "CA")
    assert await refusal(make_address(ask, parent, EmergencyEnabled=True, PostalCode="9410")) == (400, 21628)
    assert await refusal(make_address(ask, parent, EmergencyEnabled=True, AutoCorrectAddress=False)) == (
        400,
        21629,
    )
    assert await refusal(make_address(ask, parent, IsoCountry="XX")) == (400, 21628)


async def test_an_address_is_updated(ask: Asker, parent: Caller) -> None:
    sid = (await make_address(ask, parent))["sid"]
    update = "api.v2010.UpdateAddress"
    updated = await ask.item(update, parent, {"Region": "nevada", "PostalCode": "895011234"}, Sid=sid)
    assert (updated["region"], updated["postal_code"], updated["city"]) == (
        "NV",
        "89501-1234",
        "San Francisco",
    )
    assert await refusal(ask(update, parent, {"EmergencyEnabled": True, "Region": "ON"}, Sid=sid)) == (
        400,
        21628,
    )


async def test_an_address_that_a_number_needs_stays(ask: Asker, parent: Caller) -> None:
    dependent, delete = "api.v2010.ListDependentPhoneNumber", "api.v2010.DeleteAddress"
    sid = (await make_address(ask, parent))["sid"]
    assert (await ask.items(dependent, parent, AddressSid=sid)).items == []
    bought = await buy(ask, parent, NUMBER, EmergencyAddressSid=sid)
    await buy(ask, parent, "+14152345679")
    (number,) = (await ask.items(dependent, parent, AddressSid=sid)).items
    assert (number["sid"], number["capabilities"]) == (
        bought["sid"],
        {"Voice": True, "SMS": True, "MMS": True},
    )
    assert await refusal(ask(delete, parent, Sid=sid)) == (400, 21630)
    await ask("api.v2010.DeleteIncomingPhoneNumber", parent, Sid=bought["sid"])
    assert isinstance(await ask(delete, parent, Sid=sid), Deleted)
    assert await refusal(ask("api.v2010.FetchAddress", parent, Sid=sid)) == (404, 20404)
    assert await refusal(ask.items(dependent, parent, AddressSid=sid)) == (404, 20404)


async def test_an_application(ask: Asker, needs: Needs, parent: Caller) -> None:
    create = "api.v2010.CreateApplication"
    bare = await ask.item(create, parent, {})
    assert bare["friendly_name"].startswith("Application Created at ")
    assert {bare[field] for field in application.METHODS.values()} == {"POST"}
    assert (bare["sms_url"], bare["voice_caller_id_lookup"]) == (None, False)
    made = await ask.item(
        create,
        parent,
        {
            "FriendlyName": "Bot",
            "SmsUrl": "https://example.com",
            "MessageStatusCallback": "https://example.org",
        },
    )
    found = await find_application(needs.records, parent.account_sid, made["sid"])
    assert found is not None
    assert (found.friendly_name, found.sms.url, found.sms.status_callback) == (
        "Bot",
        "https://example.com",
        "https://example.org",
    )
    listed = await ask.items("api.v2010.ListApplication", parent, {"FriendlyName": "Bot"})
    assert [item["sid"] for item in listed.items] == [made["sid"]]


@pytest.mark.parametrize(
    ("params", "code"), [({"SmsUrl": "nonsense"}, 21402), ({"VoiceMethod": "PUT"}, 21403)]
)
async def test_applications_that_are_refused(
    ask: Asker, parent: Caller, params: dict[str, str], code: int
) -> None:
    assert await refusal(ask("api.v2010.CreateApplication", parent, params)) == (400, code)
    sid = (await ask.item("api.v2010.CreateApplication", parent, {}))["sid"]
    assert await refusal(ask("api.v2010.UpdateApplication", parent, params, Sid=sid)) == (400, code)


async def test_an_application_is_changed_and_cleared(ask: Asker, parent: Caller) -> None:
    sid = (await ask.item("api.v2010.CreateApplication", parent, {"SmsUrl": "https://example.com"}))["sid"]
    changed = await ask.item(
        "api.v2010.UpdateApplication", parent, {"SmsUrl": "", "SmsMethod": "get"}, Sid=sid
    )
    assert (changed["sms_url"], changed["sms_method"]) == ("", "GET")


async def test_an_account_has_a_limit_of_applications(
    ask: Asker, parent: Caller, child: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "LIMIT", 1)
    await ask.item("api.v2010.CreateApplication", parent, {})
    assert await refusal(ask("api.v2010.CreateApplication", parent, {})) == (400, 21301)
    assert await ask.item("api.v2010.CreateApplication", child, {})


async def test_a_short_code(
    ask: Asker, database: Database, directory: Directory, parent: Caller, child: Caller
) -> None:
    owned = await add_short_code(database, parent.world_sid, parent.account_sid, "99990")
    assert owned is not None
    assert await add_short_code(database, parent.world_sid, child.account_sid, "99990") is None
    found = await directory.find(parent.world_sid, "99990")
    assert found is not None
    assert (found.type, found.sms_enabled, found.voice_enabled) == ("ShortCode", True, False)
    listed = await ask.items("api.v2010.ListShortCode", parent, {"ShortCode": "999*0"})
    assert [(item["sid"], item["short_code"]) for item in listed.items] == [(owned.sid, "99990")]
    assert (await ask.items("api.v2010.ListShortCode", parent, {"FriendlyName": "other"})).items == []
    assert (await ask.items("api.v2010.ListShortCode", child)).items == []
    assert (await ask.items("api.v2010.ListIncomingPhoneNumber", parent)).items == []
    updated = await ask.item(
        "api.v2010.UpdateShortCode",
        parent,
        {"SmsUrl": "https://example.com", "FriendlyName": "Vote"},
        Sid=owned.sid,
    )
    assert (updated["sms_url"], updated["friendly_name"]) == ("https://example.com", "Vote")
    assert await ask.item("api.v2010.FetchShortCode", parent, Sid=owned.sid) == updated
    found = await directory.find(parent.world_sid, "99990")
    assert found is not None
    assert found.sms.url == "https://example.com"
    for params, code in (({"SmsUrl": "x"}, 21402), ({"SmsMethod": "x"}, 21403)):
        assert await refusal(ask("api.v2010.UpdateShortCode", parent, params, Sid=owned.sid)) == (400, code)


async def test_a_short_code_has_three_to_six_digits(database: Database, parent: Caller) -> None:
    for text in ("12", "1234567", "abc"):
        assert await refusal(add_short_code(database, parent.world_sid, parent.account_sid, text)) == (
            400,
            21401,
        )
