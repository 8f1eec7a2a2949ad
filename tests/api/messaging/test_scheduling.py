"""Messages that wait for their moment: 15 minutes to 35 days ahead, in a messaging service, until it is too late to
cancel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from http_server import Server, answer, running

from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.products.messaging.message import scheduled
from localloop.rest.request import Caller
from tests.api.messaging.conftest import FROM, Phone, advance
from tests.api.messaging.test_services import SECOND, add_number, make_service, refused, send

OK = answer("204 No Content", length=False)
HOUR = timedelta(hours=1)


async def schedule(phone: Phone, caller: Caller, service: str, ahead: timedelta = HOUR, **params: Any) -> Any:
    at: datetime = clock.now(caller.world_sid).replace(microsecond=0) + ahead
    return await send(phone, caller, service, ScheduleType="fixed", SendAt=at, **params)


async def waiting(phone: Phone, caller: Caller) -> int:
    sql = "select waiting from scheduled_messages where account_sid = $1"
    return int(await phone.database.fetchval(sql, caller.account_sid) or 0)


async def test_it_is_sent_at_its_moment(frozen: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        service = await make_service(frozen, caller, FROM)
        sent = await schedule(frozen, caller, service, StatusCallback=application.url)
        assert (sent["status"], sent["from"], sent["num_segments"]) == ("scheduled", None, "0")
        assert await waiting(frozen, caller) == 1
        await advance(frozen, caller, HOUR - timedelta(seconds=2))
        assert (await frozen.fetch(caller, sent["sid"]))["status"] == "scheduled"
        await advance(frozen, caller, timedelta(seconds=2))
        done = await frozen.fetch(caller, sent["sid"])
        statuses = [request.form["MessageStatus"] for request in application.requests]
    assert (done["status"], done["from"], done["num_segments"]) == ("delivered", FROM, "1")
    assert done["date_sent"] - done["date_created"] >= HOUR - timedelta(seconds=1)
    assert statuses == ["queued", "sent", "delivered"]
    assert await waiting(frozen, caller) == 0


async def test_a_short_validity_begins_at_the_moment(frozen: Phone, caller: Caller) -> None:
    service = await make_service(frozen, caller, FROM, ValidityPeriod=60)
    sent = await schedule(frozen, caller, service)
    await advance(frozen, caller, HOUR)
    assert (await frozen.fetch(caller, sent["sid"]))["status"] == "delivered"


async def test_what_is_canceled_is_told_and_never_sent(frozen: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        service = await make_service(frozen, caller, FROM)
        sent = await schedule(frozen, caller, service, StatusCallback=application.url)
        canceled = await frozen.update(caller, sent["sid"], Status="canceled")
        assert canceled["status"] == "canceled"
        assert await refused(frozen.update(caller, sent["sid"], Status="canceled")) == 30409
        await advance(frozen, caller, 2 * HOUR)
        statuses = [request.form["MessageStatus"] for request in application.requests]
    assert statuses == ["canceled"]
    assert (await frozen.fetch(caller, sent["sid"]))["status"] == "canceled"
    assert await waiting(frozen, caller) == 0


async def test_what_was_sent_can_not_be_canceled(frozen: Phone, caller: Caller) -> None:
    service = await make_service(frozen, caller, FROM)
    sent = await schedule(frozen, caller, service)
    await advance(frozen, caller, HOUR)
    assert await refused(frozen.update(caller, sent["sid"], Status="canceled")) == 30409


async def test_the_pool_is_asked_at_the_moment(frozen: Phone, caller: Caller) -> None:
    service = await make_service(frozen, caller)
    early = await schedule(frozen, caller, service)
    late = await schedule(frozen, caller, service, 2 * HOUR)
    await advance(frozen, caller, HOUR)
    failed = await frozen.fetch(caller, early["sid"])
    assert (failed["status"], failed["error_code"]) == ("failed", 21704)
    await add_number(frozen, caller, service, SECOND)
    gone = await schedule(frozen, caller, service, 2 * HOUR)
    await advance(frozen, caller, HOUR)
    assert (await frozen.fetch(caller, late["sid"]))["from"] == SECOND
    await frozen.ask("messaging.v1.DeleteService", caller, Sid=service)
    await advance(frozen, caller, HOUR)
    assert (await frozen.fetch(caller, gone["sid"]))["error_code"] == 21701


async def test_a_sender_may_be_named_ahead(frozen: Phone, caller: Caller) -> None:
    service = await make_service(frozen, caller, FROM, SECOND)
    sent = await schedule(frozen, caller, service, From=SECOND)
    assert (sent["status"], sent["from"]) == ("scheduled", SECOND)
    await advance(frozen, caller, HOUR)
    assert (await frozen.fetch(caller, sent["sid"]))["from"] == SECOND


async def test_an_account_schedules_so_many(
    server: Phone, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled, "LIMIT", 2)
    service = await make_service(server, caller, FROM)
    first = await schedule(server, caller, service)
    await schedule(server, caller, service)
    assert await refused(schedule(server, caller, service)) == 35125
    assert await waiting(server, caller) == 2
    await server.update(caller, first["sid"], Status="canceled")
    await schedule(server, caller, service)
    assert await waiting(server, caller) == 2


async def test_a_closed_account_sends_nothing_of_it(frozen: Phone, caller: Caller) -> None:
    service = await make_service(frozen, caller, FROM)
    sent = await schedule(frozen, caller, service)
    async with frozen.database.unit() as unit:
        await frozen.messaging.closing(unit, caller.account_sid)
    await advance(frozen, caller, HOUR)
    assert (await frozen.fetch(caller, sent["sid"]))["status"] == "canceled"


async def test_a_moment_that_is_none(server: Phone) -> None:
    [binding] = [each for each in server.messaging.bindings() if each.resource == "api.v2010.Message"]
    refusal = binding.errors["SendAt"]("soon")
    assert isinstance(refusal, ApiError)
    assert refusal.code == 35117
