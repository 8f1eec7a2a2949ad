"""Messages from the request to the callbacks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from http_server import Server, answer, running
from twilio.request_validator import RequestValidator
from webhook_keys import TOKEN

from localloop.carriers import phones
from localloop.core import clock
from localloop.rest.request import Caller
from tests.api.messaging.conftest import FROM, TO, Phone

OK = answer("204 No Content", length=False)


async def test_delivered_with_signed_callbacks_in_order(working: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        url = f"{application.url}/status"
        sent = await working.send(caller, StatusCallback=url)
        assert (sent["status"], sent["direction"], sent["price"]) == ("queued", "outbound-api", None)
        await working.idle()
        forms = [request.form for request in application.requests]
        assert [form["MessageStatus"] for form in forms] == ["sent", "delivered"]
        validator = RequestValidator(TOKEN)
        for request in application.requests:
            signature = request.headers["x-twilio-signature"]
            assert validator.validate(url, request.form, signature)  # type: ignore[no-untyped-call]
    assert forms[0] == {
        "MessageSid": sent["sid"],
        "SmsSid": sent["sid"],
        "MessageStatus": "sent",
        "SmsStatus": "sent",
        "AccountSid": caller.account_sid,
        "From": FROM,
        "To": TO,
        "ApiVersion": "2010-04-01",
    }
    done = await working.fetch(caller, sent["sid"])
    assert (done["status"], done["error_code"]) == ("delivered", None)
    assert done["date_sent"] is not None
    assert done["price"].startswith("-0.00")
    [text] = await phones.list_messages(working.database, caller.world_sid, TO, phones.Selection())
    assert (text.body, text.peer, text.message_sid) == ("hello", FROM, sent["sid"])


@pytest.mark.parametrize("code", [30003, 30005, 30008])
async def test_a_phone_that_fails(working: Phone, caller: Caller, code: int) -> None:
    await working.database.execute(
        "insert into phones (world_sid, number, behavior, date_created, date_updated)"
        " select sid, $2, $3, date_created, date_created from accounts where sid = $1",
        caller.world_sid,
        TO,
        str(code),
    )
    async with running(Server(OK)) as application:
        sent = await working.send(caller, StatusCallback=application.url)
        await working.idle()
        last = application.requests[-1].form
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", str(code))
    assert (await working.fetch(caller, sent["sid"]))["error_code"] == code


async def test_a_phone_that_takes_its_time(working: Phone, caller: Caller) -> None:
    async with working.database.unit() as unit:
        setting = phones.Setting("slow", 50)
        await phones.set_phone(unit, caller.world_sid, TO, setting, clock.now(caller.world_sid))
    async with running(Server(OK)) as application:
        sent = await working.send(caller, StatusCallback=application.url)
        await working.idle()
        statuses = [request.form["MessageStatus"] for request in application.requests]
    assert statuses == ["sent", "delivered"]
    done = await working.fetch(caller, sent["sid"])
    assert done["date_updated"] - done["date_sent"] >= timedelta(milliseconds=49)


async def test_the_risk_check_and_who_goes_without_it(working: Phone, caller: Caller) -> None:
    async with working.database.unit() as unit:
        await phones.set_phone(unit, caller.world_sid, TO, phones.Setting("30450"), clock.now())
    blocked = [await working.send(caller, **more) for more in ({}, {"RiskCheck": "enable"})]
    passed = await working.send(caller, RiskCheck="disable")
    await working.idle()
    for each in blocked:
        failed = await working.fetch(caller, each["sid"])
        assert (failed["status"], failed["error_code"], failed["price"]) == ("failed", 30450, None)
        assert failed["error_message"] == "Message delivery blocked"
    assert (await working.fetch(caller, passed["sid"]))["status"] == "delivered"


async def test_what_has_no_effect_is_kept_and_has_none(working: Phone, caller: Caller) -> None:
    asked = {"MaxPrice": 0.0001, "Attempt": 3, "ForceDelivery": True, "TrafficType": "free"}
    sent = await working.send(caller, **asked)
    await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"
    options = await working.database.fetchval("select options from messages where direction = 'outbound-api'")
    assert options == {"max_price": "0.0001", "attempt": 3, "force_delivery": True, "traffic_type": "free"}


async def test_a_suspended_account_sends_nothing(working: Phone, caller: Caller) -> None:
    await working.database.execute(
        "update accounts set status = 'suspended' where sid = $1", caller.account_sid
    )
    sent = await working.send(caller)
    await working.idle()
    done = await working.fetch(caller, sent["sid"])
    assert (done["status"], done["error_code"], done["price"]) == ("failed", 30002, None)


async def test_a_text_to_a_number_of_the_world_and_its_reply(
    working: Phone, caller: Caller, stranger: Caller
) -> None:
    twiml = b"<Response><Message>thanks</Message></Response>"
    async with running(Server(answer("200 OK", twiml, "Content-Type: text/xml"))) as application:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms")
        await working.own(stranger, FROM, sms_url=f"{application.url}/stranger")
        came = await working.messaging.receive(caller.world_sid, TO, FROM, "hi")
        assert came is not None
        await working.idle()
        [request] = application.requests
    assert request.path == "/sms"
    assert (request.form["Body"], request.form["SmsStatus"]) == ("hi", "received")
    listed = (await working.ask.items("api.v2010.ListMessage", caller)).items
    assert [(row["direction"], row["status"], row["body"]) for row in listed] == [
        ("outbound-reply", "delivered", "thanks"),
        ("inbound", "received", "hi"),
    ]
    assert not (await working.ask.items("api.v2010.ListMessage", stranger)).items
