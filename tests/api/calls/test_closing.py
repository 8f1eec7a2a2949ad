"""The end of an account, or its suspension, is that of its calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import validators

from localloop.products.voice.call import queries
from tests.api.calls.conftest import TO, Loop


@pytest.fixture
def settings() -> Mapping[str, Any]:
    """An account begins a call each second."""
    return {"message_rate": 0, "call_rate": 1.0}


async def _calls_of_a_subaccount(loop: Loop) -> tuple[str, list[dict[str, Any]]]:
    """One that talks, two that ring, and one that waits for its turn."""
    made = await loop.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})
    sub = made.json()["sid"]
    validators.expect(sub, made.json()["auth_token"])
    loop.app.documents["/voice"] = "<Response><Gather timeout='600'><Say>Well?</Say></Gather></Response>"
    path = f"/2010-04-01/Accounts/{sub}/Calls.json"
    wish = {
        "From": "+15017122662",
        "Url": f"{loop.app.url}/voice",
        "StatusCallback": f"{loop.app.url}/status",
    }
    await loop.persona("+15005550111", takes="never")

    async def made_to(*numbers: str) -> list[dict[str, Any]]:
        return [(await loop.ask("POST", path, {"To": to, **wish})).json() for to in numbers]

    early = await made_to("+15005550110", "+15005550111")
    await loop.advance(timedelta(seconds=5))
    return sub, early + await made_to("+15005550112", "+15005550113")


@pytest.mark.parametrize("status", ["closed", "suspended"])
async def test_an_accounts_calls_end_with_it(loop: Loop, status: str) -> None:
    sub, calls = await _calls_of_a_subaccount(loop)
    own = (await loop.call())["sid"]
    await loop.quiet()
    changed = await loop.ask("POST", f"/2010-04-01/Accounts/{sub}.json", {"Status": status})
    assert changed.status == 200, changed.body
    await loop.quiet()
    rows = await loop.database.fetch("select id, status from calls where account_sid = $1", sub)
    by_id = {str(row["id"]).replace("-", ""): row["status"] for row in rows}
    assert [by_id[call["sid"][2:]] for call in calls] == ["completed", "canceled", "canceled", "canceled"]
    assert sorted(each["CallStatus"] for each in loop.app.told("/status")) == [
        "canceled",
        "canceled",
        "completed",
    ]
    assert (await loop.fetch(own))["status"] == "ringing"
    assert await loop.database.fetchval("select count(*) from live_calls where account_sid = $1", sub) == 0


async def _takes_calls(loop: Loop, account_sid: str) -> str:
    """A number of the account, with an application."""
    number = "+15005550006"
    wish = {
        "PhoneNumber": number,
        "VoiceUrl": f"{loop.app.url}/voice",
        "StatusCallback": f"{loop.app.url}/status",
    }
    bought = await loop.ask("POST", f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers.json", wish)
    assert bought.status == 201, bought.body
    return number


@pytest.mark.parametrize("status", ["closed", "suspended"])
async def test_an_account_that_is_not_active_takes_no_calls(loop: Loop, status: str) -> None:
    made = (await loop.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})).json()
    validators.expect(made["sid"], made["auth_token"])
    number = await _takes_calls(loop, made["sid"])
    await loop.database.execute("update accounts set status = $2 where sid = $1", made["sid"], status)
    dialled = await loop.ask("POST", f"/lab/v1/Phones/{TO}/Calls", {"To": number})
    assert dialled.status == 201, dialled.body
    await loop.quiet()
    statuses = "select status from calls where account_sid = $1"
    assert await loop.database.fetchval(statuses, made["sid"]) == "failed"
    assert loop.app.asked == []
    # Twilio: 10003, "Incoming call rejected due to inactive account".
    alerts = await loop.database.fetch("select account_sid, error_code from alerts")
    assert [(row["account_sid"], row["error_code"]) for row in alerts] == [(made["sid"], 10003)]


async def test_a_call_of_the_house_to_a_suspended_account_is_not_taken(loop: Loop) -> None:
    made = (await loop.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})).json()
    validators.expect(made["sid"], made["auth_token"])
    number = await _takes_calls(loop, made["sid"])
    await loop.database.execute("update accounts set status = 'suspended' where sid = $1", made["sid"])
    ended = await loop.ended((await loop.call(To=number))["sid"])
    assert ended["status"] == "no-answer"
    assert "/voice" not in loop.app.paths()


async def test_an_account_is_as_active_as_its_owner(loop: Loop) -> None:
    sub = (await loop.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})).json()["sid"]
    both = (sub, loop.ask.account_sid)
    assert await queries.are_active(loop.database, both) == [True, True]
    await loop.database.execute("update accounts set status = 'suspended' where sid = $1", both[1])
    assert await queries.are_active(loop.database, both) == [False, False]
