"""What an application may answer to a text."""

from __future__ import annotations

import asyncio

import pytest
from http_server import Received, Server, answer, running

from localloop.rest.request import Caller
from tests.api.messaging.conftest import FROM, TO, Phone

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
