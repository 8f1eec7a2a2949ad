"""Instructions: documents fetched while something live waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

import misbehaving
import pytest
from http_server import Received, Server, answer, running
from twilio.request_validator import RequestValidator
from webhook_keys import TOKEN, Keys

from localloop.store import Database
from localloop.testing import request_for
from localloop.webhooks import (
    SERVE,
    UP,
    AddressPolicy,
    Document,
    Failure,
    Instruction,
    Outbound,
    Outgoing,
    Preferences,
    Webhooks,
    networks,
    target,
)

ACCOUNT = "AC" + "0" * 32
TWIML = answer("200 OK", b"<Response/>", "Content-Type: text/xml")
PARAMS = request_for("sms", MessageSid="SM" + "1" * 32, Body="hello").params


@pytest.fixture
async def webhooks(database: Database) -> AsyncIterator[Webhooks]:
    outbound = Outbound(UP)
    opened = Webhooks(database, outbound, Keys(), defaults=Preferences())
    yield opened
    with contextlib.suppress(Exception):
        await opened.close()
    await outbound.close()


def asked(server: Server, path: str = "/sms", **more: object) -> Instruction:
    return Instruction(f"{server.url}{path}", ACCOUNT, PARAMS, resource_sid="SM1", **more)  # type: ignore[arg-type]


def is_signed(request: Received, server: Server) -> bool:
    url, signature = f"{server.url}{request.path}", request.headers["x-twilio-signature"]
    return RequestValidator(TOKEN).validate(url, request.form, signature)  # type: ignore[no-untyped-call, no-any-return]


async def test_document(webhooks: Webhooks, database: Database) -> None:
    async with running(Server(TWIML)) as server:
        document = await webhooks.fetch_instructions(asked(server))
        await webhooks.close()
        assert document == Document("text/xml", b"<Response/>", f"{server.url}/sms")
        [request] = server.requests
        assert (request.method, request.form) == ("POST", PARAMS)
        assert is_signed(request, server)
    row = await database.fetchrow("select kind, resource_sid, status_code, detail from deliveries")
    assert tuple(row or ()) == ("instruction", "SM1", 200, None)


async def test_fallback_hears_what_went_wrong(webhooks: Webhooks, database: Database) -> None:
    async with running(Server(answer("503 Busy"))) as bad, running(Server(TWIML)) as good:
        instruction = asked(bad, "/sms?a=1#rc=0", fallback_url=f"{good.url}/fallback", fallback_method="GET")
        document = await webhooks.fetch_instructions(instruction)
        await webhooks.close()
        assert isinstance(document, Document)
        assert document.fallback_for is not None
        assert document.fallback_for.code == 11200
        [request] = good.requests
        assert request.method == "GET"
        error_url = (
            f"{bad.url}/sms?a=1".replace(":", "%3A")
            .replace("/", "%2F")
            .replace("?", "%3F")
            .replace("=", "%3D")
        )
        assert (
            request.path
            == f"/fallback?{urlencode(PARAMS, quote_via=quote)}&ErrorCode=11200&ErrorUrl={error_url}"
        )
        assert is_signed(request, good)
        first, second = (each.requests[0].headers["i-twilio-idempotency-token"] for each in (bad, good))
        assert first != second
    rows = await database.fetch(
        "select status_code, detail is null as is_compact from deliveries order by id"
    )
    assert [tuple(row) for row in rows] == [(503, False), (200, True)]


async def test_fallback_for_a_document_that_could_not_be_used(webhooks: Webhooks) -> None:
    async with running(Server(TWIML)) as server:
        instruction = asked(server, fallback_url=f"{server.url}/fallback")
        answered = await webhooks.fetch_fallback(instruction, Failure(12100, "line 1"))
        assert isinstance(answered, Document)
        assert server.requests[0].form["ErrorCode"] == "12100"
        assert await webhooks.fetch_fallback(asked(server), Failure(12100, "line 1")) is None


async def test_both_fail(webhooks: Webhooks) -> None:
    async with running(Server(answer("503 Busy"))) as bad, running(Server(answer("404 Gone"))) as worse:
        failure = await webhooks.fetch_instructions(asked(bad, fallback_url=worse.url))
    assert isinstance(failure, Failure)
    assert (failure.code, worse.url in failure.message) == (11200, True)


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (answer("200 OK", b"x" * 65_537, "Content-Type: text/xml"), 11750),
        (answer("200 OK", b"0\r\n\r\n", "Transfer-Encoding: chunked", length=False), 11770),
        (answer("200 OK", b"<Response/>"), 12300),
        (answer("304 Not Modified", length=False), 11216),
        (answer("404 Not Found", b"<Response/>", "Content-Type: text/xml"), 11200),
    ],
)
async def test_answers_that_are_none(webhooks: Webhooks, response: bytes, code: int) -> None:
    async with running(Server(response)) as server:
        failure = await webhooks.fetch_instructions(asked(server))
    assert isinstance(failure, Failure)
    assert failure.code == code


@pytest.mark.parametrize("response", [answer("204 No Content", length=False), answer("200 OK")])
async def test_an_empty_answer_is_one(webhooks: Webhooks, response: bytes) -> None:
    async with running(Server(response)) as server:
        assert await webhooks.fetch_instructions(asked(server)) == Document("", b"", f"{server.url}/sms")


async def test_slow_answer_is_given_up_and_the_fallback_asked(webhooks: Webhooks) -> None:
    async def silent(_request: Received, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with running(Server(respond=silent)) as slow, running(Server(TWIML)) as good:
        document = await webhooks.fetch_instructions(asked(slow, "/#tt=100", fallback_url=good.url))
    assert isinstance(document, Document)
    assert document.fallback_for is not None
    assert document.fallback_for.code == 11203


async def test_cookies_are_handed_on(webhooks: Webhooks) -> None:
    response = answer("200 OK", b"<Response/>", "Content-Type: text/xml", "Set-Cookie: s=1; Path=/")
    async with running(Server(response)) as server:
        first = await webhooks.fetch_instructions(asked(server))
        assert isinstance(first, Document)
        await webhooks.fetch_instructions(asked(server, jar=first.jar))
    assert [request.headers.get("cookie") for request in server.requests] == [None, "s=1"]


async def test_voice_says_its_region(webhooks: Webhooks) -> None:
    async with running(Server(TWIML)) as server:
        await webhooks.fetch_instructions(asked(server, voice=True))
    assert server.requests[0].headers["x-home-region"] == "us1"


async def test_a_refused_address_is_a_delivery_error(database: Database) -> None:
    """Production calls nobody inside; what an application redirects to is no exception."""
    async with running(Server(answer("302 Found", b"", "Location: http://10.0.0.1/"))) as server:
        for policy, reason in [
            (SERVE, "127.0.0.1 is a loopback address"),
            (AddressPolicy(True, networks(["127.0.0.1"])), "10.0.0.1 is a private address"),
        ]:
            outbound = Outbound(policy)
            hooks = Webhooks(database, outbound, Keys(), defaults=Preferences())
            failure = await hooks.fetch_instructions(asked(server))
            await hooks.close()
            await outbound.close()
            assert isinstance(failure, Failure)
            assert (failure.code, reason in failure.message) == (11205, True)
    rows = await database.fetch("select status_code, error_code, error from deliveries order by id")
    assert [(row["status_code"], row["error_code"]) for row in rows] == [(None, 11205), (None, 11205)]
    assert ["loopback" in rows[0]["error"], "private" in rows[1]["error"]] == [True, True]


async def test_passwords_of_urls_are_not_recorded(
    webhooks: Webhooks, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    denied = answer("401 Unauthorized", b"", 'WWW-Authenticate: Digest realm="x", nonce="n"')
    async with running(Server(denied)) as bad, running(Server(denied)) as worse:
        urls = [f"http://user:hunter2@127.0.0.1:{each.port}/sms" for each in (bad, worse)]
        instruction = Instruction(urls[0], ACCOUNT, PARAMS, fallback_url=urls[1])
        failure = await webhooks.fetch_instructions(instruction)
        await webhooks.close()
        assert worse.requests[0].form["ErrorUrl"] == f"{bad.url}/sms"
        assert ["authorization" in each.headers for each in bad.requests] == [False, True]
    rows = await database.fetch("select deliveries::text as row from deliveries")
    assert len(rows) == 2
    assert "hunter2" not in "".join(row["row"] for row in rows) + repr(failure) + caplog.text


@pytest.mark.invented_webhooks
async def test_instructions_do_not_wait_for_notifications(database: Database) -> None:
    """Every connection that notifications may have is taken by an application that does not answer."""
    async with running(Server(respond=misbehaving.silent)) as server, asyncio.TaskGroup() as tasks:
        outbound = Outbound(UP, per_host=2)
        slow = target.parse(f"{server.url}/status")
        told = [tasks.create_task(outbound.request(Outgoing("POST", slow, token=TOKEN))) for _ in range(3)]
        await server.wait_for(2)
        hooks = Webhooks(database, outbound, Keys(), defaults=Preferences())
        answer = tasks.create_task(hooks.fetch_instructions(asked(server, "/sms#tt=5000&rc=0")))
        await server.wait_for(3)
        assert [request.path for request in server.requests] == ["/status", "/status", "/sms"]
        for each in (*told, answer):
            each.cancel()
    await hooks.close()
    await outbound.close()


async def test_the_record_says_when_things_happened(database: Database) -> None:
    outbound = Outbound(UP)
    hooks = Webhooks(database, outbound, Keys(), defaults=Preferences(record="full"))
    async with running(Server(TWIML)) as server:
        server.host = "localhost"
        await hooks.fetch_instructions(asked(server))
    await hooks.close()
    await outbound.close()
    timings = (await database.fetchval("select detail from deliveries"))["timings"]
    points = [timings[name] for name in ("resolved", "connected", "first_byte", "done")]
    assert points == sorted(points)
