"""What an application may answer to a text."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import pytest
from http_server import Received, Server, answer, running

from localloop.core import clock
from localloop.rest.request import Caller, Raw
from tests.api.messaging.conftest import FROM, PUBLIC_URL, TO, Phone

XML = "Content-Type: text/xml"


def twiml(text: str) -> bytes:
    return answer("200 OK", f"<Response>{text}</Response>".encode(), XML)


async def replies(working: Phone, caller: Caller) -> list[str]:
    """The texts that went out after one came in, which is received whatever the application does."""
    came = await working.messaging.receive(caller.world_sid, TO, FROM, "hi")
    assert came is not None
    await working.idle()
    listed = (await working.ask.items("api.v2010.ListMessage", caller)).items
    [inbound] = [row for row in listed if row["direction"] == "inbound"]
    assert (inbound["status"], inbound["sid"]) == ("received", came.message_sid)
    assert inbound["date_sent"] is not None
    return [row["body"] for row in listed[::-1] if row["direction"] == "outbound-reply"]


async def test_redirects_are_followed(working: Phone, caller: Caller) -> None:
    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        is_first = request.path == "/sms"
        more = "<Redirect>/next</Redirect>" if is_first else ""
        writer.write(twiml(f"<Message>{request.path}</Message>{more}"))

    async with running(Server(respond=respond)) as application:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms")
        assert await replies(working, caller) == ["/sms", "/next"]


async def test_redirects_have_an_end(working: Phone, caller: Caller) -> None:
    async with running(Server(twiml("<Redirect/>"))) as application:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms")
        assert await replies(working, caller) == []
        assert 2 <= len(application.requests) <= 20


@pytest.mark.parametrize(
    "bad", [answer("200 OK", b"<Respons", XML), answer("500 Internal Server Error", b"no", XML)]
)
async def test_the_fallback_is_told_why(working: Phone, caller: Caller, bad: bytes) -> None:
    good = Server(answer("200 OK", b"sorry", "Content-Type: text/plain"))
    async with running(Server(bad)) as application, running(good) as fallback:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms", sms_fallback_url=fallback.url)
        assert await replies(working, caller) == ["sorry"]
        [request] = fallback.requests
    assert request.form["ErrorCode"].isdigit()
    assert request.form["ErrorUrl"] == f"{application.url}/sms"


async def test_an_application_that_is_gone(working: Phone, caller: Caller) -> None:
    await working.own(caller, FROM, sms_url="http://127.0.0.1:9/sms")
    assert await replies(working, caller) == []


async def test_a_reply_has_its_own_callback(working: Phone, caller: Caller) -> None:
    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        verb = '<Message statusCallback="/status"><Body>ok</Body></Message>'
        writer.write(twiml(verb if request.path == "/sms" else ""))

    async with running(Server(respond=respond)) as application:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms")
        assert await replies(working, caller) == ["ok"]
        told = [
            request.form["MessageStatus"] for request in application.requests if request.path == "/status"
        ]
    assert told == ["sent", "delivered"]


async def test_one_number_of_the_world_texts_another(
    working: Phone, caller: Caller, stranger: Caller
) -> None:
    await working.own(caller, TO)
    await working.own(stranger, TO)
    await working.send(caller)
    await working.idle()
    listed = (await working.ask.items("api.v2010.ListMessage", caller)).items
    assert [(row["direction"], row["status"]) for row in listed] == [
        ("inbound", "received"),
        ("outbound-api", "delivered"),
    ]
    assert not (await working.ask.items("api.v2010.ListMessage", stranger)).items


async def test_nobody_owns_the_number(server: Phone, caller: Caller) -> None:
    assert await server.messaging.receive(caller.world_sid, TO, FROM, "hi") is None


async def test_every_attribute_of_a_message(working: Phone, caller: Caller) -> None:
    other, second = "+15017122662", "+15558675311"
    verbs = (
        f'<Message to="{second}" from="{other}" statusCallback="/status">elsewhere</Message>'
        '<Message action="/action" method="GET">by action</Message>'
        '<Message action="/action" method="GET" statusCallback="/status"><Body>both</Body>'
        "<Media>/cat.png</Media></Message>"
    )

    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        picture = answer("200 OK", b"cat", "Content-Type: image/png")
        writer.write(
            picture if request.path == "/cat.png" else twiml(verbs if request.path == "/sms" else "")
        )

    async with running(Server(respond=respond)) as application:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms")
        await working.own(caller, other)
        assert await replies(working, caller) == ["elsewhere", "by action", "both"]
        told = sorted(
            (request.method, request.path.partition("?")[0])
            for request in application.requests
            if not request.path.startswith(("/sms", "/cat"))
        )
    sent = [row for row in await working.listed(caller) if row["direction"] == "outbound-reply"]
    assert [(row["from"], row["to"]) for row in sent] == [(other, second), (FROM, TO), (FROM, TO)]
    assert [row["num_media"] for row in sent] == ["0", "0", "1"]
    assert told == [("GET", "/action")] * 2 + [("POST", "/status")] * 4


async def test_ten_messages_however_they_are_asked_for(
    working: Phone, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """14109, also over redirects."""

    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        path = "/more" if request.path == "/sms" else "/sms"
        writer.write(twiml("<Message>again</Message>" * 4 + f"<Redirect>{path}</Redirect>"))

    async with running(Server(respond=respond)) as application:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms")
        assert await replies(working, caller) == ["again"] * 10
    assert "14106" in caplog.text
    assert "14109" in caplog.text


async def test_two_programs_that_answer_each_other_come_to_an_end(
    working: Phone, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """14107: thirty replies from one number to another within thirty seconds."""
    async with running(Server(twiml("<Message>no, you</Message>"))) as application:
        await working.own(caller, FROM, sms_url=application.url)
        await working.own(caller, TO, sms_url=application.url)
        await working.send(caller)
        await working.idle()
        assert len(application.requests) <= 62
    sent = [row for row in await working.listed(caller) if row["direction"] == "outbound-reply"]
    assert [row["from"] for row in sent].count(TO) == 30
    assert "14107" in caplog.text


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ('<Message to="nobody at all">x</Message>', 14101),
        ('<Message from="+15017129999">x</Message>', 14102),
        ("<Message/>", 14103),
        ('<Message method="PUT">x</Message>', 14104),
        ('<Message statusCallback="mailto:me">x</Message>', 14105),
        ("<Say>x</Say>", 14110),
        ("<Message>x</Message", 12100),
    ],
)
async def test_what_is_wrong_is_in_the_log(
    working: Phone, caller: Caller, stranger: Caller, caplog: pytest.LogCaptureFixture, verb: str, code: int
) -> None:
    async with running(Server(twiml(verb))) as application:
        await working.own(caller, FROM, sms_url=application.url)
        await working.own(replace_account(caller, stranger), "+15017129999")
        await replies(working, caller)
    assert str(code) in caplog.text


def replace_account(caller: Caller, other: Caller) -> Caller:
    """Another account of the caller's world."""
    return Caller(account_sid=other.account_sid, world_sid=caller.world_sid)


async def test_the_application_of_a_number_goes_before_its_url(working: Phone, caller: Caller) -> None:
    async with running(Server(twiml("<Message>by application</Message>"))) as application:
        sid = "AP" + "a" * 32
        await working.database.execute(
            "insert into resources (account_sid, kind, sid, position, version, data, date_created, date_updated)"
            " values ($1, 'api/Application', $2, gen_random_uuid(), 0, $3, $4, $4)",
            caller.account_sid,
            sid,
            {
                "sid": sid,
                "account_sid": caller.account_sid,
                "friendly_name": "x",
                "api_version": "2010-04-01",
                "sms_url": f"{application.url}/application",
                "sms_method": "GET",
            },
            clock.now(),
        )
        await working.own(caller, FROM, sms_url="http://127.0.0.1:9/", sms_application_sid=sid)
        assert await replies(working, caller) == ["by application"]
        [request] = application.requests
    assert (request.method, request.path.partition("?")[0]) == ("GET", "/application")


async def test_media_that_came_in_have_an_address_of_ours(working: Phone, caller: Caller) -> None:
    urls = ("http://example.com/cat.png?size=2", "http://example.com/blob")
    async with running(Server(twiml(""))) as application:
        await working.own(caller, FROM, sms_url=application.url)
        kept = await working.messaging.receive(caller.world_sid, TO, FROM, "", urls)
        assert kept is not None
        await working.idle()
        form = application.requests[0].form
    sid = kept.message_sid or ""
    ids = {"MessageSid": sid}
    listed = (await working.ask.items("api.v2010.ListMedia", caller, **ids)).items
    base = f"{PUBLIC_URL}/2010-04-01/Accounts/{caller.account_sid}/Messages/{sid}/Media"
    assert (form["NumMedia"], form["MessageSid"][:2]) == ("2", "MM")
    assert [form["MediaUrl0"], form["MediaUrl1"]] == [f"{base}/{media['sid']}" for media in listed]
    assert form["MediaContentType0"] == "image/png"
    assert form["MediaContentType1"] == "application/octet-stream"
    content = await working.ask("api.v2010.FetchMedia", caller, Sid=form["MediaUrl1"].split("/")[-1], **ids)
    assert isinstance(content, Raw)
    assert content.headers["Location"] == urls[1]


async def test_nobody_gets_texts_at_a_number_for_calls(server: Phone, caller: Caller) -> None:
    await server.own(caller, FROM)
    await server.database.execute("update phone_numbers set sms_enabled = false")
    async with server.database.unit() as unit:
        server.directory.changed(unit)
    assert await server.messaging.receive(caller.world_sid, TO, FROM, "hi") is None


@pytest.mark.parametrize(
    "nothing",
    [
        twiml(""),
        answer("200 OK", b"<Response/>", "Content-Type: application/xml"),
        answer("200 OK"),
        answer("204 No Content", length=False),
    ],
)
async def test_an_empty_answer_is_no_reply(working: Phone, caller: Caller, nothing: bytes) -> None:
    async with running(Server(nothing)) as application:
        await working.own(
            caller, FROM, sms_url=application.url, sms_fallback_url=f"{application.url}/fallback"
        )
        assert await replies(working, caller) == []
        assert [request.path for request in application.requests] == ["/"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_names_its_method(working: Phone, caller: Caller, method: str) -> None:
    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        there = "" if "/next" in request.path else f'<Redirect method="{method}">/next?a=b</Redirect>'
        writer.write(twiml(there))

    async with running(Server(respond=respond)) as application:
        await working.own(caller, FROM, sms_url=f"{application.url}/sms")
        await replies(working, caller)
        _, second = application.requests
    assert second.method == method
    assert second.path.startswith("/next?a=b")
    told = second.form if method == "POST" else dict(parse_qsl(second.path.partition("?")[2]))
    assert (told["Body"], told["From"], told["To"]) == ("hi", TO, FROM)
