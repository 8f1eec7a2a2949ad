"""Updates of owned numbers, and their way to another account (Twilio: "Exchanging Numbers Between Subaccounts")."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asking import Asker

from localloop.products.numbers import Directory, sms_webhook, voice_webhook
from localloop.products.numbers.needs import Needs
from localloop.rest.request import Caller
from localloop.store import Database
from tests.api.numbers.conftest import NewAccount, buy, refusal

UPDATE = "api.v2010.UpdateIncomingPhoneNumber"
FETCH = "api.v2010.FetchIncomingPhoneNumber"
NUMBER = "+14152345678"


def acting(parent: Caller, on: Caller) -> Caller:
    return Caller(account_sid=on.account_sid, world_sid=on.world_sid, authenticated_sid=parent.account_sid)


async def test_an_update_changes_what_was_sent(ask: Asker, parent: Caller) -> None:
    bought = await buy(ask, parent, NUMBER, SmsUrl="https://example.com/sms", FriendlyName="Desk")
    updated = await ask.item(
        UPDATE, parent, {"SmsUrl": "", "VoiceUrl": "https://example.com/v"}, Sid=bought["sid"]
    )
    assert (updated["sms_url"], updated["voice_url"], updated["friendly_name"]) == (
        "",
        "https://example.com/v",
        "Desk",
    )
    assert await ask.item(FETCH, parent, Sid=bought["sid"]) == updated
    assert updated["date_updated"] > bought["date_updated"]


async def test_writers_at_once_lose_nothing(ask: Asker, parent: Caller) -> None:
    sid = (await buy(ask, parent, NUMBER))["sid"]
    urls = {
        "SmsUrl": "https://a.example",
        "VoiceUrl": "https://b.example",
        "StatusCallback": "https://c.example",
    }
    await asyncio.gather(*(ask.item(UPDATE, parent, {name: url}, Sid=sid) for name, url in urls.items()))
    number = await ask.item(FETCH, parent, Sid=sid)
    assert [number["sms_url"], number["voice_url"], number["status_callback"]] == list(urls.values())


async def test_a_refused_update_changes_nothing(ask: Asker, parent: Caller) -> None:
    bought = await buy(ask, parent, NUMBER)
    asked = ask(UPDATE, parent, {"FriendlyName": "New", "SmsUrl": "nonsense"}, Sid=bought["sid"])
    assert await refusal(asked) == (400, 21402)
    assert await ask.item(FETCH, parent, Sid=bought["sid"]) == bought


async def test_what_is_not_there(ask: Asker, parent: Caller, child: Caller) -> None:
    sid = (await buy(ask, parent, NUMBER))["sid"]
    assert await refusal(ask(UPDATE, child, {"FriendlyName": "Mine"}, Sid=sid)) == (404, 20404)
    assert await refusal(ask(FETCH, child, Sid=sid)) == (404, 20404)


async def test_a_number_moves_between_accounts_of_a_world(
    ask: Asker, parent: Caller, child: Caller, directory: Directory
) -> None:
    application = await ask.item("api.v2010.CreateApplication", parent, {})
    bought = await buy(
        ask, parent, NUMBER, SmsUrl="https://example.com", SmsApplicationSid=application["sid"]
    )
    moved = await ask.item(UPDATE, parent, {"AccountSid": child.account_sid}, Sid=bought["sid"])
    assert (moved["account_sid"], moved["sid"]) == (child.account_sid, bought["sid"])
    assert (moved["sms_url"], moved["sms_application_sid"]) == ("https://example.com", "")
    owned = await directory.find(parent.world_sid, NUMBER)
    assert owned is not None
    assert owned.account_sid == child.account_sid
    back = await ask.item(
        UPDATE, acting(parent, child), {"AccountSid": parent.account_sid}, Sid=bought["sid"]
    )
    assert back["account_sid"] == parent.account_sid


async def test_transfers_that_are_refused(
    ask: Asker,
    database: Database,
    new_account: NewAccount,
    parent: Caller,
    child: Caller,
    stranger: Caller,
) -> None:
    sid = (await buy(ask, child, NUMBER))["sid"]
    sibling = await new_account(parent)

    async def code(caller: Caller, to: str) -> int:
        return (await refusal(ask(UPDATE, caller, {"AccountSid": to}, Sid=sid)))[1]

    by_parent = acting(parent, child)
    assert await code(by_parent, "nonsense") == 21470
    assert await code(by_parent, "AC" + "0" * 32) == 21471
    assert await code(by_parent, stranger.account_sid) == 21473
    assert await code(child, sibling.account_sid) == 21474
    await database.execute("update accounts set status = 'suspended' where sid = $1", sibling.account_sid)
    assert await code(by_parent, sibling.account_sid) == 21472


@pytest.mark.parametrize(
    ("setting", "reader"), [("Sms", sms_webhook), ("Voice", voice_webhook)], ids=["sms", "voice"]
)
async def test_an_application_stands_in_place_of_the_urls(
    ask: Asker, needs: Needs, parent: Caller, setting: str, reader: Any
) -> None:
    application = await ask.item(
        "api.v2010.CreateApplication",
        parent,
        {f"{setting}Url": "https://application.example", f"{setting}Method": "GET"},
    )
    bought = await buy(ask, parent, NUMBER, **{f"{setting}Url": "https://number.example"})

    async def answers() -> Any:
        owned = await needs.directory.find(parent.world_sid, NUMBER)
        assert owned is not None
        return await reader(needs.records, owned)

    assert ((await answers()).url, (await answers()).method) == ("https://number.example", "POST")
    await ask(UPDATE, parent, {f"{setting}ApplicationSid": application["sid"]}, Sid=bought["sid"])
    assert ((await answers()).url, (await answers()).method) == ("https://application.example", "GET")
    await ask("api.v2010.DeleteApplication", parent, Sid=application["sid"])
    assert await answers() is None
    await ask(UPDATE, parent, {f"{setting}ApplicationSid": ""}, Sid=bought["sid"])
    assert (await answers()).url == "https://number.example"
