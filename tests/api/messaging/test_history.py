"""A message keeps the states that it went through, each with its moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localloop.core import clock, sids
from localloop.products.messaging.message import queries
from localloop.products.messaging.message.queries import Change
from localloop.rest.request import Caller
from tests.api.messaging.conftest import TO, Phone


async def history(server: Phone, sid: str) -> Any:
    return await server.database.fetchval("select history from messages where id = $1", sids.uuid_of(sid))


async def test_a_new_message_has_none(server: Phone, caller: Caller) -> None:
    assert await history(server, (await server.send(caller))["sid"]) is None


async def test_every_state_with_its_moment(working: Phone, caller: Caller) -> None:
    sent = await working.send(caller)
    await working.idle()
    states = await history(working, sent["sid"])
    assert [status for status, _ in states] == ["queued", "sent", "delivered"]
    moments = [datetime.fromisoformat(at) for _, at in states]
    assert moments == sorted(moments)
    row = await working.database.fetchrow("select date_created, date_sent, date_updated from messages")
    assert row is not None
    assert moments == [row["date_created"], row["date_sent"], row["date_updated"]]


async def test_a_message_that_came_in(working: Phone, caller: Caller) -> None:
    await working.own(caller, TO)
    await working.send(caller)
    await working.idle()
    rows = await working.database.fetch("select history from messages where direction = 'inbound'")
    assert [[status for status, _ in row["history"]] for row in rows] == [["receiving", "received"]]


async def test_a_canceled_message(server: Phone, caller: Caller) -> None:
    sid = (await server.send(caller))["sid"]
    await server.update(caller, sid, Status="canceled")
    assert [status for status, _ in await history(server, sid)] == ["queued", "canceled"]


async def test_a_change_that_does_not_hold_leaves_no_trace(working: Phone, caller: Caller) -> None:
    sid = (await working.send(caller))["sid"]
    await working.idle()
    before = await history(working, sid)
    change = Change(
        account_sid=caller.account_sid, id=sids.uuid_of(sid), status="sent", at=clock.now(caller.world_sid)
    )
    async with working.database.unit() as unit:
        assert await queries.advance(unit, [change], [caller.world_sid]) == set()
    await working.update(caller, sid, Body="")
    assert await history(working, sid) == before
