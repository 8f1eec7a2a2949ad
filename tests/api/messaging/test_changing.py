"""Redacting, cancelling, deleting, and lists that grow while somebody pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from http_server import Server, answer, running

from localloop.carriers import phones
from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.rest.request import Caller, Deleted, PageRequest
from tests.api.messaging.conftest import FROM, TO, Phone

OK = answer("204 No Content", length=False)


async def test_nothing_in_flight_is_redacted_or_deleted(server: Phone, caller: Caller) -> None:
    sent = await server.send(caller)
    with pytest.raises(ApiError) as redacting:
        await server.update(caller, sent["sid"], Body="")
    with pytest.raises(ApiError) as deleting:
        await server.ask("api.v2010.DeleteMessage", caller, Sid=sent["sid"])
    assert (redacting.value.code, deleting.value.code) == (20009, 20009)


async def test_sent_is_still_in_flight(working: Phone, caller: Caller) -> None:
    """Its receipt may still carry the text to an owner in this world."""
    async with working.database.unit() as unit:
        await phones.set_phone(unit, caller.world_sid, TO, phones.Setting("slow", 60_000), clock.now())
    sent = await working.send(caller)
    await working.until("select exists (select from messages where status = 'sent')")
    with pytest.raises(ApiError) as deleting:
        await working.ask("api.v2010.DeleteMessage", caller, Sid=sent["sid"])
    with pytest.raises(ApiError) as redacting:
        await working.update(caller, sent["sid"], Body="")
    assert (deleting.value.status, deleting.value.code, redacting.value.code) == (409, 20009, 20009)


async def test_redacted_then_deleted(working: Phone, caller: Caller) -> None:
    sent = await working.send(caller)
    await working.idle()
    assert (await working.update(caller, sent["sid"], Body=""))["body"] == ""
    [kept] = await phones.list_messages(working.database, caller.world_sid, TO)
    assert kept.body == "hello"  # nobody takes a text back from a handset
    with pytest.raises(ApiError):
        await working.update(caller, sent["sid"], Body="other")
    assert await working.ask("api.v2010.DeleteMessage", caller, Sid=sent["sid"]) == Deleted()
    with pytest.raises(ApiError) as gone:
        await working.fetch(caller, sent["sid"])
    assert gone.value.status == 404


async def test_canceled_once_and_called_back(server: Phone, caller: Caller) -> None:
    async with running(Server(OK)) as application:
        sent = await server.send(caller, StatusCallback=application.url)
        assert (await server.update(caller, sent["sid"], Status="canceled"))["status"] == "canceled"
    kinds = [row["kind"] for row in await server.database.fetch("select kind from jobs")]
    assert kinds == ["webhook"]
    with pytest.raises(ApiError) as late:
        await server.update(caller, sent["sid"], Status="canceled")
    assert late.value.code == 30409


async def test_a_closed_account_sends_nothing_more(server: Phone, caller: Caller) -> None:
    sent = await server.send(caller)
    async with server.database.unit() as unit:
        await server.messaging.closing(unit, caller.account_sid)
    assert (await server.fetch(caller, sent["sid"]))["status"] == "canceled"
    assert not await server.database.fetchval("select count(*) from jobs")


async def test_another_account_sees_nothing(server: Phone, caller: Caller, stranger: Caller) -> None:
    sent = await server.send(caller)
    with pytest.raises(ApiError) as hidden:
        await server.fetch(stranger, sent["sid"])
    assert hidden.value.status == 404


async def test_paging_while_messages_are_added(server: Phone, caller: Caller) -> None:
    sids = [(await server.send(caller))["sid"] for _ in range(7)]
    seen: list[str] = []
    after = None
    while True:
        page = await server.ask.items("api.v2010.ListMessage", caller, page=PageRequest(size=3, after=after))
        seen += [row["sid"] for row in page.items]
        assert page.earlier == (after is not None)
        await server.send(caller)
        if not page.more:
            break
        after = seen[-1]
    assert seen == sids[::-1]
    back = await server.ask.items("api.v2010.ListMessage", caller, page=PageRequest(size=3, before=seen[3]))
    assert [row["sid"] for row in back.items] == seen[:3]
    assert (back.more, back.earlier) == (True, True)


async def test_filters(working: Phone, caller: Caller) -> None:
    await working.send(caller)
    await working.send(caller, To="+15558675311")
    await working.idle()
    now = clock.now(caller.world_sid)
    today = now.date()

    async def count(**params: Any) -> int:
        return len((await working.ask.items("api.v2010.ListMessage", caller, params)).items)

    assert await count(To=TO) == 1
    assert await count(To=TO, From=TO) == 0
    assert await count(**{"DateSent>": today - timedelta(days=1), "DateSent<": today}) == 2
    assert await count(**{"DateSent<": today - timedelta(days=2)}) == 0
    assert await count(**{"DateSent>": now + timedelta(minutes=1)}) == 0
    assert await count(DateSent=today + timedelta(days=2)) == 0
    assert await count(DateSent=now) == 2  # a moment means its day
    first = await working.fetch(caller, (await working.listed(caller))[0]["sid"])
    shown = first["date_sent"].replace(microsecond=0)  # what a program has seen
    assert await count(To=TO, **{"DateSent>": shown}) == 1
    assert await count(To=TO, **{"DateSent<": shown}) == 1
    assert await count(To=TO, **{"DateSent<": shown - timedelta(seconds=1)}) == 0
    assert await count(To=TO, From=FROM, **{"DateSent>": shown, "DateSent<": shown}) == 1
    assert await count(To=TO, From=TO, **{"DateSent>": shown}) == 0
