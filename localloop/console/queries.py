"""What the console reads beyond the API: read-only, and never beyond the session's scope.

A main account sees its world, that is itself and its subaccounts; a subaccount sees itself. Every query here takes
the session's account and joins `accounts` by it, so that no caller can forget to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from localloop.console.filters import Conditions
from localloop.console.shapes import FAILURES
from localloop.core import sids
from localloop.store import Executor

Row = Mapping[str, Any]
_MINUTE: Final = 60_000 << 80  # as it stands in an id

MESSAGE: Final = (
    "m.account_sid, m.id, m.prefix, m.direction, m.from_address, m.to_address, m.body, m.status, m.error_code,"
    " m.num_segments, m.num_media, m.price, m.price_unit, m.messaging_service_sid, m.date_created, m.date_sent,"
    " m.date_updated, case when m.status = 'scheduled' then m.options->>'send_at' end as send_at"
)
DELIVERY: Final = (
    "d.account_sid, d.id, d.kind, d.resource_sid, d.url, d.method, d.attempt, d.status_code, d.error_code, d.error,"
    " d.duration_ms, d.date_created, d.detail is not null as has_detail, d.token, d.replay_of"
)
REQUEST: Final = (
    "q.account_sid, q.id, q.operation, q.method, q.path, q.status, q.error_code, q.error, q.resource_sid, q.caller,"
    " q.from_console, q.duration_ms, q.date_created, q.detail is not null as has_detail"
)
PHONE_MESSAGE: Final = "p.number, p.id, p.direction, p.peer, p.body, p.media, p.message_sid, p.date_created"
IN_SCOPE: Final = "(a.sid = $1 or a.owner_account_sid = $1)"
# The message of a text, wherever in the scope it is: a subaccount sees no text whose message is not its own.
WITH_STATUS: Final = f"""
left join lateral (
  select m.account_sid, m.status, m.error_code, m.num_segments
  from accounts a join messages m on m.account_sid = a.sid and m.id = substr(p.message_sid, 3)::uuid
  where {IN_SCOPE} limit 1
) s on true"""
SEEN: Final = "($1 = $2 or s.account_sid is not null)"  # $1: account, $2: world


class Scope(Struct, frozen=True):
    """What a session may see."""

    account_sid: str
    world_sid: str


class Slice(Struct, frozen=True):
    """At most `limit` rows that are older than `before`."""

    limit: int
    before: UUID | None = None


# Messages --------------------------------------------------------------------------------------------------------


async def messages(reader: Executor, scope: Scope, conditions: Conditions, part: Slice) -> list[Row]:
    """Newest first, one more than the limit when there are more."""
    return await page_of(reader, scope, f"select {MESSAGE} from messages m", conditions, part)


async def message(reader: Executor, scope: Scope, message_id: UUID) -> Row | None:
    """One message, with what it was asked to do."""
    return await reader.fetchrow(
        f"select {MESSAGE}, m.status_callback, m.options, m.history from accounts a"
        f" join messages m on m.account_sid = a.sid and m.id = $2 where {IN_SCOPE}",
        scope.account_sid,
        message_id,
    )


async def media(reader: Executor, account_sid: str, message_ids: Sequence[UUID]) -> list[Row]:
    return await reader.fetch(
        "select id, message_id, content_type, url from media where account_sid = $1 and message_id = any($2)"
        " order by message_id, id",
        account_sid,
        message_ids,
    )


# Deliveries ------------------------------------------------------------------------------------------------------


async def deliveries(reader: Executor, scope: Scope, conditions: Conditions, part: Slice) -> list[Row]:
    return await page_of(reader, scope, f"select {DELIVERY} from deliveries d", conditions, part)


async def delivery(reader: Executor, scope: Scope, delivery_id: UUID) -> Row | None:
    return await reader.fetchrow(
        f"select {DELIVERY}, d.detail from accounts a join deliveries d on d.account_sid = a.sid and d.id = $2"
        f" where {IN_SCOPE}",
        scope.account_sid,
        delivery_id,
    )


async def deliveries_of(reader: Executor, account_sid: str, resource_sid: str, until: UUID) -> list[Row]:
    """All attempts for a resource, oldest first, with their details. What was redacted has none and is found by its
    time, up to `until`."""
    return await reader.fetch(
        f"""select {DELIVERY}, d.detail from deliveries d
        where d.account_sid = $1 and d.resource_sid = $2 and d.detail is not null
        union all
        select {DELIVERY}, d.detail from deliveries d
        where d.account_sid = $1 and d.resource_sid = $2 and d.detail is null and d.id between $3 and $4
        order by id limit 500""",
        account_sid,
        resource_sid,
        UUID(hex=resource_sid[2:]),
        until,
    )


async def page_of(
    reader: Executor, scope: Scope, select: str, conditions: Conditions, part: Slice
) -> list[Row]:
    """The newest rows of each account in scope, merged. The account's rows lie in the order of their ids."""
    alias = conditions.alias
    values = [scope.account_sid, part.limit + 1, *conditions.values]
    clauses = [f"{alias}.account_sid = a.sid", *conditions.clauses]
    if part.before is not None:
        values.append(part.before)
        clauses.append(f"{alias}.id < ${len(values)}")
    accounts = " and ".join([IN_SCOPE, *conditions.account_clauses])
    return await reader.fetch(
        f"select r.* from accounts a cross join lateral ({select} where {' and '.join(clauses)}"
        f" order by {alias}.id desc limit $2) r where {accounts} order by r.id desc limit $2",
        *values,
    )


# Requests --------------------------------------------------------------------------------------------------------


async def refused(reader: Executor, scope: Scope, part: Slice) -> list[Row]:
    """The requests that were refused, newest first, one more than the limit when there are more."""
    # The condition on the verb is the index's, which has them all in their order.
    return await reader.fetch(
        f"""select r.* from accounts a cross join lateral (
          select {REQUEST} from requests q
          where q.account_sid = a.sid and ($2::uuid is null or q.id < $2) and q.status >= 400
            and (q.status >= 400 or q.verb <> 'create')
          order by q.id desc limit $3) r
        where {IN_SCOPE} order by r.id desc limit $3""",
        scope.account_sid,
        part.before,
        part.limit + 1,
    )


async def request(reader: Executor, scope: Scope, request_id: UUID) -> Row | None:
    return await reader.fetchrow(
        f"select {REQUEST}, q.detail from accounts a join requests q on q.account_sid = a.sid and q.id = $2"
        f" where {IN_SCOPE}",
        scope.account_sid,
        request_id,
    )


async def requests_of(reader: Executor, scope: Scope, resource_sid: str) -> list[Row]:
    """What was asked about a resource, oldest first."""
    return await reader.fetch(
        f"select {REQUEST} from requests q join accounts a on a.sid = q.account_sid"
        f" where q.resource_sid = $2 and {IN_SCOPE} order by q.id limit 200",
        scope.account_sid,
        resource_sid,
    )


async def unrecorded(reader: Executor, scope: Scope, since: UUID) -> int:
    """How many requests after this id were left out of the record, since too many came."""
    count: int = await reader.fetchval(
        "select coalesce(sum(q.missed), 0)::int from accounts a join requests q on q.account_sid = a.sid"
        f" and q.id > $2 where {IN_SCOPE}",
        scope.account_sid,
        since,
    )
    return count


# Phones ----------------------------------------------------------------------------------------------------------

# A world's newest activity, as far as it goes: enough where it names more phones than are asked for. A number whose
# latest activity is younger than the page stood on an earlier one.
_WALK: Final = 2_000
_HANDSET: Final = "case c.direction when 'inbound' then c.from_address else c.to_address end"
_RECENT: Final = f"""
with texts as materialized (
  select p.number, 'text' as kind, p.id from phone_messages p
  where p.world_sid = $1 and ($3::uuid is null or p.id < $3) order by p.id desc limit {_WALK}
), tries as materialized (
  select r.* from accounts a cross join lateral (
    select m.to_address as number, m.id, m.status, m.direction from messages m
    where m.account_sid = a.sid and ($3::uuid is null or m.id < $3) order by m.id desc limit {_WALK}
  ) r where {IN_SCOPE} order by r.id desc limit {_WALK}
), calls as materialized (
  select r.* from accounts a cross join lateral (
    select {_HANDSET} as number, c.id from calls c
    where c.account_sid = a.sid and ($3::uuid is null or c.id < $3) order by c.id desc limit {_WALK}
  ) r where {IN_SCOPE} order by r.id desc limit {_WALK}
), floors (id) as (
  select (select t.id from texts t order by t.id limit 1) where (select count(*) from texts) = {_WALK}
  union all
  select (select t.id from tries t order by t.id limit 1) where (select count(*) from tries) = {_WALK}
  union all
  select (select t.id from calls t order by t.id limit 1) where (select count(*) from calls) = {_WALK}
), latest as (
  select distinct on (x.number) x.number, x.kind, x.id from (
    select * from texts
    union all
    select number, 'missed', id from tries where status = any ($2) and direction <> 'inbound'
    union all
    select c.number, 'call', c.id from calls c
    where exists (select from phone_calls p where p.world_sid = $1 and p.number = c.number and p.id = c.id)
      and c.number like '+%'
  ) x where not exists (select from floors f where f.id > x.id) order by x.number, x.id desc
)
select l.number, l.kind, l.id, coalesce(s.behavior, 'deliver') as behavior, coalesce(s.delay_ms, 0) as delay,
  exists (select from phone_numbers n where n.world_sid = $1 and n.phone_number = l.number) as owned
from latest l left join phones s on s.world_sid = $1 and s.number = l.number
where $3::uuid is null or not (
  exists (select from phone_messages p where p.world_sid = $1 and p.number = l.number and p.id >= $3)
  or exists (select from phone_calls p where p.world_sid = $1 and p.number = l.number and p.id >= $3)
  or exists (
    select from accounts a cross join lateral (
      select m.status, m.direction from messages m
      where m.account_sid = a.sid and m.to_address = l.number and m.id >= $3 order by m.id desc limit 20
    ) m where {IN_SCOPE} and m.status = any ($2) and m.direction <> 'inbound'))
order by l.id desc limit $4
"""
# Numbers are found by hopping from one to the next over an index, and each one's last text by one look: no scan.
_PHONES: Final = f"""
with recursive holding (number) as (
  (select number from phone_messages where world_sid = $2 order by number limit 1)
  union all
  select (select p.number from phone_messages p where p.world_sid = $2 and p.number > h.number
          order by p.number limit 1)
  from holding h where h.number is not null
), ringing (number) as (
  (select number from phone_calls where world_sid = $2 order by number limit 1)
  union all
  select (select p.number from phone_calls p where p.world_sid = $2 and p.number > r.number
          order by p.number limit 1)
  from ringing r where r.number is not null
), tried (account_sid, number) as (
  select a.sid, (select m.to_address from messages m where m.account_sid = a.sid order by m.to_address limit 1)
  from accounts a where {IN_SCOPE}
  union all
  select t.account_sid, (select m.to_address from messages m where m.account_sid = t.account_sid
                         and m.to_address > t.number order by m.to_address limit 1)
  from tried t where t.number is not null
), active (number, kind, id) as (
  select h.number, 'text', l.id from holding h cross join lateral (
    select p.id from (
      select {PHONE_MESSAGE} from phone_messages p where p.world_sid = $2 and p.number = h.number
      order by p.id desc limit case when $1 = $2 then 1 else 50 end
    ) p {WITH_STATUS} where {SEEN} order by p.id desc limit 1
  ) l where h.number is not null
  union all
  select r.number, 'call', l.id from ringing r cross join lateral (
    select p.id from (
      select p.id, p.account_sid from phone_calls p where p.world_sid = $2 and p.number = r.number
      order by p.id desc limit case when $1 = $2 then 1 else 50 end
    ) p where $1 = $2 or exists (select from accounts a where a.sid = p.account_sid and {IN_SCOPE})
    order by p.id desc limit 1
  ) l where r.number like '+%'
  union all
  select t.number, 'missed', l.id from tried t cross join lateral (
    select m.id from (
      select m.id, m.status, m.direction from messages m where m.account_sid = t.account_sid
        and m.to_address = t.number order by m.id desc limit 20
    ) m where m.status = any ($3) and m.direction <> 'inbound' order by m.id desc limit 1
  ) l where t.number is not null
), latest as (
  select distinct on (number) number, kind, id from active order by number, id desc
)
select l.number, l.kind, l.id, coalesce(s.behavior, 'deliver') as behavior, coalesce(s.delay_ms, 0) as delay,
  exists (select from phone_numbers n where n.world_sid = $2 and n.phone_number = l.number) as owned
from latest l left join phones s on s.world_sid = $2 and s.number = l.number
where $4::uuid is null or l.id < $4 order by l.id desc limit $5
"""
_SILENT: Final = f"""
select s.number, s.behavior, s.delay_ms as delay,
  exists (select from phone_numbers n where n.world_sid = $1 and n.phone_number = s.number) as owned
from phones s where s.world_sid = $1
  and not exists (select from phone_messages p where p.world_sid = $1 and p.number = s.number)
  and not exists (select from phone_calls p where p.world_sid = $1 and p.number = s.number)
  and not exists (
    select from accounts a join messages m on m.account_sid = a.sid
    where {IN_SCOPE} and m.to_address = s.number and m.status = any ($2) and m.direction <> 'inbound')
order by s.date_updated desc limit $3
"""


async def phones(reader: Executor, scope: Scope, part: Slice) -> list[Row]:
    """Phones that hold a text, were not reached by one, or had a call, latest activity first, by the id of that: of a
    text on the phone, of a message that was `missed`, of a call."""
    if scope.account_sid == scope.world_sid:
        recent = await reader.fetch(_RECENT, scope.world_sid, list(FAILURES), part.before, part.limit + 1)
        if len(recent) > part.limit:
            return list(recent)
    return await reader.fetch(
        _PHONES, scope.account_sid, scope.world_sid, list(FAILURES), part.before, part.limit + 1
    )


async def silent_phones(reader: Executor, scope: Scope, limit: int) -> list[Row]:
    """Phones that were configured and were never sent anything."""
    return await reader.fetch(_SILENT, scope.world_sid, list(FAILURES), limit)


async def phone(reader: Executor, scope: Scope, number: str) -> Row:
    row: Row | None = await reader.fetchrow(
        """select $2::text as number, coalesce(s.behavior, 'deliver') as behavior,
          coalesce(s.delay_ms, 0) as delay,
          exists (select from phone_numbers n where n.world_sid = $1 and n.phone_number = $2) as owned
        from (select) one left join phones s on s.world_sid = $1 and s.number = $2""",
        scope.world_sid,
        number,
    )
    assert row is not None
    return row


async def texts(reader: Executor, scope: Scope, number: str, part: Slice) -> list[Row]:
    """The texts of a phone, newest first, one more than the limit when there are more."""
    return await reader.fetch(
        f"select {PHONE_MESSAGE}, s.status, s.error_code, s.num_segments from phone_messages p {WITH_STATUS}"
        f" where p.world_sid = $2 and p.number = $3 and ($4::uuid is null or p.id < $4) and {SEEN}"
        " order by p.id desc limit $5",
        scope.account_sid,
        scope.world_sid,
        number,
        part.before,
        part.limit + 1,
    )


async def texts_by_id(reader: Executor, scope: Scope, keys: Sequence[tuple[str, UUID]]) -> list[Row]:
    """The texts of these (number, id)."""
    return await reader.fetch(
        f"select {PHONE_MESSAGE}, s.status, s.error_code, s.num_segments"
        f" from unnest($3::text[], $4::uuid[]) as k (number, id)"
        f" join phone_messages p on p.world_sid = $2 and p.number = k.number and p.id = k.id {WITH_STATUS}"
        f" where {SEEN}",
        scope.account_sid,
        scope.world_sid,
        [number for number, _ in keys],
        [text_id for _, text_id in keys],
    )


async def faults_of(reader: Executor, scope: Scope, sid: str) -> list[Row]:
    """What went wrong on purpose with a resource."""
    return await reader.fetch(
        "select id, fault_sid, kind, event, attempt, date_created from applied_faults"
        " where world_sid = $1 and resource_sid = $2 order by id",
        scope.world_sid,
        sid,
    )


async def copy_of(reader: Executor, scope: Scope, message: Row) -> Row | None:
    """The text that a message became on its phone, or came from: about as old as the message, or younger."""
    number = message["from_address"] if message["direction"] == "inbound" else message["to_address"]
    return await reader.fetchrow(
        f"select {PHONE_MESSAGE} from phone_messages p"
        " where p.world_sid = $1 and p.number = $2 and p.id > $3 and p.message_sid = $4 order by p.id limit 1",
        scope.world_sid,
        number,
        UUID(int=max(0, message["id"].int - _MINUTE)),
        sids.from_uuid(message["prefix"], message["id"]),
    )


async def missed(
    reader: Executor, scope: Scope, number: str, span: tuple[UUID | None, UUID | None], limit: int
) -> list[Row]:
    """Messages to a number that did not arrive, newest first, between two ids (exclusive)."""
    after, before = span
    return await reader.fetch(
        f"""select r.* from accounts a cross join lateral (
          select {MESSAGE} from messages m where m.account_sid = a.sid and m.to_address = $2
            and m.status = any ($3) and m.direction <> 'inbound'
            and ($4::uuid is null or m.id > $4) and ($5::uuid is null or m.id < $5)
          order by m.id desc limit $6) r
        where {IN_SCOPE} order by r.id desc limit $6""",
        scope.account_sid,
        number,
        list(FAILURES),
        after,
        before,
        limit,
    )


async def messages_by_id(reader: Executor, scope: Scope, ids: Sequence[UUID]) -> list[asyncpg.Record]:
    return await reader.fetch(
        f"select {MESSAGE} from accounts a join messages m on m.account_sid = a.sid and m.id = any ($2)"
        f" where {IN_SCOPE}",
        scope.account_sid,
        ids,
    )
