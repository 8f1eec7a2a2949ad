"""Usage triggers: what is told once so many calls were made, minutes spoken or dollars spent."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.api.calls.conftest import Loop

MINUTES = timedelta(minutes=10)
DAY = timedelta(days=1)


async def trigger(loop: Loop, **params: str) -> dict[str, str]:
    asked = {"CallbackUrl": f"{loop.app.url}/fired", "UsageCategory": "calls", **params}
    reply = await loop.ask("POST", path(loop), asked)
    assert reply.status == 201, reply.body
    return dict(reply.json())


def path(loop: Loop, sid: str = "") -> str:
    account = f"/2010-04-01/Accounts/{loop.ask.account_sid}"
    return f"{account}/Usage/Triggers/{sid}.json" if sid else f"{account}/Usage/Triggers.json"


async def speak(loop: Loop, seconds: int = 70) -> None:
    """A call that lasts so long."""
    loop.app.documents["/voice"] = f"<Response><Pause length='{seconds}'/></Response>"
    made = await loop.call()
    await loop.go_on(MINUTES)
    await loop.ended(made["sid"])


async def test_it_fires_once_when_enough_was_spoken(loop: Loop) -> None:
    """By the minute begun; then it stays, fired, and says so."""
    made = await trigger(loop, TriggerValue="2")
    assert (made["friendly_name"], made["trigger_by"], made["trigger_value"], made["date_fired"]) == (
        "Trigger for calls at usage of 2",
        "usage",
        "2.000000",
        None,
    )
    record = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Usage/Records.json?Category=calls"
    assert made["usage_record_uri"] == record
    await speak(loop, 50)
    assert loop.app.told("/fired") == []
    assert (await loop.ask("GET", path(loop, made["sid"]))).json()["current_value"] == "1"
    await speak(loop)
    await speak(loop)
    [told] = loop.app.told("/fired")
    fired = (await loop.ask("GET", path(loop, made["sid"]))).json()
    assert parsedate_to_datetime(told["DateFired"]) == parsedate_to_datetime(fired["date_fired"])
    token = told.pop("IdempotencyToken")
    assert token.startswith(f"{loop.ask.account_sid}-FIRES-{made['sid']}-20")
    assert {name: value for name, value in told.items() if name != "DateFired"} == {
        "AccountSid": loop.ask.account_sid,
        "UsageTriggerSid": made["sid"],
        "Recurring": "",
        "UsageCategory": "calls",
        "TriggerBy": "usage",
        "TriggerValue": "2.000000",
        "CurrentValue": "3",
        "UsageRecordUri": record,
    }
    assert fired["current_value"] == "5"
    await loop.until("not exists (select from jobs where kind = 'usage.triggers')")


async def test_every_day_anew(loop: Loop) -> None:
    """A recurring one fires at most once in its span."""
    made = await trigger(loop, TriggerValue="1", TriggerBy="count", Recurring="daily", CallbackMethod="GET")
    assert made["usage_record_uri"].endswith("/Usage/Records/Daily.json?Category=calls")
    await speak(loop)
    await speak(loop)
    assert [each["CurrentValue"] for each in loop.app.told("/fired")] == ["1"]
    await loop.advance(DAY)
    assert len(loop.app.told("/fired")) == 1
    await speak(loop)
    await loop.go_on(MINUTES)  # after an idle day it is looked each quarter of an hour
    assert [each["CurrentValue"] for each in loop.app.told("/fired")] == ["1", "1"]
    methods = {each.method for each in loop.app.server.requests if "/fired" in each.path}
    assert methods == {"GET"}


async def test_so_much_more_than_now(loop: Loop) -> None:
    """`+`, by price, of a category below."""
    await speak(loop)
    made = await trigger(loop, TriggerValue="+0.02", TriggerBy="price", UsageCategory="calls-outbound")
    assert (made["trigger_value"], made["current_value"]) == ("0.048000", "0.028")
    await speak(loop)
    assert [each["CurrentValue"] for each in loop.app.told("/fired")] == ["0.056"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"TriggerValue": "0"},
        {"TriggerValue": "-1"},
        {"TriggerValue": "much"},
        {"TriggerValue": "1", "UsageCategory": "Calls!"},
        {"TriggerValue": "1", "Recurring": "weekly"},
        {"TriggerValue": "1", "TriggerBy": "weight"},
    ],
    ids=str,
)
async def test_what_is_no_trigger(loop: Loop, wrong: dict[str, str]) -> None:
    asked = {"CallbackUrl": f"{loop.app.url}/fired", "UsageCategory": "calls", **wrong}
    assert (await loop.ask("POST", path(loop), asked)).status == 400
