"""Queues on a real database: lines that nobody jumps, and what REST shows and changes of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asking import Asker

from localloop.core import clock, sids
from localloop.products.voice import queue
from localloop.products.voice.calls import Document
from localloop.products.voice.queue import desk, queries
from localloop.products.voice.queue.desk import Caller as Coming
from localloop.products.voice.queue.desk import Entered, Refused, Taken, Unknown, Waits
from localloop.rest.request import Caller, PageRequest
from localloop.store import Database
from tests.api.voice.conftest import NewAccount, Noted, refusal


@pytest.fixture
def ask(database: Database, calls: Noted) -> Asker:
    return Asker(queue.bindings(database, calls))


def coming(caller: Caller, ago: int = 0) -> Coming:
    at = clock.now(caller.world_sid) - timedelta(seconds=ago)
    return Coming(account_sid=caller.account_sid, world_sid=caller.world_sid, call_id=sids.new_id(), at=at)


async def enter(database: Database, call: Coming, name: str = "support", wanted: int | None = None) -> Any:
    async with database.unit() as unit:
        return await desk.enter(unit, call, name, wanted)


async def dial(database: Database, call: Coming, name: str = "support") -> Any:
    async with database.unit() as unit:
        return await desk.dial(unit, call, name)


def sid(call: Coming) -> str:
    return sids.from_uuid("CA", call.call_id)


async def test_first_come_first_taken(database: Database, caller: Caller) -> None:
    first, second, agent = coming(caller, ago=60), coming(caller, ago=20), coming(caller)
    entered = [await enter(database, call) for call in (first, second)]
    assert all(isinstance(each, Entered) and each.taken is None for each in entered)
    standing = await desk.standing(database, agent, entered[0].queue_sid)
    assert standing is not None  # who was taken from it a moment ago was its first
    assert (standing.position, standing.seconds) == (1, 0)
    told = await desk.standing(database, at(second, agent), entered[0].queue_sid)
    assert told is not None
    assert (told.position, told.seconds, told.average, told.size, told.max_size) == (2, 20, 40, 2, 1000)
    taken = await dial(database, agent)
    assert taken == Taken(entered[0].queue_sid, sid(agent), sid(first), 60)


def at(call: Coming, other: Coming) -> Coming:
    """The call at the time of another."""
    return Coming(account_sid=call.account_sid, world_sid=call.world_sid, call_id=call.call_id, at=other.at)


async def test_an_empty_queue_is_waited_at(database: Database, caller: Caller) -> None:
    assert isinstance(await dial(database, coming(caller)), Unknown)
    visitor = coming(caller)
    queue_sid = (await enter(database, visitor)).queue_sid
    async with database.unit() as unit:
        gone = await desk.leave(unit, visitor)
    assert gone is not None
    early, late = coming(caller), coming(caller)
    assert await dial(database, early) == await dial(database, late) == Waits(queue_sid)
    async with database.unit() as unit:
        await desk.give_up(unit, early)
    entered = await enter(database, visitor)
    assert entered.taken == Taken(queue_sid, sid(late), sid(visitor), 0)
    assert await queries.next_taker(database, await found(database, caller, queue_sid)) is None


async def found(database: Database, caller: Caller, queue_sid: str) -> queries.Queue:
    there = await queries.get(database, caller.account_sid, queue_sid)
    assert there is not None
    return there


async def test_nobody_is_taken_twice(database: Database, caller: Caller) -> None:
    callers = [coming(caller) for _ in range(8)]
    for each in callers:
        await enter(database, each)
    taken = await asyncio.gather(*(dial(database, coming(caller)) for _ in range(8)))
    assert {each.caller_sid for each in taken} == {sid(each) for each in callers}


async def test_a_queue_does_not_grow_past_its_size(database: Database, caller: Caller, ask: Asker) -> None:
    await ask.item("api.v2010.CreateQueue", caller, {"FriendlyName": "support", "MaxSize": 5})
    arrivals = await asyncio.gather(*(enter(database, coming(caller)) for _ in range(9)))
    refused = [each for each in arrivals if isinstance(each, Refused)]
    assert len(refused) == 4
    assert {(each.way, each.code) for each in refused} == {("full", 14207)}
    assert (await enter(database, coming(caller), "sales", 1)).taken is None
    assert isinstance(await enter(database, coming(caller), "sales", 1), Refused)
    assert (await enter(database, coming(caller), "")).code == 14204


async def test_a_queue_as_rest_shows_it(database: Database, caller: Caller, ask: Asker) -> None:
    made = await ask.item("api.v2010.CreateQueue", caller, {"FriendlyName": "support"})
    assert (made["max_size"], made["current_size"], made["average_wait_time"]) == (1000, 0, 0)
    for ago in (100, 50):
        await enter(database, coming(caller, ago))
    shown = await ask.item("api.v2010.FetchQueue", caller, Sid=made["sid"])
    assert (shown["current_size"], shown["average_wait_time"]) == (2, 75)
    changed = await ask.item(
        "api.v2010.UpdateQueue", caller, {"FriendlyName": "help", "MaxSize": 1}, Sid=made["sid"]
    )
    assert (changed["friendly_name"], changed["max_size"], changed["current_size"]) == ("help", 1, 2)
    assert await refusal(ask("api.v2010.DeleteQueue", caller, Sid=made["sid"])) == (409, 20409)
    for _ in range(2):
        await dial(database, coming(caller), "help")
    await ask("api.v2010.DeleteQueue", caller, Sid=made["sid"])
    assert await refusal(ask("api.v2010.FetchQueue", caller, Sid=made["sid"])) == (404, 20404)


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"FriendlyName": "taken"}, (409, 20409)),
        ({"FriendlyName": ""}, (400, 20001)),
        ({"FriendlyName": "x" * 65}, (400, 20002)),
        ({"FriendlyName": "a", "MaxSize": 0}, (400, 20001)),
        ({"FriendlyName": "a", "MaxSize": 5001}, (400, 20001)),
    ],
)
async def test_what_is_no_queue(
    caller: Caller, ask: Asker, params: dict[str, Any], refused: tuple[int, int]
) -> None:
    await ask.item("api.v2010.CreateQueue", caller, {"FriendlyName": "taken"})
    assert await refusal(ask("api.v2010.CreateQueue", caller, params)) == refused


async def test_members_one_by_one(
    database: Database, caller: Caller, ask: Asker, calls: Noted, new_account: NewAccount
) -> None:
    waiting = [coming(caller, ago) for ago in (30, 20, 10)]
    entered = [await enter(database, each) for each in waiting]
    queue_sid = entered[0].queue_sid
    listed = await ask.items("api.v2010.ListMember", caller, QueueSid=queue_sid)
    assert [(each["call_sid"], each["position"], each["wait_time"]) for each in listed.items] == [
        (sid(waiting[0]), 1, 30),
        (sid(waiting[1]), 2, 20),
        (sid(waiting[2]), 3, 10),
    ]
    second = await ask.items(
        "api.v2010.ListMember", caller, page=PageRequest(size=1, after=sid(waiting[0])), QueueSid=queue_sid
    )
    assert ([each["position"] for each in second.items], second.more, second.earlier) == ([2], True, True)
    front = await ask.item("api.v2010.FetchMember", caller, QueueSid=queue_sid, CallSid="Front")
    assert front["call_sid"] == sid(waiting[0])

    sent = {"Url": "https://example.com/next", "Method": "GET"}
    await ask.item("api.v2010.UpdateMember", caller, sent, QueueSid=queue_sid, CallSid=sid(waiting[1]))
    await ask.item("api.v2010.UpdateMember", caller, sent, QueueSid=queue_sid, CallSid="Front")
    document = Document("https://example.com/next", "GET")
    assert calls.redirected == [(waiting[1].call_id, document), (waiting[0].call_id, document)]
    left = await ask.items("api.v2010.ListMember", caller, QueueSid=queue_sid)
    assert [each["call_sid"] for each in left.items] == [sid(waiting[2])]
    gone = ask("api.v2010.UpdateMember", caller, sent, QueueSid=queue_sid, CallSid=sid(waiting[0]))
    assert await refusal(gone) == (404, 20404)
    stranger = await new_account()
    assert await refusal(ask("api.v2010.ListMember", stranger, QueueSid=queue_sid)) == (404, 20404)


async def test_pages_of_queues(caller: Caller, ask: Asker) -> None:
    made = [
        (await ask.item("api.v2010.CreateQueue", caller, {"FriendlyName": name}))["sid"] for name in "abc"
    ][::-1]
    first = await ask.items("api.v2010.ListQueue", caller, page=PageRequest(size=2))
    assert ([each["sid"] for each in first.items], first.more, first.earlier) == (made[:2], True, False)
    last = await ask.items("api.v2010.ListQueue", caller, page=PageRequest(size=2, after=made[1]))
    assert ([each["sid"] for each in last.items], last.more, last.earlier) == (made[2:], False, True)
    back = await ask.items("api.v2010.ListQueue", caller, page=PageRequest(size=2, before=made[2]))
    assert [each["sid"] for each in back.items] == made[:2]
