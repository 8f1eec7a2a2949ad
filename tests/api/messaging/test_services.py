"""Messages of a messaging service: accepted, given a sender, queued and sent."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from http_server import Server, answer, running

from localloop.carriers import phones
from localloop.core import clock, sids
from localloop.core.errors import ApiError
from localloop.products.messaging import Rules
from localloop.products.messaging.link.book import Visit
from localloop.products.messaging.service import sticky
from localloop.products.numbers import add_short_code
from localloop.rest.request import Caller
from localloop.store import Database
from tests.api.messaging.conftest import FROM, PUBLIC_URL, TO, Phone

OK = answer("204 No Content", length=False)
SECOND = "+14155552671"
BRITISH = "+447911123456"


async def make_service(phone: Phone, caller: Caller, *numbers: str, **params: Any) -> str:
    """The SID of a new service whose pool has these numbers."""
    asked = {"FriendlyName": "test", **params}
    service = await phone.ask.item("messaging.v1.CreateService", caller, asked)
    for number in numbers:
        await add_number(phone, caller, service["sid"], number)
    return str(service["sid"])


async def add_number(phone: Phone, caller: Caller, service_sid: str, number: str) -> dict[str, Any]:
    await phone.own(caller, number)
    owned = await phone.directory.find(caller.world_sid, number)
    assert owned is not None
    return await phone.ask.item(
        "messaging.v1.CreatePhoneNumber", caller, {"PhoneNumberSid": owned.sid}, ServiceSid=service_sid
    )


async def send(phone: Phone, caller: Caller, service_sid: str, **params: Any) -> dict[str, Any]:
    asked = {"To": TO, "Body": "hello", "MessagingServiceSid": service_sid, **params}
    return await phone.ask.item("api.v2010.CreateMessage", caller, asked)


async def refused(question: Any) -> int:
    with pytest.raises(ApiError) as error:
        await question
    return error.value.code


async def test_accepted_then_queued_with_its_callback(working: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        service = await make_service(working, caller, FROM, StatusCallback=application.url)
        sent = await send(working, caller, service)
        assert (sent["status"], sent["from"], sent["num_segments"]) == ("accepted", None, "0")
        assert (sent["messaging_service_sid"], sent["price_unit"]) == (service, None)
        await working.idle()
        forms = [request.form for request in application.requests]
    assert [form["MessageStatus"] for form in forms] == ["queued", "sent", "delivered"]
    assert {form["From"] for form in forms} == {FROM}
    assert {form["MessagingServiceSid"] for form in forms} == {service}
    done = await working.fetch(caller, sent["sid"])
    assert (done["status"], done["from"], done["num_segments"]) == ("delivered", FROM, "1")


async def test_the_messages_own_callback_goes_first(working: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        service = await make_service(working, caller, FROM, StatusCallback=f"{application.url}/service")
        await send(working, caller, service, StatusCallback=f"{application.url}/own")
        await working.idle()
        assert {request.path for request in application.requests} == {"/own"}


async def test_a_named_sender_skips_the_choice(working: Phone, caller: Caller) -> None:
    service = await make_service(working, caller, FROM, SECOND)
    sent = await send(working, caller, service, From=SECOND)
    assert (sent["status"], sent["from"], sent["num_segments"]) == ("queued", SECOND, "1")
    assert await refused(send(working, caller, service, From="+14155550100")) == 21711
    await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"


async def test_refusals_of_services(server: Phone, caller: Caller, stranger: Caller) -> None:
    empty = await make_service(server, caller)
    assert await refused(send(server, caller, empty)) == 21704
    theirs = await make_service(server, stranger, FROM)
    assert await refused(send(server, caller, theirs)) == 21701
    assert await refused(make_service(server, caller, Usecase="spam")) == 21713
    assert await refused(make_service(server, caller, ValidityPeriod=36_001)) == 20001


async def test_nobody_in_the_pool_reaches_the_recipient(working: Phone, caller: Caller) -> None:
    service = await make_service(working, caller)
    await working.ask.item(
        "messaging.v1.CreateAlphaSender", caller, {"AlphaSender": "ACME"}, ServiceSid=service
    )
    sent = await send(working, caller, service)
    abroad = await send(working, caller, service, To=BRITISH)
    await working.idle()
    failed = await working.fetch(caller, sent["sid"])
    assert (failed["status"], failed["error_code"], failed["from"]) == ("failed", 21703, None)
    assert (await working.fetch(caller, abroad["sid"]))["from"] == "ACME"


@pytest.mark.parametrize("rules", [Rules(rate=1)])
async def test_a_full_queue_fails_it(working: Phone, caller: Caller, rules: Rules) -> None:
    service = await make_service(working, caller, FROM)
    await working.database.execute(
        "insert into pace values ($1, $2::timestamptz + interval '10 hours 1 minute')",
        f"{caller.world_sid}|{FROM}",
        await working.database.fetchval("select max(date_created) from accounts"),
    )
    async with running(Server(OK)) as application:
        sent = await send(working, caller, service, StatusCallback=application.url)
        await working.idle()
        [told] = [request.form for request in application.requests]
    assert (told["MessageStatus"], told["ErrorCode"]) == ("failed", "30001")
    failed = await working.fetch(caller, sent["sid"])
    assert (failed["status"], failed["error_code"]) == ("failed", 30001)


async def test_a_recipient_keeps_its_sender(working: Phone, caller: Caller) -> None:
    numbers = [FROM, SECOND, "+14155552672"]
    service = await make_service(working, caller, *numbers, AreaCodeGeomatch=False)
    firsts = {}
    for to in ("+13125550100", "+13125550101", "+13125550102"):
        firsts[to] = await _sender_of(working, caller, service, to)
    assert sorted(firsts.values()) == sorted(numbers)  # evenly
    for to, first in firsts.items():
        assert await _sender_of(working, caller, service, to) == first
    # The number leaves the pool: its recipients get another, and keep it.
    gone = firsts["+13125550101"]
    owned = await working.directory.find(caller.world_sid, gone)
    assert owned is not None
    await working.ask("messaging.v1.DeletePhoneNumber", caller, ServiceSid=service, Sid=owned.sid)
    other = await _sender_of(working, caller, service, "+13125550101")
    assert other != gone
    await add_number(working, caller, service, gone)
    assert await _sender_of(working, caller, service, "+13125550101") == other


async def _sender_of(phone: Phone, caller: Caller, service: str, to: str) -> str:
    sent = await send(phone, caller, service, To=to)
    await phone.idle()
    return str((await phone.fetch(caller, sent["sid"]))["from"])


async def test_a_number_is_in_one_pool(server: Phone, caller: Caller) -> None:
    one = await make_service(server, caller, FROM)
    two = await make_service(server, caller)
    assert await refused(add_number(server, caller, one, FROM)) == 21710
    assert await refused(add_number(server, caller, two, FROM)) == 21712
    await server.ask("messaging.v1.DeleteService", caller, Sid=one)
    shown = await add_number(server, caller, two, FROM)
    assert (shown["phone_number"], shown["country_code"], shown["service_sid"]) == (FROM, "US", two)
    listed = await server.ask.items("messaging.v1.ListPhoneNumber", caller, ServiceSid=two)
    assert [row["sid"] for row in listed.items] == [shown["sid"]]


async def test_a_pool_has_its_limit(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller)
    await server.database.execute(
        "insert into service_senders (account_sid, service_sid, sid, kind, address, date_created, date_updated,"
        " world_sid) select $1, $2, 'PN' || n, 'PhoneNumber', n::text, $3, $3, $1 from generate_series(1, 400) n",
        caller.account_sid,
        service,
        await server.database.fetchval("select max(date_created) from accounts"),
    )
    assert await refused(add_number(server, caller, service, FROM)) == 21714


async def test_a_released_number_leaves_its_pool(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller, FROM, SECOND)
    async with server.database.unit() as unit:
        await unit.execute("delete from phone_numbers where phone_number = $1", FROM)
        server.directory.changed(unit)
    listed = await server.ask.items("messaging.v1.ListPhoneNumber", caller, ServiceSid=service)
    assert [row["phone_number"] for row in listed.items] == [SECOND]


async def test_a_short_code_goes_first(working: Phone, caller: Caller) -> None:
    service = await make_service(working, caller, FROM)
    owned = await add_short_code(working.database, caller.world_sid, caller.account_sid, "55555")
    assert owned is not None
    await working.ask.item(
        "messaging.v1.CreateShortCode", caller, {"ShortCodeSid": owned.sid}, ServiceSid=service
    )
    assert await _sender_of(working, caller, service, "+13125550100") == "55555"
    assert await _sender_of(working, caller, service, BRITISH) == FROM


async def test_alphanumeric_senders(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller)

    async def add(kind: str, **params: str) -> dict[str, Any]:
        return await server.ask.item(f"messaging.v1.Create{kind}", caller, params, ServiceSid=service)

    assert (await add("AlphaSender", AlphaSender="ACME"))["alpha_sender"] == "ACME"
    assert await refused(add("AlphaSender", AlphaSender="ACME")) == 21710
    assert await refused(add("AlphaSender", AlphaSender="1234")) == 21709
    french = await add("DestinationAlphaSender", AlphaSender="ACME", IsoCountryCode="fr")
    assert french["iso_country_code"] == "FR"
    await add("DestinationAlphaSender", AlphaSender="ACME", IsoCountryCode="DE")
    found = await server.ask.items(
        "messaging.v1.ListDestinationAlphaSender", caller, {"IsoCountryCode": "FR"}, ServiceSid=service
    )
    assert [row["sid"] for row in found.items] == [french["sid"]]


async def _asked_about(phone: Phone, caller: Caller, application: Server) -> dict[str, str]:
    """The one request that a text to the first number leads to, with its path."""
    application.requests.clear()
    assert await phone.messaging.receive(caller.world_sid, TO, FROM, "hi") is not None
    await phone.idle()
    [request] = application.requests
    return {**request.form, "path": request.path}


async def test_whom_a_text_to_the_pool_is_reported_to(working: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        service = await make_service(working, caller, FROM)
        await working.own(caller, FROM, sms_url=f"{application.url}/number")
        told = await _asked_about(working, caller, application)
        assert (told["path"], told["MessagingServiceSid"]) == ("/number", service)

        update = "messaging.v1.UpdateService"
        await working.ask(update, caller, {"InboundRequestUrl": f"{application.url}/service"}, Sid=service)
        told = await _asked_about(working, caller, application)
        assert (told["path"], told["MessagingServiceSid"]) == ("/service", service)
        [inbound] = [row for row in await working.listed(caller) if row["sid"] == told["MessageSid"]]
        assert inbound["messaging_service_sid"] == service

        await working.ask(update, caller, {"UseInboundWebhookOnNumber": True}, Sid=service)
        assert (await _asked_about(working, caller, application))["path"] == "/number"

        await working.ask("messaging.v1.DeleteService", caller, Sid=service)
        told = await _asked_about(working, caller, application)
        assert (told["path"], "MessagingServiceSid" in told) == ("/number", False)


async def test_a_service_has_its_own_fallback(working: Phone, caller: Caller) -> None:
    async with running(Server(answer("500 Oops"))) as broken, running(Server(OK)) as fallback:
        await make_service(
            working,
            caller,
            FROM,
            InboundRequestUrl=broken.url,
            FallbackUrl=f"{fallback.url}/fallback",
            FallbackMethod="GET",
        )
        await working.own(caller, FROM, sms_fallback_url=f"{fallback.url}/number")
        assert await working.messaging.receive(caller.world_sid, TO, FROM, "hi") is not None
        await working.idle()
        [request] = fallback.requests
    assert (request.method, request.path.partition("?")[0]) == ("GET", "/fallback")


async def test_media_that_cannot_come_are_links_in_a_text(working: Phone, caller: Caller) -> None:
    service = await make_service(working, caller, FROM)
    picture = {"MediaUrl": ["https://example.com/cat.png"]}
    home = await send(working, caller, service, To="+13125550100", **picture)
    abroad = await send(working, caller, service, To=BRITISH, **picture)
    assert abroad["num_media"] == "1"
    await working.idle()
    assert (await working.fetch(caller, home["sid"]))["num_media"] == "1"
    told = await working.fetch(caller, abroad["sid"])
    [kept] = (await working.ask.items("api.v2010.ListMedia", caller, MessageSid=abroad["sid"])).items
    address = (
        f"{PUBLIC_URL}/2010-04-01/Accounts/{caller.account_sid}/Messages/{abroad['sid']}/Media/{kept['sid']}"
    )
    assert (told["num_media"], told["num_segments"]) == ("0", "1")
    found = re.fullmatch(rf"hello\n{PUBLIC_URL}/s/(\w{{7}})", told["body"])
    assert found is not None
    visit = Visit(host="", code=found[1])
    assert await working.messaging.links.follow(visit) == address
    life = "select expires_at - date_created from short_links where code = $1"
    assert await working.database.fetchval(life, visit.code) == timedelta(days=365)
    [text] = await phones.list_messages(working.database, caller.world_sid, BRITISH, phones.Selection())
    assert (text.body, text.media) == (told["body"], ())
    await working.ask("api.v2010.DeleteMessage", caller, Sid=abroad["sid"])
    left = "select count(*) from media where message_id = $1"
    assert await working.database.fetchval(left, sids.uuid_of(abroad["sid"])) == 0


async def test_a_service_that_does_not_convert_media(working: Phone, caller: Caller) -> None:
    service = await make_service(working, caller, FROM, MmsConverter=False)
    sent = await send(working, caller, service, To=BRITISH, MediaUrl=["https://example.com/cat.png"])
    await working.idle()
    assert (await working.fetch(caller, sent["sid"]))["num_media"] == "1"


async def test_a_number_without_texts_joins_no_pool(server: Phone, caller: Caller) -> None:
    service = await make_service(server, caller)
    await server.own(caller, FROM)
    async with server.database.unit() as unit:
        await unit.execute("update phone_numbers set sms_enabled = false where phone_number = $1", FROM)
    assert await refused(add_number(server, caller, service, FROM)) == 21715


async def test_many_at_once_to_one_recipient_come_from_one_sender(working: Phone, caller: Caller) -> None:
    service = await make_service(working, caller, FROM, SECOND, "+14155552672", AreaCodeGeomatch=False)
    recipients = ["+13125550100", "+13125550101"]
    sent = await asyncio.gather(
        *(send(working, caller, service, To=recipients[place % 2]) for place in range(40))
    )
    await working.idle()
    froms: dict[str, set[str]] = {to: set() for to in recipients}
    for each in sent:
        done = await working.fetch(caller, each["sid"])
        assert done["status"] == "delivered"
        froms[done["to"]].add(done["from"])
    assert [len(numbers) for numbers in froms.values()] == [1, 1]


async def test_the_first_proposal_holds(database: Database, server: Phone, caller: Caller) -> None:
    """Whoever proposes another at the same moment, in whatever process, is told the first one's."""
    service = await make_service(server, caller, FROM, SECOND)
    listed = await server.ask.items("messaging.v1.ListPhoneNumber", caller, ServiceSid=service)
    one, two = (row["sid"] for row in listed.items)
    bond = sticky.Bond(caller.account_sid, service, "sms", TO)
    now = clock.now(caller.world_sid)

    async def agree(*proposals: sticky.Proposal) -> list[str]:
        async with database.unit() as unit:
            return await sticky.agree(unit, proposals)

    assert await agree(sticky.Proposal(bond, one, now), sticky.Proposal(bond, two, now)) == [one, one]
    assert await agree(sticky.Proposal(bond, two, now)) == [one]
    assert await agree(sticky.Proposal(bond, two, now, unfit=one)) == [two]
    assert await sticky.find(database, [bond, sticky.Bond(caller.account_sid, service, "whatsapp", TO)]) == [
        two,
        None,
    ]
