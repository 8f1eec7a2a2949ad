"""Alerts: one for each condition met, as Monitor lists them, and told to the debugger's address."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from http_server import Server, answer, running
from serving import Client
from twilio.request_validator import RequestValidator

from localloop.core import clock
from tests.api.webhooks.conftest import Loop

OK = answer("204 No Content", length=False)
OOPS = answer("500 Oops", b"trace", "Content-Type: text/plain", "X-App: 1")
FROM, TO = "+15017122661", "+15558675310"


async def alerts(ask: Client, **params: str) -> list[dict[str, Any]]:
    reply = await ask("GET", f"/monitor/v1/Alerts?{urlencode(params)}")
    assert reply.status == 200, reply.body
    listed: list[dict[str, Any]] = reply.json()["alerts"]
    return listed


async def send(ask: Client, **params: str) -> dict[str, Any]:
    form = {"To": TO, "From": FROM, "Body": "hello", **params}
    reply = await ask("POST", f"/2010-04-01/Accounts/{ask.account_sid}/Messages.json", form)
    assert reply.status == 201, reply.body
    message: dict[str, Any] = reply.json()
    return message


async def come(loop: Loop, count: int) -> list[dict[str, Any]]:
    await loop.until("count(*) >= $1 from alerts", count)
    await loop.quiet()
    return await alerts(loop.ask)


async def test_a_callback_that_failed(loop: Loop) -> None:
    """11200, with what was sent and answered; the list leaves that out."""
    async with running(Server(OOPS)) as server:
        message = await send(loop.ask, StatusCallback=f"{server.url}/status")
        listed = await come(loop, 2)
    assert {each["error_code"] for each in listed} == {"11200"}
    alert = listed[-1]
    assert (alert["log_level"], alert["resource_sid"]) == ("error", message["sid"])
    assert (alert["request_method"], alert["request_url"]) == ("POST", f"{server.url}/status")
    assert alert["more_info"] == "https://www.twilio.com/docs/errors/11200"
    told = parse_qs(alert["alert_text"])
    assert (told["ErrorCode"], told["httpResponse"], told["LogLevel"]) == (["11200"], ["500"], ["ERROR"])
    assert "response_body" not in alert
    one = (await loop.ask("GET", f"/monitor/v1/Alerts/{alert['sid']}")).json()
    assert one["response_body"] == "trace"
    assert parse_qs(one["response_headers"])["X-App"] == ["1"]
    assert parse_qs(one["request_variables"])["MessageStatus"] == ["sent"]
    assert "X-Twilio-Signature" in parse_qs(one["request_headers"])


async def test_a_message_that_was_not_delivered(loop: Loop) -> None:
    await loop.ask("POST", f"/lab/v1/Phones/{TO}", {"Behavior": "30003"})
    message = await send(loop.ask)
    [alert] = await come(loop, 1)
    assert (alert["error_code"], alert["resource_sid"]) == ("30003", message["sid"])
    assert alert["log_level"] in ("error", "warning")


async def test_a_request_that_was_refused(loop: Loop) -> None:
    path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages.json"
    refused = await loop.ask("POST", path, {"To": "nobody", "From": FROM, "Body": "hello"})
    assert refused.json()["code"] == 21211
    [alert] = await come(loop, 1)
    assert (alert["error_code"], alert["request_method"]) == ("21211", "POST")
    assert alert["request_url"].endswith("/Messages.json")
    one = (await loop.ask("GET", f"/monitor/v1/Alerts/{alert['sid']}")).json()
    assert parse_qs(one["request_variables"])["To"] == ["nobody"]


async def test_instructions_that_cannot_be_run(loop: Loop) -> None:
    """A document that is no XML is 12100, and its fallback's refused connection another."""
    broken = answer("200 OK", b"<Response><Message>", "Content-Type: text/xml")
    async with running(Server(OK)) as closed:
        fallback = closed.url
    async with running(Server(broken)) as server:
        number = await own(loop.ask, SmsUrl=f"{server.url}/sms", SmsFallbackUrl=f"{fallback}/fallback")
        await loop.ask("POST", f"/lab/v1/Phones/{TO}/Messages", {"To": number, "Body": "hi"})
        listed = await come(loop, 2)
    assert {each["error_code"] for each in listed} == {"12100", "11202"}
    document = next(each for each in listed if each["error_code"] == "12100")
    one = (await loop.ask("GET", f"/monitor/v1/Alerts/{document['sid']}")).json()
    assert one["response_body"] == "<Response><Message>"


async def own(ask: Client, **urls: str) -> str:
    account = f"/2010-04-01/Accounts/{ask.account_sid}"
    offered = await ask("GET", f"{account}/AvailablePhoneNumbers/US/Local.json?PageSize=1")
    number: str = offered.json()["available_phone_numbers"][0]["phone_number"]
    bought = await ask("POST", f"{account}/IncomingPhoneNumbers.json", {"PhoneNumber": number, **urls})
    assert bought.status == 201, bought.body
    return number


async def test_the_debuggers_address_is_told(loop: Loop) -> None:
    """The documented form, signed by the main account; a failure to tell it is no alert again."""
    async with running(Server(OOPS)) as server, running(Server(OOPS)) as debugger:
        await loop.choose(DebuggerUrl=f"{debugger.url}/debugger?a=1")
        message = await send(loop.ask, StatusCallback=f"{server.url}/status")
        await come(loop, 2)
        await debugger.wait_for(2)
        await loop.quiet()
        assert len(await alerts(loop.ask)) == 2
        told = debugger.requests[0]
    form = told.form
    assert set(form) == {"Sid", "AccountSid", "Timestamp", "Level", "PayloadType", "Payload"}
    assert (form["AccountSid"], form["Level"]) == (loop.ask.account_sid, "ERROR")
    assert form["PayloadType"] == "application/json"
    payload = json.loads(form["Payload"])
    assert (payload["resource_sid"], payload["service_sid"], payload["error_code"]) == (
        message["sid"],
        None,
        "11200",
    )
    webhook = payload["webhook"]
    assert webhook["type"] == "application/json"
    assert webhook["request"]["url"] == f"{server.url}/status"
    assert webhook["request"]["parameters"]["MessageSid"] == message["sid"]
    assert webhook["response"]["status_code"] == 500
    assert webhook["response"]["body"] == "trace"
    token = (await loop.ask("GET", f"/2010-04-01/Accounts/{loop.ask.account_sid}.json")).json()["auth_token"]
    url = f"{debugger.url}/debugger?a=1"
    assert RequestValidator(token).validate(url, form, told.headers["x-twilio-signature"])  # type: ignore[no-untyped-call]


async def test_a_subaccounts_alerts_are_its_own_and_told_to_the_main_accounts_address(loop: Loop) -> None:
    made = (await loop.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})).json()
    sub = loop.ask.acting_as(made["sid"], made["auth_token"])
    async with running(Server(OK)) as debugger:
        await loop.choose(DebuggerUrl=debugger.url)
        path = f"/2010-04-01/Accounts/{sub.account_sid}/Messages.json"
        assert (await sub("POST", path, {"To": "nobody", "From": FROM, "Body": "x"})).status == 400
        await debugger.wait_for(1)
        form = debugger.requests[0].form
    assert (form["AccountSid"], form["ParentAccountSid"]) == (sub.account_sid, loop.ask.account_sid)
    assert len(await alerts(sub)) == 1
    assert await alerts(loop.ask) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"\0=1&b=\0"),
        ("", b"%00=1"),
        ("text/plain", b"\xff\xfe\0"),
        ("application/json", b'{"To": "nobody", "\\u0000": "\\ud800"}'),
    ],
    ids=["form", "quoted", "bytes", "json"],
)
async def test_a_refusal_that_no_text_of_the_database_holds(loop: Loop, kind: str, body: bytes) -> None:
    """It is told all the same, and hurts no other's."""
    path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages.json"
    refused = await loop.ask("POST", path, body, headers={"content-type": kind})
    assert refused.status == 400
    code = refused.json()["code"]
    assert (await loop.ask("POST", path, {"To": "nobody", "From": FROM, "Body": "x"})).status == 400
    told = {str(one) for one in (code, 21211) if one in range(21_000, 22_000)}
    listed = await come(loop, len(told))
    assert {each["error_code"] for each in listed} == told


async def test_lists_are_filtered_and_paged(loop: Loop) -> None:
    path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages.json"
    for count in range(1, 4):
        await loop.ask("POST", path, {"To": "nobody", "From": FROM, "Body": "x"})
        await loop.until("count(*) = $1 from alerts", count)
    first = (await loop.ask("GET", "/monitor/v1/Alerts?PageSize=2")).json()
    second = (await loop.ask("GET", first["meta"]["next_page_url"].partition("4010")[2])).json()
    assert [len(page["alerts"]) for page in (first, second)] == [2, 1]
    generated = [each["date_generated"] for page in (first, second) for each in page["alerts"]]
    assert generated == sorted(generated, reverse=True)
    now = clock.now()
    assert len(await alerts(loop.ask, LogLevel="error")) == 3
    assert await alerts(loop.ask, LogLevel="warning") == []
    assert len(await alerts(loop.ask, StartDate=f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")) == 3
    assert await alerts(loop.ask, StartDate=f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}") == []
    assert await alerts(loop.ask, EndDate=f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}") == []
    days = {"StartDate": f"{now - timedelta(days=1):%Y-%m-%d}", "EndDate": f"{now:%Y-%m-%d}"}
    assert len(await alerts(loop.ask, **days)) == 3
    assert await alerts(loop.ask, EndDate=days["StartDate"]) == []
    await loop.database.execute("update alerts set date_generated = $1", now - timedelta(days=31))
    assert await alerts(loop.ask) == []
    assert (await loop.ask("GET", f"/monitor/v1/Alerts/{first['alerts'][0]['sid']}")).status == 404
