"""A carrier outside the house: what is durable before it is asked, and what a death over it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from http_server import Server, answer, running

from localloop.carriers import Accepted, Carrier, Receipt, Refused, Submission
from localloop.core import clock, sids
from localloop.core.errors import ApiError
from localloop.jobs import Worker
from localloop.jobs.claims import Claims
from localloop.products.messaging.message import queries
from localloop.products.messaging.message.accept import SEND
from localloop.products.messaging.message.lifecycle import Status
from localloop.products.messaging.message.outcome import Outcome
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message
from localloop.rest.request import Caller
from tests.api.messaging.conftest import Phone

OK = answer("204 No Content", length=False)


class Outside:
    """Takes messages when it is let; every submission is remembered."""

    is_outside = True

    def __init__(self) -> None:
        self.submitted: list[str] = []
        self.is_open = asyncio.Event()
        self.asked = asyncio.Event()
        self.error_code: int | None = None

    async def submit(self, submission: Submission) -> Accepted | Refused:
        self.submitted.append(submission.message_sid)
        self.asked.set()
        await self.is_open.wait()
        if self.error_code is not None:
            return Refused(self.error_code)
        at = clock.now(submission.world_sid)
        return Accepted(Receipt(submission.message_sid, submission.account_sid, "delivered", at))

    async def close(self) -> None: ...


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def carrier(outside: Outside) -> Carrier:
    return outside


async def test_sending_is_seen_while_the_carrier_takes_its_time(
    working: Phone, caller: Caller, outside: Outside
) -> None:
    async with running(Server(OK)) as application:
        sent = await working.send(caller, StatusCallback=application.url)
        await outside.asked.wait()
        assert (await working.fetch(caller, sent["sid"]))["status"] == "sending"
        for late in ({"Status": "canceled"}, {"Body": ""}):
            with pytest.raises(ApiError) as refused:
                await working.update(caller, sent["sid"], **late)
            assert refused.value.code == (30409 if "Status" in late else 20009)
        outside.is_open.set()
        await working.idle()
        told = [request.form["MessageStatus"] for request in application.requests]
    # Twilio tells nobody of `sending` (Twilio: "Outbound Message Status in Status Callbacks").
    assert told == ["sent", "delivered"]
    assert (await working.fetch(caller, sent["sid"]))["status"] == "delivered"


async def test_what_the_carrier_refuses_has_failed(working: Phone, caller: Caller, outside: Outside) -> None:
    outside.error_code = 30007
    outside.is_open.set()
    async with running(Server(OK)) as application:
        sent = await working.send(caller, StatusCallback=application.url)
        await working.idle()
        [request] = application.requests
    assert (request.form["MessageStatus"], request.form["ErrorCode"]) == ("failed", "30007")
    done = await working.fetch(caller, sent["sid"])
    assert (done["status"], done["error_code"], done["price"]) == ("failed", 30007, None)
    assert (done["error_message"], done["date_sent"]) == ("Message filtered", None)


async def test_a_canceled_message_never_reaches_the_carrier(
    server: Phone, caller: Caller, outside: Outside
) -> None:
    sent = await server.send(caller)
    [job], _ = await _claims(server).take(1)
    await server.update(caller, sent["sid"], Status="canceled")
    await server.messaging.handlers()[SEND](job)
    assert outside.submitted == []


def _claims(server: Phone) -> Claims:
    return Claims(server.database, 10, timedelta(seconds=60))


async def test_who_dies_over_a_submission_leaves_it_to_another(
    server: Phone, caller: Caller, outside: Outside
) -> None:
    """At most the repetition that docs/concepts/durability.md admits: the carrier is asked twice, the rest is once."""
    async with running(Server(OK)) as application:
        sent = await server.send(caller, StatusCallback=application.url)
        [job], _ = await _claims(server).take(1)
        dying = asyncio.ensure_future(server.messaging.handlers()[SEND](job))
        await outside.asked.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert (await server.fetch(caller, sent["sid"]))["status"] == "sending"

        outside.is_open.set()
        await server.database.execute("update jobs set run_at = $1", clock.now())  # the lease is over
        await _work(server, lambda: server.idle())
        told = [request.form["MessageStatus"] for request in application.requests]
    assert outside.submitted == [sent["sid"], sent["sid"]]
    assert told == ["sent", "delivered"]
    assert (await server.fetch(caller, sent["sid"]))["status"] == "delivered"


async def test_what_comes_of_a_message_twice_at_once_comes_one_after_the_other(
    server: Phone, caller: Caller
) -> None:
    """Sent, and delivered before that is written: a carrier may be quicker than our own batch."""
    sid = (await server.send(caller))["sid"]
    [job], _ = await _claims(server).take(1)
    message = await queries.get(server.database, caller.account_sid, sids.uuid_of(sid))
    assert message is not None
    outcomes = [
        Outcome(message=message, change=_change(message, "sent"), job=job),
        Outcome(message=message, change=_change(message, "delivered")),
        Outcome(message=message, change=_change(message, "delivered")),
    ]
    async with server.database.unit() as unit:
        written = await server.messaging._outcomes._flush(unit.connection, outcomes)
    assert [each.is_held for each in written] == [True, True, False]
    assert (await server.fetch(caller, sid))["status"] == "delivered"
    assert await server.database.fetchval("select count(*) from jobs") == 0


async def test_only_one_of_two_may_submit(server: Phone, caller: Caller) -> None:
    sid = (await server.send(caller))["sid"]
    message = await queries.get(server.database, caller.account_sid, sids.uuid_of(sid))
    assert message is not None
    outcomes = [Outcome(message=message, change=_change(message, "sending")) for _ in range(2)]
    async with server.database.unit() as unit:
        written = await server.messaging._outcomes._flush(unit.connection, outcomes)
    assert [each.is_held for each in written] == [True, False]


def _change(message: Message, status: Status) -> Change:
    return Change(account_sid=message.account_sid, id=message.id, status=status, at=clock.now())


async def _work(server: Phone, until: Callable[[], object]) -> None:
    webhooks = server.messaging.webhooks
    assert webhooks is not None
    worker = Worker(server.database, {"webhook": webhooks.deliver, **server.messaging.handlers()})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        await until()  # type: ignore[misc]
        worker.stop()
