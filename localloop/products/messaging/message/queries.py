"""SQL of messages: the batched insert, the one status UPDATE, and pages.

Everything that a batch does is a handful of statements over many rows, so that a commit is shared by many messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.messaging.message.lifecycle import Status, predecessors
from localloop.products.messaging.message.resource import Feedback, Message, Options

_COLUMNS: Final = (
    "account_sid, id, world_sid, prefix, status, direction, from_address, to_address, body, num_segments, num_media,"
    " price, price_unit, error_code, messaging_service_sid, status_callback, options, date_created, date_sent,"
    " date_updated"
)
_NAMES: Final = _COLUMNS.split(", ")
_GET = f"select {_COLUMNS} from messages where account_sid = $1 and id = $2"
_GET_MANY = f"""
select {_COLUMNS} from messages
where (account_sid, id) in (select * from unnest($1::text[], $2::uuid[]))
"""
# With the moment in real time, where that is another.
_TAKEN = (
    "case when c.real is null then jsonb_build_array({0}, {1}) else jsonb_build_array({0}, {1}, c.real) end"
)
# The one place where a status changes. `status = any(old)` lets exactly one of two workers win.
_ADVANCE = """
update messages m set
  status = coalesce(c.then_status, c.status),
  error_code = coalesce(c.error_code, m.error_code),
  date_sent = coalesce(m.date_sent, c.date_sent),
  price = coalesce(c.price, m.price),
  history = coalesce(m.history, jsonb_build_array(jsonb_build_array(m.status, m.date_created)))
    || case when c.then_status is null then jsonb_build_array({taken})
      else jsonb_build_array({taken}, {then_taken}) end,
  date_updated = coalesce(c.then_at, c.at)
from (
  select * from unnest($1::text[], $2::uuid[], $3::text[], $4::integer[], $5::timestamptz[], $6::numeric[],
    $7::timestamptz[], $8::text[], $9::timestamptz[], $10::timestamptz[])
    as c (account_sid, id, status, error_code, date_sent, price, at, then_status, then_at, real)
  order by 1, 2
) c
where m.account_sid = c.account_sid and m.id = c.id
  and m.status = any (case c.status {cases} else '{{}}'::text[] end)
returning m.account_sid, m.id
"""
# Whatever still looks for its sender, held until the transaction ends.
_HOLD = """
select account_sid, id, status from messages
where (account_sid, id) in (select * from unnest($1::text[], $2::uuid[])) and status in ('accepted', 'scheduled')
order by account_sid, id for update
"""
# The one other change of a status: it comes with the sender.
_ASSIGN = """
update messages m set
  status = 'queued',
  from_address = c.from_address,
  body = c.body,
  num_segments = c.num_segments,
  num_media = c.num_media,
  price_unit = c.price_unit,
  status_callback = coalesce(m.status_callback, c.status_callback),
  options = case when c.channel_install_sid is null then m.options
    else coalesce(m.options, '{}') || jsonb_build_object('channel_install_sid', c.channel_install_sid) end,
  history = coalesce(m.history, jsonb_build_array(jsonb_build_array(m.status, m.date_created)))
    || jsonb_build_array(case when c.real is null then jsonb_build_array('queued'::text, c.at)
      else jsonb_build_array('queued'::text, c.at, c.real) end),
  date_updated = c.at
from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::text[], $8::timestamptz[],
  $9::text[], $10::text[], $11::timestamptz[]) as c (account_sid, id, from_address, body, num_segments, num_media,
  price_unit, at, status_callback, channel_install_sid, real)
where m.account_sid = c.account_sid and m.id = c.id and m.status in ('accepted', 'scheduled')
"""
_COUNT_REPLIES = """
select count(*) from (
  select from messages
  where account_sid = $1 and from_address = $2 and to_address = $3 and id >= $4 and direction = 'outbound-reply'
    and date_created >= $6
  limit $5
) replies
"""
_ACCOUNT_OF = """
select m.account_sid from accounts a join messages m on m.account_sid = a.sid and m.id = $2 where a.world_sid = $1
"""
_REDACT = """
update messages set body = '', options = options - '{content_variables,rich,channel_params}'::text[],
  date_updated = $3
where account_sid = $1 and id = $2
"""
_CHANGE_OPTIONS = """
update messages set options = coalesce(options, '{}') || $3::jsonb where account_sid = $1 and id = $2
"""
_DELETE = "delete from messages where account_sid = $1 and id = $2 and status = any ($3::text[])"
CLOCK_SLACK = timedelta(days=1)  # a world whose clock stands still falls behind the time of its ids
SCHEDULE_SLACK = timedelta(days=36)  # a message is sent at most 35 days after it was created


def _cases() -> str:
    targets: tuple[Status, ...] = (
        "accepted",
        "queued",
        "sending",
        "sent",
        "delivered",
        "undelivered",
        "failed",
    )
    more: tuple[Status, ...] = ("read", "canceled", "received")
    cases = []
    for target in (*targets, *more):
        olds = ",".join(f"'{old}'" for old in predecessors(target))
        cases.append(f"when '{target}' then array[{olds}]")
    return " ".join(cases)


ADVANCE = _ADVANCE.format(
    cases=_cases(),
    taken=_TAKEN.format("c.status", "c.at"),
    then_taken=_TAKEN.format("c.then_status", "c.then_at"),
)


class Change(Struct, frozen=True, kw_only=True):
    """A status that a message shall take, if its present one allows; `then`, the one that it takes right after that,
    is known already and may follow it."""

    account_sid: str
    id: UUID
    status: Status
    at: datetime
    error_code: int | None = None
    date_sent: datetime | None = None
    price: Any = None
    then: Change | None = None

    @property
    def last(self) -> Change:
        return self if self.then is None else self.then


def _options(row: Any) -> Options:
    return msgspec.convert(row, Options) if row else Options()


def message_of(row: asyncpg.Record) -> Message:
    return Message(
        account_sid=row["account_sid"],
        world_sid=row["world_sid"],
        id=row["id"],
        prefix=row["prefix"],
        status=row["status"],
        direction=row["direction"],
        from_=row["from_address"],
        to=row["to_address"],
        body=row["body"],
        num_segments=row["num_segments"],
        num_media=row["num_media"],
        price=row["price"],
        price_unit=row["price_unit"],
        error_code=row["error_code"],
        messaging_service_sid=row["messaging_service_sid"],
        status_callback=row["status_callback"],
        options=_options(row["options"]),
        date_created=row["date_created"],
        date_sent=row["date_sent"],
        date_updated=row["date_updated"],
    )


def _values(message: Message) -> tuple[Any, ...]:
    options = msgspec.to_builtins(message.options) or None
    return (
        message.account_sid,
        message.id,
        message.world_sid,
        message.prefix,
        message.status,
        message.direction,
        message.from_,
        message.to,
        message.body,
        message.num_segments,
        message.num_media,
        message.price,
        message.price_unit,
        message.error_code,
        message.messaging_service_sid,
        message.status_callback,
        options,
        message.date_created,
        message.date_sent,
        message.date_updated,
    )


async def insert(connection: Any, messages: Sequence[Message]) -> None:
    """By COPY: a batch costs a third less than by arrays, here and in the database. Must run in a transaction."""
    await connection.copy_records_to_table("messages", columns=_NAMES, records=map(_values, messages))


async def get(reader: Any, account_sid: str, message_id: UUID) -> Message | None:
    row = await reader.fetchrow(_GET, account_sid, message_id)
    return None if row is None else message_of(row)


async def account_of(reader: Any, world_sid: str, message_id: UUID) -> str | None:
    """Whose message of a world this is."""
    sid: str | None = await reader.fetchval(_ACCOUNT_OF, world_sid, message_id)
    return sid


async def get_many(reader: Any, keys: Sequence[tuple[str, UUID]]) -> dict[UUID, Message]:
    rows = await reader.fetch(_GET_MANY, [key[0] for key in keys], [key[1] for key in keys])
    return {row["id"]: message_of(row) for row in rows}


async def advance(connection: Any, changes: Sequence[Change], worlds: Sequence[str]) -> set[UUID]:
    """Applies each change whose message is still in a status that leads there; the ids of those that changed. `worlds`
    are those of the changes.

    Must run inside a unit of work: the status callback is committed with the status. One change per message and call.
    """
    rows = await connection.fetch(
        ADVANCE,
        [change.account_sid for change in changes],
        [change.id for change in changes],
        [change.status for change in changes],
        [change.last.error_code for change in changes],
        [change.date_sent for change in changes],
        [change.price for change in changes],
        [change.at for change in changes],
        [None if change.then is None else change.then.status for change in changes],
        [None if change.then is None else change.then.at for change in changes],
        _real_times(worlds),
    )
    return {row["id"] for row in rows}


def _real_times(worlds: Sequence[str]) -> list[datetime | None]:
    """When a state was taken, where the world's own time does not tell."""
    real = clock.now()
    return [None if clock.world_time(world).mode == "real" else real for world in worlds]


async def hold(connection: Any, keys: Sequence[tuple[str, UUID]]) -> dict[UUID, Status]:
    """The statuses of those that still look for a sender, which nobody else changes before the transaction ends."""
    rows = await connection.fetch(_HOLD, [key[0] for key in keys], [key[1] for key in keys])
    return {row["id"]: row["status"] for row in rows}


async def assign(connection: Any, messages: Sequence[Message]) -> None:
    """Queues messages for the senders that they now have. Must run in the transaction that holds them."""
    await connection.execute(
        _ASSIGN,
        [message.account_sid for message in messages],
        [message.id for message in messages],
        [message.from_ for message in messages],
        [message.body for message in messages],
        [message.num_segments for message in messages],
        [message.num_media for message in messages],
        [message.price_unit for message in messages],
        [message.date_updated for message in messages],
        [message.status_callback for message in messages],
        [message.options.channel_install_sid for message in messages],
        _real_times([message.world_sid for message in messages]),
    )


async def count_replies(
    reader: Any, account_sid: str, pair: tuple[str, str], since: tuple[UUID, datetime], most: int
) -> int:
    """How many replies went from one to the other after this id and this moment of the world; counted up to `most`."""
    count: int = await reader.fetchval(_COUNT_REPLIES, account_sid, *pair, since[0], most, since[1])
    return count


async def redact(unit: Any, message: Message, at: datetime) -> None:
    await unit.execute(_REDACT, message.account_sid, message.id, at)


async def keep_feedback(executor: Any, message: Message, feedback: Feedback) -> bool:
    """False when the message has gone meanwhile."""
    changed = {"feedback": msgspec.to_builtins(feedback)}
    outcome: str = await executor.execute(_CHANGE_OPTIONS, message.account_sid, message.id, changed)
    return outcome.endswith(" 1")


async def delete(unit: Any, message: Message, settled: Sequence[str]) -> bool:
    """Deletes a message that is no longer in flight, its media aside; False when it moved meanwhile."""
    outcome: str = await unit.execute(_DELETE, message.account_sid, message.id, list(settled))
    return outcome.endswith(" 1")


class Filters(Struct, frozen=True, kw_only=True):
    to: str | None = None
    from_: str | None = None
    sent_from: datetime | None = None  # inclusive
    sent_until: datetime | None = None  # exclusive
    bounded: bool = True  # ids carry real time: they bound dates only in a world whose clock is real


class Slice(Struct, frozen=True, kw_only=True):
    """Which part of a list: below `after`, or the nearest above `before`."""

    after: UUID | None = None
    before: UUID | None = None
    limit: int = 50


async def page(reader: Any, account_sid: str, filters: Filters, part: Slice) -> list[Message]:
    """Up to `limit` messages, newest first; those below `after`, or the nearest above `before` (still newest first).

    A date filter also bounds the id, whose time is at most `SCHEDULE_SLACK` before the sending and `CLOCK_SLACK` after
    it, so that the scan stays short whatever the account's history.
    """
    clauses = ["account_sid = $1"]
    values: list[Any] = [account_sid]

    def add(clause: str, value: Any) -> None:
        values.append(value)
        clauses.append(clause.format(f"${len(values)}"))

    if filters.to is not None:
        add("to_address = {}", filters.to)
    if filters.from_ is not None:
        add("from_address = {}", filters.from_)
    if filters.sent_from is not None:
        add("date_sent >= {}", filters.sent_from)
        if filters.bounded:
            add("id >= {}", sids.bound(filters.sent_from - SCHEDULE_SLACK))
    if filters.sent_until is not None:
        add("date_sent < {}", filters.sent_until)
        if filters.bounded:
            add("id < {}", sids.bound(filters.sent_until + CLOCK_SLACK))
    if part.after is not None:
        add("id < {}", part.after)
    if part.before is not None:
        add("id > {}", part.before)
    order = "asc" if part.before is not None and part.after is None else "desc"
    values.append(part.limit)
    sql = f"select {_COLUMNS} from messages where {' and '.join(clauses)} order by id {order} limit ${len(values)}"
    rows = await reader.fetch(sql, *values)
    found = [message_of(row) for row in rows]
    return found if order == "desc" else found[::-1]
