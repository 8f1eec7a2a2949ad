"""What the console reads of calls, conferences and queues: read-only, and never beyond the session's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.console.filters import Conditions
from localloop.console.queries import DELIVERY, IN_SCOPE, REQUEST, Row, Scope, Slice, page_of
from localloop.store import Executor

CALL: Final = (
    "c.account_sid, c.id, c.world_sid, c.status, c.direction, c.from_address, c.to_address, c.parent_id,"
    " c.start_time, c.answer_time, c.end_time, c.price, c.answered_by, c.queue_ms, c.date_created, c.date_updated,"
    " c.options->>'caller_id' as caller_id, l.version"
)
LIVE: Final = "left join live_calls l on l.account_sid = c.account_sid and l.id = c.id"
_MOST_CHILDREN: Final = 50
_MOST_LINES: Final = 2_000
_MOST_DELIVERIES: Final = 500
_COMPACT_FOR: Final = 600_000 << 80  # ten minutes, as they stand in an id


class Family(Struct, frozen=True):
    """A call and those that it dialled: of one account."""

    account_sid: str
    world_sid: str
    ids: tuple[UUID, ...]
    sids: tuple[str, ...]


async def calls(reader: Executor, scope: Scope, conditions: Conditions, part: Slice) -> list[Row]:
    """Newest first, one more than the limit when there are more."""
    return await page_of(reader, scope, f"select {CALL} from calls c {LIVE}", conditions, part)


async def call(reader: Executor, scope: Scope, call_id: UUID) -> Row | None:
    """One call, with what it was asked to do, and where it stands while it lives."""
    return await reader.fetchrow(
        f"select {CALL}, c.options, l.state from accounts a join calls c on c.account_sid = a.sid and c.id = $2 {LIVE}"
        f" where {IN_SCOPE}",
        scope.account_sid,
        call_id,
    )


async def calls_by_id(reader: Executor, scope: Scope, ids: Sequence[UUID]) -> list[Row]:
    if not ids:
        return []
    return await reader.fetch(
        f"select {CALL} from accounts a join calls c on c.account_sid = a.sid and c.id = any ($2) {LIVE}"
        f" where {IN_SCOPE} order by c.id",
        scope.account_sid,
        list(ids),
    )


async def children(reader: Executor, call: Row) -> list[Row]:
    """The calls that it dialled, in their order."""
    return await reader.fetch(
        f"select {CALL} from calls c {LIVE} where c.account_sid = $1 and c.parent_id = $2 order by c.id limit $3",
        call["account_sid"],
        call["id"],
        _MOST_CHILDREN,
    )


async def lines(reader: Executor, family: Family) -> list[Row]:
    """What was heard and said at the other ends, in its order: what all in a room hear is kept once, with the room. Of
    very many the newest."""
    return await reader.fetch(
        """select * from (
          select call_id, id, kind, body, at from phone_call_lines where world_sid = $1 and call_id = any ($2)
          union all
          select s.call_id, l.id, l.kind, l.body, l.at
          from phone_room_stays s join phone_call_lines l on l.world_sid = s.world_sid and l.call_id = s.room_id
            and l.id > s.since and (s.until is null or l.id < s.until)
          where s.world_sid = $1 and s.call_id = any ($2)
          order by id desc limit $3
        ) newest order by id""",
        family.world_sid,
        list(family.ids),
        _MOST_LINES,
    )


async def deliveries(reader: Executor, family: Family) -> list[Row]:
    """The requests to applications, oldest first, of very many the newest: what runs came with one of them. Those of
    which only the outcome is kept are found by their time."""
    first = min(family.ids)
    return await reader.fetch(
        f"""select * from (
          select {DELIVERY}, d.detail from deliveries d
          where d.account_sid = $1 and d.resource_sid = any ($2) and d.detail is not null
          union all
          select {DELIVERY}, d.detail from deliveries d
          where d.account_sid = $1 and d.resource_sid = any ($2) and d.detail is null and d.id between $3 and $4
          order by id desc limit $5
        ) newest order by id""",
        family.account_sid,
        list(family.sids),
        first,
        UUID(int=min(first.int + _COMPACT_FOR, (1 << 128) - 1)),
        _MOST_DELIVERIES,
    )


async def requests(reader: Executor, scope: Scope, call_sid: str) -> list[Row]:
    """What the API was asked about a call, oldest first: not by its other end, whose doings are on record themselves.
    `form` is the body of one that gave a document."""
    return await reader.fetch(
        f"""select {REQUEST}, case when q.detail->'request'->>'body' like '%Twiml=%'
          then q.detail->'request'->>'body' end as form
        from requests q join accounts a on a.sid = q.account_sid
        where q.resource_sid = $2 and not starts_with(q.path, '/lab/') and {IN_SCOPE} order by q.id limit 200""",
        scope.account_sid,
        call_sid,
    )


async def alerts(reader: Executor, family: Family) -> list[Row]:
    return await reader.fetch(
        "select id, error_code, log_level, resource_sid, delivery_id, facts, date_generated from alerts"
        " where account_sid = $1 and resource_sid = any ($2) order by id limit 200",
        family.account_sid,
        list(family.sids),
    )


async def recordings(reader: Executor, family: Family) -> list[Row]:
    return await reader.fetch(
        "select id, account_sid, call_id, conference_id, status, wish, start_time, duration, price, error_code,"
        " date_created, date_updated from recordings where account_sid = $1 and call_id = any ($2)"
        " order by id limit 100",
        family.account_sid,
        list(family.ids),
    )


async def recordings_of_conference(reader: Executor, conference: Row) -> list[Row]:
    return await reader.fetch(
        "select id, account_sid, call_id, conference_id, status, wish, start_time, duration, price, error_code,"
        " date_created, date_updated from recordings where account_sid = $1 and conference_id = $2"
        " order by id limit 100",
        conference["account_sid"],
        conference["id"],
    )


async def transcriptions(reader: Executor, account_sid: str, recording_ids: Sequence[UUID]) -> list[Row]:
    if not recording_ids:
        return []
    return await reader.fetch(
        "select id, recording_id, status, body from transcriptions where account_sid = $1 and recording_id = any ($2)"
        " order by id",
        account_sid,
        list(recording_ids),
    )


# Conferences and queues ------------------------------------------------------------------------------------------

_CONFERENCE: Final = (
    "f.account_sid, f.id, f.world_sid, f.friendly_name, f.status, f.state, f.date_created, f.date_updated,"
    " array(select p.state from conference_participants p where p.account_sid = f.account_sid"
    " and p.conference_id = f.id) as people"
)
_QUEUE: Final = (
    "q.account_sid, q.id, q.friendly_name, q.max_size, q.date_created, q.date_updated,"
    " (select count(*) from queue_members m where m.account_sid = q.account_sid and m.queue_id = q.id) as size,"
    " (select min(m.enqueued_at) from queue_members m where m.account_sid = q.account_sid and m.queue_id = q.id)"
    " as waiting_since,"
    " (select count(*) from queue_takers t where t.account_sid = q.account_sid and t.queue_id = q.id) as takers"
)


async def conferences(reader: Executor, scope: Scope, part: Slice) -> list[Row]:
    return await page_of(reader, scope, f"select {_CONFERENCE} from conferences f", Conditions("f"), part)


async def conference(reader: Executor, scope: Scope, conference_id: UUID) -> Row | None:
    return await reader.fetchrow(
        f"select {_CONFERENCE} from accounts a join conferences f on f.account_sid = a.sid and f.id = $2"
        f" where {IN_SCOPE}",
        scope.account_sid,
        conference_id,
    )


async def active_conference(reader: Executor, account_sid: str, name: str) -> Row | None:
    return await reader.fetchrow(
        f"select {_CONFERENCE} from conferences f"
        " where f.account_sid = $1 and f.friendly_name = $2 and f.status <> 'completed'",
        account_sid,
        name,
    )


async def queues(reader: Executor, scope: Scope, part: Slice) -> list[Row]:
    return await page_of(reader, scope, f"select {_QUEUE} from queues q", Conditions("q"), part)


async def queue(reader: Executor, scope: Scope, queue_id: UUID) -> Row | None:
    return await reader.fetchrow(
        f"select {_QUEUE} from accounts a join queues q on q.account_sid = a.sid and q.id = $2 where {IN_SCOPE}",
        scope.account_sid,
        queue_id,
    )


async def members(reader: Executor, queue: Row) -> list[Row]:
    """Those who wait, the first in front."""
    return await reader.fetch(
        "select m.call_id, m.enqueued_at from queue_members m where m.account_sid = $1 and m.queue_id = $2"
        " order by m.id limit 1000",
        queue["account_sid"],
        queue["id"],
    )


async def takers(reader: Executor, queue: Row) -> list[Row]:
    """Calls that wait for a caller, the first in front."""
    return await reader.fetch(
        "select t.call_id from queue_takers t where t.account_sid = $1 and t.queue_id = $2 order by t.id limit 100",
        queue["account_sid"],
        queue["id"],
    )


async def place_in_queue(reader: Executor, account_sid: str, call_id: UUID) -> Row | None:
    """The queue that a call waits in, and its place there from 1."""
    return await reader.fetchrow(
        "select q.id, q.friendly_name, m.enqueued_at, (select count(*) from queue_members o"
        "   where o.account_sid = m.account_sid and o.queue_id = m.queue_id and o.id <= m.id) as position"
        " from queue_members m join queues q on q.account_sid = m.account_sid and q.id = m.queue_id"
        " where m.account_sid = $1 and m.call_id = $2",
        account_sid,
        call_id,
    )
