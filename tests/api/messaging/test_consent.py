"""Who stops whom: keywords, what they are answered, and what is refused from then on."""

from __future__ import annotations

from typing import Any

import pytest
from http_server import Server, answer, running

from localloop.carriers import phones
from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.products.messaging import consent
from localloop.products.messaging.consent import Entry, Handling, keywords
from localloop.rest.request import Caller
from tests.api.messaging.conftest import FROM, TO, Phone
from tests.api.messaging.test_services import make_service, send


def silent() -> Server:
    return Server(answer("200 OK", b"<Response/>", "Content-Type: text/xml"))


async def text(working: Phone, caller: Caller, body: str, to: str = FROM) -> None:
    """A text from the phone, and all that follows from it."""
    assert await working.messaging.receive(caller.world_sid, TO, to, body) is not None
    await working.idle()


async def sent_to_phone(working: Phone, caller: Caller) -> list[str]:
    held = await phones.list_messages(
        working.database, caller.world_sid, TO, phones.Selection(direction="received")
    )
    return [message.body for message in held[::-1]]


async def refusal(server: Phone, caller: Caller, **params: Any) -> ApiError | None:
    try:
        await server.send(caller, **params)
    except ApiError as error:
        return error
    return None


async def handle(server: Phone, caller: Caller, sender: str, handling: Handling) -> None:
    async with server.database.unit() as unit:
        await consent.keep_handling(unit, caller.account_sid, sender, handling, clock.now())
        server.messaging.consent.books.changed(unit)


@pytest.mark.parametrize("body", ["STOP", " stop\n", "Unsubscribe", "OPTOUT", "revoke"])
async def test_stop_is_answered_and_holds(working: Phone, caller: Caller, body: str) -> None:
    async with running(silent()) as application:
        await working.own(caller, FROM, sms_url=application.url)
        await text(working, caller, body)
        [request] = application.requests
    assert request.form["Body"] == body
    assert "OptOutType" not in request.form
    inbound, confirmation = await working.listed(caller)
    assert (confirmation["direction"], confirmation["status"]) == ("outbound-reply", "delivered")
    assert (confirmation["from"], confirmation["to"]) == (FROM, TO)
    assert confirmation["body"] == keywords.REPLIES["STOP"]
    error = await refusal(working, caller)
    assert error is not None
    assert (error.status, error.code, error.message) == (
        400,
        21610,
        "Attempt to send to unsubscribed recipient",
    )
    assert len(await working.listed(caller)) == 2
    assert inbound["status"] == "received"


async def test_start_undoes_it_and_help_explains(working: Phone, caller: Caller) -> None:
    await working.own(caller, FROM)
    for body in ("STOP", "stop", "HELP", "Start", "yes", "info"):
        await text(working, caller, body)
    assert await sent_to_phone(working, caller) == [
        keywords.REPLIES["STOP"],
        keywords.REPLIES["HELP"],
        keywords.REPLIES["START"],
        keywords.REPLIES["HELP"],
    ]
    assert await refusal(working, caller) is None


@pytest.mark.parametrize("body", ["please stop", "STOP.", "stop it", "don't stop", ""])
async def test_a_keyword_is_the_whole_text(working: Phone, caller: Caller, body: str) -> None:
    await working.own(caller, FROM)
    await text(working, caller, body)
    assert await refusal(working, caller) is None
    assert await sent_to_phone(working, caller) == ["hello"] or len(await working.listed(caller)) == 2


async def test_another_number_another_world_and_another_account_may_write(
    working: Phone, caller: Caller, stranger: Caller
) -> None:
    other = "+15017122662"
    for each in (caller, stranger):
        await working.own(each, FROM)
    await working.own(caller, other)
    await text(working, caller, "STOP")
    assert await refusal(working, caller) is not None
    assert await refusal(working, caller, From=other) is None
    assert await refusal(working, caller, To="+15558675311") is None
    assert await refusal(working, stranger) is None


async def test_an_application_that_answers_a_stop_is_refused(
    working: Phone, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    twiml = b"<Response><Message>are you sure?</Message></Response>"
    async with running(Server(answer("200 OK", twiml, "Content-Type: text/xml"))) as application:
        await working.own(caller, FROM, sms_url=application.url)
        await text(working, caller, "STOP")
        assert len(application.requests) == 1
    assert await sent_to_phone(working, caller) == [keywords.REPLIES["STOP"]]
    assert "21610" in caplog.text
    alerts = await working.database.fetch("select error_code from alerts")
    assert [row["error_code"] for row in alerts] == [21610]


async def test_toll_free_numbers_are_the_networks(working: Phone, caller: Caller) -> None:
    number = "+18443334444"
    await working.own(caller, number)
    for body in ("stop", "HELP", "YES"):
        await text(working, caller, body, number)
    error = await refusal(working, caller, From=number)
    assert error is not None
    assert error.code == 21610
    await text(working, caller, "Unstop", number)
    assert await refusal(working, caller, From=number) is None
    await working.idle()
    assert await sent_to_phone(working, caller) == [
        keywords.TOLL_FREE_STOP,
        keywords.TOLL_FREE_START.format(word="unstop"),
        "hello",
    ]
    assert {row["direction"] for row in await working.listed(caller)} == {"inbound", "outbound-api"}


async def test_a_messaging_service_is_stopped_as_a_whole(working: Phone, caller: Caller) -> None:
    other, outside = "+15017122662", "+15017122663"
    service = await make_service(working, caller, FROM, other)
    await working.own(caller, outside)
    await text(working, caller, "STOP")
    [row] = await working.database.fetch("select sender, status, source from consents")
    assert tuple(row) == (service, "opt-out", "opt-out-message")
    assert await refusal(working, caller, From=other) is not None
    assert await refusal(working, caller, From=outside) is None
    assert await ended(working, caller, service) == ("failed", 21610)
    await text(working, caller, "START", other)
    assert await refusal(working, caller) is None
    assert await ended(working, caller, service) == ("delivered", None)
    [inbound, confirmation, *_] = await working.listed(caller)
    assert {inbound["messaging_service_sid"], confirmation["messaging_service_sid"]} == {service}


async def ended(working: Phone, caller: Caller, service: str) -> tuple[str, int | None]:
    """How a message for a service ends."""
    sent = await send(working, caller, service)
    assert sent["status"] == "accepted"
    await working.idle()
    done = await working.fetch(caller, sent["sid"])
    return done["status"], done["error_code"]


MEXICAN = "+525512345678"
SPANISH = Entry(type="STOP", keywords=("ALTO", " parar "), reply="Adiós.", language="es")
CUSTOM = Handling(
    mode="advanced",
    entries=(
        SPANISH,
        Entry(type="STOP", keywords=("ALTO",), reply="Hasta luego.", country="MX", language="es"),
        Entry(type="START", keywords=("JOIN",), reply="Welcome."),
        Entry(type="HELP", keywords=("WHO",), reply="We are Acme."),
    ),
)


@pytest.mark.parametrize(
    ("body", "reply", "kind"),
    [
        ("alto", "Adiós.", "STOP"),
        ("PARAR", "Adiós.", "STOP"),
        ("join", "Welcome.", "START"),
        ("Who", "We are Acme.", "HELP"),
        ("STOP", keywords.REPLIES["STOP"], "STOP"),
    ],
)
async def test_advanced_opt_out(working: Phone, caller: Caller, body: str, reply: str, kind: str) -> None:
    async with running(silent()) as application:
        service = await make_service(working, caller, FROM)
        await working.own(caller, FROM, sms_url=application.url)
        await handle(working, caller, service, CUSTOM)
        await text(working, caller, body)
        assert [request.form.get("OptOutType") for request in application.requests[-1:]] == [kind]
    assert await sent_to_phone(working, caller) == [reply]
    assert ((await refusal(working, caller)) is not None) is (kind == "STOP")


def test_what_a_country_says_goes_before_what_holds_everywhere() -> None:
    heard = keywords.hear("ALTO", CUSTOM, country="MX")
    assert heard is not None
    assert heard.reply == "Hasta luego."
    assert keywords.hear("CANCEL", CUSTOM) is None
    assert keywords.hear("STOP", Handling(mode="off")) is None


async def test_a_short_code_may_leave_keywords_to_its_application(working: Phone, caller: Caller) -> None:
    from localloop.products import numbers

    code = "90210"
    await numbers.add_short_code(working.database, caller.world_sid, caller.account_sid, code)
    await handle(working, caller, code, Handling(mode="off"))
    await text(working, caller, "STOP", code)
    assert await refusal(working, caller, From=code) is None
    await handle(working, caller, code, Handling())
    await text(working, caller, "STOP", code)
    assert await refusal(working, caller, From=code) is not None


# What applications say of people ---------------------------------------------------------------------------

CORRELATION = "ad388b5a46b33b874b0d41f7226db2ef"


def item(**changes: str) -> str:
    import json

    return json.dumps(
        {
            "contact_id": TO,
            "correlation_id": CORRELATION,
            "sender_id": FROM,
            "status": "opt-out",
            "source": "website",
            "date_of_consent": "2025-02-28T10:05:27Z",
            **changes,
        }
    )


async def test_consents_in_bulk(server: Phone, caller: Caller) -> None:
    good, bad = item(), item(contact_id="+19", date_of_consent="2025-03-25")
    answered = await server.ask.item("accounts.v1.CreateBulkConsents", caller, {"Items": [good, bad]})
    assert answered["items"] == [
        {"correlation_id": CORRELATION, "error_code": 0, "error_messages": []},
        {
            "correlation_id": CORRELATION,
            "error_code": 30646,
            "error_messages": ["INVALID_CONTACT_ID", "INVALID_DATE_OF_CONSENT"],
        },
    ]
    error = await refusal(server, caller)
    assert error is not None
    assert error.code == 21610
    await server.ask.item("accounts.v1.CreateBulkConsents", caller, {"Items": [item(status="opt-in")]})
    assert await refusal(server, caller) is None


async def test_contacts_in_bulk(server: Phone, caller: Caller) -> None:
    import json

    good = {"contact_id": TO, "correlation_id": CORRELATION, "country_iso_code": "us", "zip_code": "12345"}
    asked = {"Items": [json.dumps(good), json.dumps({**good, "contact_id": "+19", "zip_code": "?"})]}
    answered = await server.ask.item("accounts.v1.CreateBulkContacts", caller, asked)
    assert [(each["error_code"], each["error_messages"]) for each in answered["items"]] == [
        (0, []),
        (30647, ["INVALID_CONTACT_ID", "INVALID_ZIP_CODE"]),
    ]
    [kept] = await consent.contacts(server.database, caller.account_sid, "", 10)
    assert (kept["contact_id"], kept["country_iso_code"], kept["zip_code"]) == (TO, "US", "12345")
    with pytest.raises(ApiError) as caught:
        await server.ask.item("accounts.v1.CreateBulkContacts", caller, {"Items": ["{"]})
    assert caught.value.code == 20001
