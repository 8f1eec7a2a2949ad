"""What a call asked of its application and what went wrong, as its events and notifications show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asking import Asker

from localloop.core import clock, sids
from localloop.products.voice import trace
from localloop.rest.request import Caller, PageRequest
from localloop.store import Database
from localloop.webhooks import Alert, Preferences
from localloop.webhooks.alerts import Raised, keep
from tests.api.voice.conftest import NewAccount, Noted, refusal


@pytest.fixture
def ask(database: Database, calls: Noted) -> Asker:
    return Asker(trace.bindings(database, calls))


@pytest.fixture
def call_sid(calls: Noted) -> str:
    sid = sids.new("CA")
    calls.known[sid] = "completed"
    return sid


async def exchanged(database: Database, caller: Caller, call_sid: str, **changes: Any) -> None:
    made = {
        "method": "POST",
        "url": "https://example.com/voice",
        "body": "CallSid=CA1&Digits=12",
        "answer": {"status": 200, "headers": [["Content-Type", "text/xml"]], "body": "<Response/>"},
    } | changes
    request = {"method": made["method"], "url": made["url"], "headers": [], "body": made["body"]}
    await database.execute(
        "insert into deliveries (account_sid, id, kind, resource_sid, url, method, attempt, duration_ms, detail,"
        " date_created) values ($1, $2, 'instruction', $3, $4, $5, 1, 12, $6, $7)",
        caller.account_sid,
        sids.new_id(),
        call_sid,
        made["url"],
        made["method"],
        {"request": request, "response": made["answer"]},
        clock.now(caller.world_sid),
    )


async def test_requests_and_answers_in_their_order(
    database: Database, caller: Caller, ask: Asker, call_sid: str
) -> None:
    await exchanged(database, caller, call_sid)
    await exchanged(
        database, caller, call_sid, method="GET", url="https://example.com/next?CallSid=CA1", body=""
    )
    await exchanged(database, caller, call_sid, url="https://example.com/gone", answer=None)
    await exchanged(database, caller, sids.new("CA"))
    found = await ask.items("api.v2010.ListCallEvent", caller, CallSid=call_sid)
    first, second, third = found.items
    assert first["request"] == {
        "method": "POST",
        "url": "https://example.com/voice",
        "parameters": {"CallSid": "CA1", "Digits": "12"},
    }
    assert first["response"] == {
        "response_code": 200,
        "response_body": "<Response/>",
        "content_type": "text/xml",
        "request_duration": 12,
    }
    assert second["request"]["parameters"] == {"CallSid": "CA1"}
    assert third["response"] == {}
    page = await ask.items("api.v2010.ListCallEvent", caller, page=PageRequest(size=2), CallSid=call_sid)
    assert (len(page.items), page.more) == (2, True)
    rest = await ask.items(
        "api.v2010.ListCallEvent",
        caller,
        page=PageRequest(size=2, after=page.last_cursor),
        CallSid=call_sid,
    )
    assert [each["request"]["url"] for each in rest.items] == ["https://example.com/gone"]
    unknown = ask("api.v2010.ListCallEvent", caller, CallSid=sids.new("CA"))
    assert await refusal(unknown) == (404, 20404)


async def alerted(database: Database, caller: Caller, resource_sid: str, code: int) -> str:
    alert = Alert(
        account_sid=caller.account_sid,
        world_sid=caller.world_sid,
        error_code=code,
        at=clock.now(caller.world_sid),
        reason="as it is",
        resource_sid=resource_sid,
        exchange={"request": {"parameters": {"A": "b"}}, "response": {"body": "no"}},
    )
    async with database.unit() as unit:
        await keep(unit, [Raised(alert, Preferences())])
    return alert.sid


async def test_notifications_of_calls(
    database: Database, caller: Caller, ask: Asker, call_sid: str, new_account: NewAccount
) -> None:
    error = await alerted(database, caller, call_sid, 11200)
    warning = await alerted(database, caller, call_sid, 13214)
    await alerted(database, caller, sids.new("SM"), 11200)  # of no call

    async def listed(**params: Any) -> list[str]:
        found = await ask.items("api.v2010.ListNotification", caller, params)
        return [each["sid"] for each in found.items]

    assert await listed() == [warning, error]
    assert await listed(Log=0) == [error]
    assert await listed(Log=1) == [warning]
    assert await listed(**{"MessageDate<": clock.now().date() - timedelta(days=1)}) == []
    of_call = await ask.items("api.v2010.ListCallNotification", caller, CallSid=call_sid)
    assert [each["error_code"] for each in of_call.items] == ["13214", "11200"]
    shown = await ask.item("api.v2010.FetchNotification", caller, Sid=error)
    assert (shown["call_sid"], shown["log"], shown["request_variables"]) == (call_sid, "0", "A=b")
    assert shown["response_body"] == "no"
    assert shown["more_info"] == "https://www.twilio.com/docs/errors/11200"
    stranger = await new_account()
    assert await refusal(ask("api.v2010.FetchNotification", stranger, Sid=error)) == (404, 20404)
