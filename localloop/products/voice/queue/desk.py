"""What happens at a queue, in the unit of work of the call that it happens to: entering, leaving, being taken.

The desk answers with what other calls must be told; whoever holds the calls (`Calls`) tells them in the same unit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from localloop.core import sids
from localloop.products.voice.queue import line, queries
from localloop.products.voice.queue.line import Standing
from localloop.products.voice.queue.queries import Member, NewQueue, Queue
from localloop.store import Executor


class Caller(Struct, frozen=True, kw_only=True):
    """A call that comes to a queue."""

    account_sid: str
    world_sid: str
    call_id: UUID
    at: datetime


class Taken(Struct, frozen=True, tag=True):
    """Two calls that are to be connected."""

    queue_sid: str
    taker_sid: str
    caller_sid: str
    waited: int  # seconds


class Entered(Struct, frozen=True, tag=True):
    """It stands in the line. `taker`: a call that had waited for a caller takes it at once."""

    queue_sid: str
    taken: Taken | None = None


class Refused(Struct, frozen=True, tag=True):
    """It does not. `code`: 14204, 14205, 14207."""

    way: Literal["full", "refused"]
    code: int
    queue_sid: str = ""


class Waits(Struct, frozen=True, tag=True):
    """The queue is empty; the call that dials it is told when somebody comes."""

    queue_sid: str


class Unknown(Struct, frozen=True, tag=True):
    """There is no such queue."""

    code: int | None = None  # 14212, 14213: nor can there be


Arrival: TypeAlias = Entered | Refused
Dialling: TypeAlias = Taken | Waits | Unknown


async def enter(unit: Executor, caller: Caller, name: str, wanted: int | None = None) -> Arrival:
    """<Enqueue>: the queue is made when it is first named, of the usual size or the one that is wanted."""
    fault = line.name_fault(name)
    if fault is not None:
        return Refused("refused", fault)
    size = min(wanted or line.USUAL_SIZE, line.MOST)
    new = NewQueue(
        account_sid=caller.account_sid,
        world_sid=caller.world_sid,
        friendly_name=name,
        max_size=size,
        at=caller.at,
    )
    queue = await queries.made(unit, new)
    if not await queries.enter(unit, queue, caller.call_id, caller.at, wanted):
        return Refused("full", line.FULL, queue.sid)
    return Entered(queue.sid, await _matched(unit, queue, caller.at))


async def dial(unit: Executor, taker: Caller, name: str) -> Dialling:
    """<Dial><Queue>: the caller who has waited longest, or the next to come."""
    fault = line.name_fault(name, dialled=True)
    queue = await queries.find(unit, taker.account_sid, name) if fault is None else None
    if queue is None:
        return Unknown(fault)
    front = await queries.take_front(unit, queue)
    if front is None:
        await queries.wait_for_caller(unit, queue, taker.call_id)
        return Waits(queue.sid)
    return _taken(front, taker.call_id, taker.at)


async def give_up(unit: Executor, taker: Caller) -> None:
    """A call that waited for a caller has ended, or its <Dial> timed out."""
    await queries.stop_waiting(unit, taker.account_sid, taker.call_id)


async def leave(unit: Executor, caller: Caller) -> Member | None:
    """Hung up, <Leave>, redirected: None for a call that is in no queue."""
    return await queries.leave(unit, caller.account_sid, caller.call_id)


async def standing(executor: Executor, caller: Caller, queue_sid: str) -> Standing | None:
    """What the call that waits is told of its queue; None when that is no more. Who was taken from it a moment ago and
    does not know yet was its first."""
    queue = await queries.get(executor, caller.account_sid, queue_sid)
    if queue is None:
        return None
    own = await queries.member(executor, queue, sids.from_uuid("CA", caller.call_id))
    numbers = (await queries.statistics(executor, caller.account_sid, [queue], caller.at)).get(queue.id)
    return Standing(
        queue_sid=queue_sid,
        position=own.position if own is not None else 1,
        seconds=line.seconds_since(own.since, caller.at) if own is not None else 0,
        average=numbers.average if numbers is not None else 0,
        size=numbers.size if numbers is not None else 0,
        max_size=queue.max_size,
    )


async def _matched(unit: Executor, queue: Queue, at: datetime) -> Taken | None:
    taker = await queries.next_taker(unit, queue)
    if taker is None:
        return None
    front = await queries.take_front(unit, queue)
    return None if front is None else _taken(front, taker, at)


def _taken(member: Member, taker: UUID, at: datetime) -> Taken:
    return Taken(
        queue_sid=member.queue_sid,
        taker_sid=sids.from_uuid("CA", taker),
        caller_sid=member.call_sid,
        waited=line.seconds_since(member.since, at),
    )
