"""Notifications from a job's row to the application and into the record."""

from __future__ import annotations

import asyncio

import pytest
from dispatching import ACCOUNT, MESSAGE, queue, told, until, until_idle, working
from http_server import Received, Server, answer, running
from twilio.request_validator import RequestValidator
from webhook_keys import TOKEN, Keys

from localloop.jobs import Worker
from localloop.store import Database
from localloop.webhooks import KIND, UP, Forgotten, Notification, Outbound, Preferences, Webhooks, forget
from localloop.webhooks.sequence import FirstAttempts

OTHER = "SM" + "2" * 32

OK = answer("204 No Content", length=False)


async def test_delivered_signed_and_recorded_compactly(database: Database) -> None:
    async with running(Server(OK)) as server, working(database):
        notification = told(server, "sent")
        await queue(database, notification)
        await until_idle(database)
        [request] = server.requests
        url = f"{server.url}/status"
        assert RequestValidator(TOKEN).validate(url, request.form, request.headers["x-twilio-signature"])  # type: ignore[no-untyped-call]
        assert request.headers["i-twilio-idempotency-token"] == notification.idempotency_token
    row = await database.fetchrow("select * from deliveries")
    assert row is not None
    assert (row["kind"], row["account_sid"], row["resource_sid"]) == ("notification", ACCOUNT, MESSAGE)
    assert (row["url"], row["method"], row["attempt"]) == (url, "POST", 1)
    assert (row["status_code"], row["error_code"], row["error"], row["detail"]) == (204, None, None, None)


async def test_everything_is_kept_when_asked_for(database: Database) -> None:
    page = answer("200 OK", b"thanks\x00\xff", "Set-Cookie: s=secret", "X-App: 1")
    async with running(Server(page)) as server, working(database, full=True):
        await queue(database, told(server, "sent"))
        await until_idle(database)
        detail = await database.fetchval("select detail from deliveries")
    assert detail["edge"] == "ashburn"
    assert detail["request"]["body"].startswith(f"MessageSid={MESSAGE}&SmsSid={MESSAGE}&MessageStatus=sent&")
    assert (
        dict(detail["request"]["headers"])["X-Twilio-Signature"]
        == server.requests[0].headers["x-twilio-signature"]
    )
    assert detail["response"]["body"] == "thanks��"
    assert dict(detail["response"]["headers"]) == {"Set-Cookie": "…", "X-App": "1", "Content-Length": "8"}
    assert detail["timings"]["done"] >= detail["timings"]["first_byte"] > 0


async def test_a_failure_keeps_its_detail_and_is_not_retried(database: Database) -> None:
    async with (
        running(Server(answer("500 Oops", b"trace", "Content-Type: text/plain"))) as server,
        working(database),
    ):
        await queue(database, told(server, "sent"))
        await until_idle(database)
        row = await database.fetchrow("select * from deliveries")
        assert row is not None
        assert (row["status_code"], row["error_code"]) == (500, 11200)
        assert row["error"] == f"HTTP retrieval failure: got HTTP 500 response to {server.url}/status"
        assert row["detail"]["response"]["body"] == "trace"
        assert len(server.requests) == 1


@pytest.mark.invented_webhooks
async def test_credentials_are_sent_and_not_stored(database: Database) -> None:
    denied = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"')
    async with running(Server(denied, answer("500 Oops"))) as server, working(database):
        url = f"http://user:hunter2@127.0.0.1:{server.port}/status#rc=0"
        await queue(database, Notification(url, {}, ACCOUNT, MESSAGE))
        await until_idle(database)
        assert "authorization" in server.requests[1].headers
    row = await database.fetchrow("select deliveries::text as row, url from deliveries")
    assert row is not None
    assert "hunter2" not in row["row"]
    assert row["url"] == f"http://127.0.0.1:{server.port}/status"


async def test_refused_connections_are_tried_once_more_with_the_same_token(database: Database) -> None:
    async with running(Server(OK)) as server:
        gone = told(server, "sent")
    async with working(database):
        await queue(database, gone)
        await until_idle(database)
    rows = await database.fetch("select * from deliveries order by id")
    outcomes = [(row["attempt"], row["status_code"], row["error_code"]) for row in rows]
    assert outcomes == [(1, None, 11202), (2, None, 11202)]
    tokens = {dict(row["detail"]["request"]["headers"])["I-Twilio-Idempotency-Token"] for row in rows}
    assert tokens == {gone.idempotency_token}


@pytest.mark.parametrize(
    ("fragment", "statuses"),
    [
        ("#rc=3&rp=5xx", [500, 500, 500, 500]),
        ("#rc=3&rp=4xx", [500]),
        ("#rc=0&rp=all", [500]),
        ("#rc=2&rp=all", [500, 500, 500]),
    ],
)
async def test_overrides_say_how_often(database: Database, fragment: str, statuses: list[int]) -> None:
    async with running(Server(answer("500 Oops"))) as server, working(database):
        await queue(database, told(server, "sent", path=f"/{fragment}"))
        await until_idle(database)
        assert len(server.requests) == len(statuses)
        assert {request.path for request in server.requests} == {"/"}
    rows = await database.fetch("select status_code from deliveries order by id")
    assert [row["status_code"] for row in rows] == statuses


async def test_total_time_ends_the_retries(database: Database) -> None:
    """How many fit in, to the millisecond, is in tests/wire/test_failing_applications.py, where time does not pass."""

    async def silent(_request: Received, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with running(Server(respond=silent)) as server, working(database):
        await queue(database, told(server, "sent", path="/#rc=5&rp=rt&rt=100&tt=250"))
        await until_idle(database)
    rows = await database.fetch("select error_code from deliveries order by id")
    *earlier, last = [row["error_code"] for row in rows]
    assert (last, set(earlier) <= {11205}, len(earlier) <= 2) == (11203, True, True)


async def test_what_is_no_url_is_recorded(database: Database) -> None:
    async with working(database):
        await queue(database, Notification("http://user:pw@ex ample/#x", {}, ACCOUNT, MESSAGE))
        await until_idle(database)
    row = await database.fetchrow("select * from deliveries")
    assert row is not None
    assert (row["url"], row["error_code"], row["detail"]) == ("http://ex ample/", 11210, {})


async def test_nothing_signs_for_an_account_that_is_gone(database: Database) -> None:
    async with running(Server(OK)) as server, working(database, keys=Keys(ACCOUNT)):
        await queue(database, told(server, "sent"))
        await until_idle(database)
        assert server.requests == []
    assert await database.fetchval("select count(*) from dead_jobs") == 1


@pytest.mark.parametrize("workers", [1, 3])
async def test_first_attempts_keep_their_order(database: Database, workers: int) -> None:
    """With everything taken and the first callbacks unanswered, no second one may have left, whoever has it."""
    answering = asyncio.Event()

    async def hold_first(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.form["MessageStatus"] == "sent":
            await answering.wait()
        writer.write(OK)

    messages = [f"SM{n:032}" for n in range(20)]
    statuses = ["sent", "delivered", "read"]
    async with running(Server(respond=hold_first)) as server, working(database, workers=workers):
        for status in statuses:
            first = status == "sent"
            await queue(
                database, *(told(server, status, resource=sid, follows=not first) for sid in messages)
            )
        await until(database, "count(*) = 60 from jobs where leased")
        await server.wait_for(20)
        assert {request.form["MessageStatus"] for request in server.requests} == {"sent"}
        answering.set()
        await until_idle(database)
        for sid in messages:
            came = [request.form for request in server.requests if request.form["MessageSid"] == sid]
            assert [form["MessageStatus"] for form in came] == statuses


async def test_another_resource_does_not_wait(database: Database) -> None:
    stuck = asyncio.Event()

    async def first_is_stuck(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.form["MessageStatus"] == "sent":
            await stuck.wait()
        writer.write(OK)

    async with running(Server(respond=first_is_stuck)) as server, working(database):
        await queue(database, told(server, "sent"), told(server, "delivered", follows=True))
        await queue(database, told(server, "delivered", resource=OTHER, follows=True))
        await server.wait_for(2)
        assert [request.form["MessageSid"] for request in server.requests] == [MESSAGE, OTHER]
        stuck.set()
        await until_idle(database)
        assert len(server.requests) == 3


async def test_a_worker_that_is_cut_off_leaves_it_to_the_next_with_the_same_token(database: Database) -> None:
    stuck = asyncio.Event()

    async def first_hangs(_request: Received, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 1:
            await stuck.wait()
        writer.write(OK)

    async with running(Server(respond=first_hangs)) as server:
        await queue(database, told(server, "sent"))
        outbound = Outbound(UP)
        hooks = Webhooks(database, outbound, Keys(), defaults=Preferences())
        first = asyncio.ensure_future(Worker(database, {KIND: hooks.deliver}).run())
        await server.wait_for(1)
        first.cancel()
        await asyncio.wait([first])
        await hooks.close()
        await outbound.close()
        async with working(database):
            await until_idle(database)
        tokens = {request.headers["i-twilio-idempotency-token"] for request in server.requests}
        assert (len(server.requests), len(tokens)) == (2, 1)


async def test_redaction_leaves_no_text_in_the_record(database: Database) -> None:
    async with running(Server(answer("500 Oops", b"you said hello"))) as server, working(database):
        await queue(database, told(server, "sent"), told(server, "sent", resource=OTHER))
        await until_idle(database)
    async with database.unit() as unit:
        await forget(unit, Forgotten(ACCOUNT, MESSAGE))
    rows = await database.fetch("select resource_sid, error_code, detail from deliveries order by id")
    kept = {row["resource_sid"]: (row["error_code"], row["detail"] is None) for row in rows}
    assert kept == {MESSAGE: (11200, True), OTHER: (11200, False)}


async def test_patience_ends(database: Database) -> None:
    """An older job that nobody runs delays its follower, but not for ever."""
    async with running(Server(OK)) as server:
        await queue(database, told(server, "sent"))
    older = await database.fetchval("select id from jobs")
    sequence = FirstAttempts(database, patience_s=0.1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with sequence.turn((ACCOUNT, f"webhook:{MESSAGE}", older + 1), follows=True):
        assert loop.time() - began >= 0.09
    began = loop.time()
    async with sequence.turn((ACCOUNT, f"webhook:{MESSAGE}", older - 1), follows=True):
        assert loop.time() - began < 0.09
    await sequence.close()
