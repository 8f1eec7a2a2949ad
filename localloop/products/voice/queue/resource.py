"""`/Queues` and their members: made, measured, and emptied one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
from msgspec import Struct, structs

from localloop.core import errors, sids
from localloop.products.voice.calls import Calls, Document, Whose
from localloop.products.voice.queue import line, queries
from localloop.products.voice.queue.queries import Member, NewQueue, Queue, Statistics
from localloop.rest.request import Binding, Deleted, Item, Items, PageRequest, Request
from localloop.store import Database

NOBODY: Final = Statistics()


class Shown(Struct, frozen=True, kw_only=True):
    """One queue as its API shows it."""

    sid: str
    account_sid: str
    friendly_name: str
    max_size: int
    current_size: int
    average_wait_time: int
    date_created: datetime
    date_updated: datetime


class ShownMember(Struct, frozen=True, kw_only=True):
    call_sid: str
    queue_sid: str
    date_enqueued: datetime
    position: int
    wait_time: int


class Queues(Struct, frozen=True):
    database: Database
    calls: Calls

    async def create(self, request: Request) -> Item:
        """Raises 20001, 20002, and 20409 for a name that another queue has."""
        new = NewQueue(
            account_sid=request.account_sid,
            world_sid=request.world_sid,
            friendly_name=_name(request.params),
            max_size=_max_size(request.params) or line.USUAL_SIZE,
            at=request.now,
        )
        queue = await queries.create(self.database, new)
        if queue is None:
            raise _taken(new.friendly_name)
        return Item(fields=_shown(queue, NOBODY))

    async def fetch(self, request: Request) -> Item:
        return await self._item(request, await self._found(request, "Sid"))

    async def list(self, request: Request) -> Items:
        page = request.page or PageRequest()
        edges = (_edge(page.after), _edge(page.before))
        found = await queries.page(self.database, request.account_sid, edges, page.size + 1)
        backwards, is_more = page.before is not None, len(found) > page.size
        rows = found[-page.size :] if backwards else found[: page.size]
        numbers = await queries.statistics(self.database, request.account_sid, rows, request.now)
        return Items(
            items=[_shown(queue, numbers.get(queue.id, NOBODY)) for queue in rows],
            more=is_more or backwards,
            earlier=is_more if backwards else page.after is not None,
        )

    async def update(self, request: Request) -> Item:
        queue = await self._found(request, "Sid")
        changed = structs.replace(
            queue,
            friendly_name=_name(request.params) if "FriendlyName" in request.params else queue.friendly_name,
            max_size=_max_size(request.params) or queue.max_size,
            date_updated=request.now,
        )
        try:
            written = await queries.update(self.database, changed)
        except asyncpg.UniqueViolationError:
            raise _taken(changed.friendly_name) from None
        if written is None:
            raise errors.not_found(request.address)
        return await self._item(request, written)

    async def delete(self, request: Request) -> Deleted:
        """Raises 20409 while somebody waits in it."""
        queue = await self._found(request, "Sid")
        async with self.database.unit() as unit:
            if not await queries.delete(unit, queue):
                raise errors.conflict("The queue is not empty")
        return Deleted()

    # Members ---------------------------------------------------------------------------------------------------

    async def members(self, request: Request) -> Items:
        """In the order in which they will be taken."""
        queue, page = await self._found(request, "QueueSid"), request.page or PageRequest()
        backwards = page.before is not None
        before = await self._position(queue, page.before)
        after = max(0, before - 1 - page.size) if backwards else await self._position(queue, page.after)
        size = min(page.size, before - 1) if backwards else page.size
        found = await queries.members(self.database, queue, after, size + 1)
        return Items(
            items=[_shown_member(each, request.now) for each in found[:size]],
            more=len(found) > size,
            earlier=after > 0,
            first_cursor=found[0].call_sid if found else None,
            last_cursor=found[:size][-1].call_sid if found[:size] else None,
        )

    async def member(self, request: Request) -> Item:
        return Item(fields=_shown_member(await self._member(request), request.now))

    async def dequeue(self, request: Request) -> Item:
        """Out of the line, and on with another document. Raises 20404, 21220."""
        member = await self._member(request)
        method: Literal["GET", "POST"] = "GET" if request.params.get("Method") == "GET" else "POST"
        whose = Whose(account_sid=request.account_sid, world_sid=request.world_sid, at=request.now)
        await self.calls.redirect(whose, member.call_id, Document(request.params["Url"], method))
        async with self.database.unit() as unit:
            await queries.leave(unit, request.account_sid, member.call_id)
        return Item(fields=_shown_member(member, request.now))

    async def exists(self, account_sid: str, sid: str) -> bool:
        return await queries.get(self.database, account_sid, sid) is not None

    async def _position(self, queue: Queue, call_sid: str | None) -> int:
        """Where the row of a cursor stands; in front of all once it is out of the line."""
        found = await queries.member(self.database, queue, call_sid) if call_sid else None
        return found.position if found else 0

    async def _member(self, request: Request) -> Member:
        queue = await self._found(request, "QueueSid")
        found = await queries.member(self.database, queue, request.ids["CallSid"])
        if found is None:
            raise errors.not_found(request.address)
        return found

    async def _found(self, request: Request, name: str) -> Queue:
        queue = await queries.get(self.database, request.account_sid, request.ids[name])
        if queue is None:
            raise errors.not_found(request.address)
        return queue

    async def _item(self, request: Request, queue: Queue) -> Item:
        numbers = await queries.statistics(self.database, request.account_sid, [queue], request.now)
        return Item(fields=_shown(queue, numbers.get(queue.id, NOBODY)))


def _name(params: Mapping[str, Any]) -> str:
    """Raises 20001, 20002."""
    name = str(params.get("FriendlyName") or "")
    if not name:
        raise errors.invalid_parameter("FriendlyName", "It must not be empty")
    if line.name_fault(name):
        raise errors.invalid_friendly_name()
    return name


def _max_size(params: Mapping[str, Any]) -> int | None:
    """Raises 20001."""
    size = params.get("MaxSize")
    if size is not None and not 1 <= size <= line.MOST:
        raise errors.invalid_parameter("MaxSize", f"It must be between 1 and {line.MOST}")
    return size


def _taken(name: str) -> Exception:
    return errors.conflict(f"There is a queue with the name {name}")


def _edge(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    if not sids.is_sid(cursor, "QU"):
        raise errors.invalid_page_token()
    return sids.uuid_of(cursor)


def _shown(queue: Queue, numbers: Statistics) -> dict[str, Any]:
    return structs.asdict(
        Shown(
            sid=queue.sid,
            account_sid=queue.account_sid,
            friendly_name=queue.friendly_name,
            max_size=queue.max_size,
            current_size=numbers.size,
            average_wait_time=numbers.average,
            date_created=queue.date_created,
            date_updated=queue.date_updated,
        )
    )


def _shown_member(member: Member, now: datetime) -> dict[str, Any]:
    return structs.asdict(
        ShownMember(
            call_sid=member.call_sid,
            queue_sid=member.queue_sid,
            date_enqueued=member.since,
            position=member.position,
            wait_time=line.seconds_since(member.since, now),
        )
    )


def bindings(database: Database, calls: Calls) -> tuple[Binding, ...]:
    queues = Queues(database, calls)
    return (
        Binding(
            resource="api.v2010.Queue",
            operations={
                "CreateQueue": queues.create,
                "FetchQueue": queues.fetch,
                "ListQueue": queues.list,
                "UpdateQueue": queues.update,
                "DeleteQueue": queues.delete,
            },
            record=Shown,
            exists=queues.exists,
        ),
        Binding(
            resource="api.v2010.Member",
            operations={
                "ListMember": queues.members,
                "FetchMember": queues.member,
                "UpdateMember": queues.dequeue,
            },
            record=ShownMember,
        ),
    )
