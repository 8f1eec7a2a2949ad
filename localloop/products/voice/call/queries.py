"""SQL of the tables `calls` and `live_calls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock, sids
from localloop.jobs import Job, NewJob
from localloop.products.voice.call import lifecycle, live
from localloop.products.voice.call.lifecycle import Status
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.resource import Call, Options

_NAMES: Final = (
    "account_sid id world_sid status direction from_address to_address parent_id phone_number_sid start_time"
    " answer_time end_time price answered_by queue_ms options date_created date_updated"
).split()
_COLUMNS: Final = ", ".join(_NAMES)
_LIVE_NAMES: Final = ("account_sid", "id", "world_sid", "version", "state")
_GET: Final = f"select {_COLUMNS} from calls where account_sid = $1 and id = $2"
_IN_WORLD: Final = f"""
select {_COLUMNS} from calls
where account_sid = any(array(select sid from accounts where world_sid = $1)) and id = $2
"""
_ALIVE: Final = f"""
select {", ".join("c." + name for name in _NAMES)} from live_calls l
join calls c on c.account_sid = l.account_sid and c.id = l.id
where l.account_sid = any(array(select sid from accounts where world_sid = $1)) and c.status = any($2::text[])
  and ($3::uuid is null or c.id < $3) and ($4::text is null or $4 = {{end}})
  and exists (select from phone_calls p where p.world_sid = $1 and p.number = {{end}} and p.id = c.id)
order by c.id desc limit $5
""".format(end="case c.direction when 'inbound' then c.from_address else c.to_address end")
_DELETE: Final = "delete from calls where account_sid = $1 and id = $2 and status = any ($3::text[])"
_CHANGE: Final = """
update calls c set status = n.status, start_time = n.start_time, answer_time = n.answer_time, end_time = n.end_time,
  price = n.price, answered_by = n.answered_by, options = n.options::jsonb, date_updated = n.date_updated
from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
  $7::numeric[], $8::text[], $9::text[], $10::timestamptz[]) as n (account_sid, id, status, start_time, answer_time,
  end_time, price, answered_by, options, date_updated)
where c.account_sid = n.account_sid and c.id = n.id
"""
_NAMED: Final = """
select account_sid, world_sid, id, state from live_calls
where account_sid = any(array(select sid from accounts where sid = $1 or owner_account_sid = $1))
"""
_INACTIVE: Final = """
select a.sid from accounts a join accounts o on o.sid = a.owner_account_sid
where a.sid = any($1::text[]) and (a.status <> 'active' or o.status <> 'active')
"""
# What is due of a call waits for whatever is due earlier of it; where time is moved by hand, of its whole family, which
# then goes through that time in its order.
_LOAD: Final = """
select k.n, l.account_sid, l.world_sid, l.version, l.state, k.job_id is not null and exists (
  select from jobs j
  where j.key between k.least and k.most and j.account_sid = l.account_sid and (j.due_at, j.id) < (k.due_at, k.job_id)
) as is_early
from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[])
  with ordinality as k (account_sid, id, least, most, due_at, job_id, n)
join live_calls l on l.account_sid = k.account_sid and l.id = k.id
"""
# A row is changed by who saw its present version, and by a job only while that job is still held.
_TAKE: Final = """
with wanted as materialized (
  select * from unnest($1::text[], $2::uuid[], $3::int[], $4::bytea[], $5::boolean[], $6::bigint[], $7::int[],
    $8::boolean[]) with ordinality as w (account_sid, id, version, state, is_over, job_id, attempts, is_kept, n)
), held as materialized (
  select j.id from jobs j join wanted w on j.id = w.job_id and j.attempts = w.attempts and j.leased for update of j
), fit as materialized (
  select * from wanted where job_id is null or job_id in (select id from held)
), changed as (
  update live_calls l set version = l.version + 1, state = f.state from fit f
  where l.account_sid = f.account_sid and l.id = f.id and l.version = f.version and not f.is_over
  returning f.n, f.job_id, f.is_kept
), ended as (
  delete from live_calls l using fit f
  where l.account_sid = f.account_sid and l.id = f.id and l.version = f.version and f.is_over
  returning f.n, f.job_id, f.is_kept
), taken as (select * from changed union all select * from ended), gone as (
  delete from jobs where id in (select job_id from taken where not is_kept)
)
select f.n, t.n is not null as is_taken from fit f left join taken t on t.n = f.n
"""
_BECOME: Final = """
update jobs j set kind = n.kind, payload = n.payload, due_at = n.due_at
from unnest($1::bigint[], $2::text[], $3::bytea[], $4::timestamptz[]) as n (id, kind, payload, due_at)
where j.id = n.id
"""
_CANCEL: Final = """
delete from jobs j using unnest($1::text[], $2::text[]) as c (account_sid, key)
where j.key = c.key and j.account_sid = c.account_sid
"""
CLOCK_SLACK: Final = timedelta(days=1)  # a world whose clock stands still falls behind the time of its ids
QUEUE_SLACK: Final = timedelta(days=2)  # a call begins at most a day after it was made, and lasts a day

Taken: TypeAlias = Literal["taken", "conflict", "lost"]


def call_of(row: asyncpg.Record) -> Call:
    options = row["options"]
    return Call(
        account_sid=row["account_sid"],
        world_sid=row["world_sid"],
        id=row["id"],
        status=row["status"],
        direction=row["direction"],
        from_=row["from_address"],
        to=row["to_address"],
        parent_id=row["parent_id"],
        phone_number_sid=row["phone_number_sid"],
        start_time=row["start_time"],
        answer_time=row["answer_time"],
        end_time=row["end_time"],
        price=row["price"],
        answered_by=row["answered_by"],
        queue_ms=row["queue_ms"],
        options=msgspec.convert(options, Options) if options else Options(),
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


def _values(call: Call) -> tuple[Any, ...]:
    return (
        call.account_sid,
        call.id,
        call.world_sid,
        call.status,
        call.direction,
        call.from_,
        call.to,
        call.parent_id,
        call.phone_number_sid,
        call.start_time,
        call.answer_time,
        call.end_time,
        call.price,
        call.answered_by,
        call.queue_ms,
        msgspec.to_builtins(call.options) or None,
        call.date_created,
        call.date_updated,
    )


async def insert(connection: Any, calls: Sequence[Live]) -> None:
    """New calls, by COPY. Must run in a transaction."""
    if not calls:
        return
    await connection.copy_records_to_table(
        "calls", columns=_NAMES, records=[_values(each.call) for each in calls]
    )
    records = [
        (each.call.account_sid, each.call.id, each.call.world_sid, each.version, live.encode(each))
        for each in calls
        if not each.is_over
    ]
    await connection.copy_records_to_table("live_calls", columns=_LIVE_NAMES, records=records)


async def change(connection: Any, calls: Sequence[Call]) -> None:
    """What the resource shows of calls whose live rows the transaction has just changed."""
    if calls:
        rows = [
            (
                call.account_sid,
                call.id,
                call.status,
                call.start_time,
                call.answer_time,
                call.end_time,
                call.price,
                call.answered_by,
                msgspec.json.encode(call.options).decode(),
                call.date_updated,
            )
            for call in sorted(calls, key=lambda call: call.id)
        ]
        await connection.execute(_CHANGE, *map(list, zip(*rows, strict=True)))


class Wanted(Struct, frozen=True):
    """A live call that is asked for, by a job if by one."""

    account_sid: str
    id: UUID
    root: UUID
    job: Job | None = None


class Loaded(Struct, frozen=True):
    """`is_early`: something else of its family is due before."""

    live: Live
    is_early: bool = False


class Unreadable(Struct, frozen=True):
    """The row is there, and nobody here can read it."""

    version: int
    reason: str


def _before(wanted: Wanted) -> tuple[str, str]:
    """The keys of the jobs that it waits for."""
    if wanted.job is not None and clock.world_time(wanted.job.world_sid).mode != "real":
        return live.family(wanted.root)
    key = live.key_of(wanted.root, wanted.id)
    return key, key


async def load(reader: Any, wanted: Sequence[Wanted]) -> list[Loaded | Unreadable | None]:
    """The live calls, in order; None for those that have ended."""
    ranges = [_before(each) for each in wanted]
    rows = await reader.fetch(
        _LOAD,
        [each.account_sid for each in wanted],
        [each.id for each in wanted],
        [least for least, _ in ranges],
        [most for _, most in ranges],
        [each.job.due_at if each.job else None for each in wanted],
        [each.job.id if each.job else None for each in wanted],
    )
    found: list[Loaded | Unreadable | None] = [None] * len(wanted)
    for row in rows:
        try:
            found[row["n"] - 1] = Loaded(live_of(row), row["is_early"])
        except msgspec.MsgspecError as error:
            found[row["n"] - 1] = Unreadable(row["version"], str(error))
    return found


async def as_shown(reader: Any, wanted: Wanted, version: int) -> Live | None:
    """A live call of which nothing is known but what its resource shows."""
    call = await get(reader, wanted.account_sid, wanted.id)
    return None if call is None else Live(call=call, root=wanted.root, at=call.date_updated, version=version)


async def find(reader: Any, account_sid: str, call_id: UUID) -> Live | None:
    """A live call."""
    row = await reader.fetchrow(
        "select account_sid, world_sid, version, state from live_calls where account_sid = $1 and id = $2",
        account_sid,
        call_id,
    )
    return None if row is None else live_of(row)


def live_of(row: Any) -> Live:
    """A row of `live_calls`. Whose it is its row says: a fork of a world has the same calls under another name."""
    state = replace(live.decode(row["state"]), version=row["version"])
    if state.call.account_sid == row["account_sid"] and state.call.world_sid == row["world_sid"]:
        return state
    owner = {"account_sid": row["account_sid"], "world_sid": row["world_sid"]}
    return replace(state, call=replace(state.call, **owner))


class Named(Struct, frozen=True):
    """A live call, and whose it is."""

    account_sid: str
    world_sid: str
    id: UUID
    root: UUID


async def named(reader: Any, account_sid: str) -> list[Named]:
    """The live calls of an account and of its subaccounts."""
    rows = await reader.fetch(_NAMED, account_sid)
    return [
        Named(row["account_sid"], row["world_sid"], row["id"], live.root_of(row["state"]) or row["id"])
        for row in rows
    ]


async def are_active(reader: Any, account_sids: Sequence[str]) -> list[bool]:
    """Of each account, in order: one of a suspended account is as that is."""
    rows = await reader.fetch(_INACTIVE, list(set(account_sids)))
    inactive = {row["sid"] for row in rows}
    return [sid not in inactive for sid in account_sids]


async def take(connection: Any, changes: Sequence[tuple[Live, Job | None, bool]]) -> list[Taken]:
    """Write live calls as they are now, ended ones by taking them away, and end the jobs that led there but for those
    that are kept.

    `conflict`: somebody else changed it meanwhile; `lost`: the job is another's now. At most one change per call.
    """
    if not changes:
        return []
    rows = await connection.fetch(
        _TAKE,
        [after.call.account_sid for after, _, _ in changes],
        [after.call.id for after, _, _ in changes],
        [after.version for after, _, _ in changes],
        [b"" if after.is_over else live.encode(after) for after, _, _ in changes],
        [after.is_over for after, _, _ in changes],
        [job.id if job else None for _, job, _ in changes],
        [job.attempts if job else None for _, job, _ in changes],
        [is_kept for _, _, is_kept in changes],
    )
    outcomes: list[Taken] = ["lost"] * len(changes)
    for row in rows:
        outcomes[row["n"] - 1] = "taken" if row["is_taken"] else "conflict"
    return outcomes


async def become(connection: Any, jobs: Sequence[tuple[Job, NewJob]]) -> None:
    """Jobs that are kept are others from now on, in the same hands."""
    if jobs:
        rows = [(job.id, new.kind, msgspec.json.encode(new.payload), new.due_at) for job, new in jobs]
        await connection.execute(_BECOME, *map(list, zip(*rows, strict=True)))


async def cancel(connection: Any, ended: Sequence[Live]) -> None:
    """What was still to come of calls that have ended will not."""
    if ended:
        accounts = [each.call.account_sid for each in ended]
        await connection.execute(_CANCEL, accounts, [each.key for each in ended])


async def get(reader: Any, account_sid: str, call_id: UUID) -> Call | None:
    row = await reader.fetchrow(_GET, account_sid, call_id)
    return None if row is None else call_of(row)


async def by_sid(reader: Any, account_sid: str, sid: str) -> Call | None:
    """None of what is no call's SID, too."""
    return await get(reader, account_sid, sids.uuid_of(sid)) if sids.is_sid(sid, "CA") else None


async def in_world(reader: Any, world_sid: str, call_id: UUID) -> Call | None:
    """The call of this id in a world, whoever's it is."""
    row = await reader.fetchrow(_IN_WORLD, world_sid, call_id)
    return None if row is None else call_of(row)


class Alive(Struct, frozen=True, kw_only=True):
    """Which of the calls that have not ended: in these states, at this phone, below `after`."""

    statuses: Sequence[Status] = ("ringing", "in-progress")
    number: str | None = None
    after: UUID | None = None
    limit: int = 50


async def alive(reader: Any, world_sid: str, wanted: Alive) -> list[Call]:
    """The calls that phones of a world have now, newest first."""
    rows = await reader.fetch(
        _ALIVE, world_sid, list(wanted.statuses), wanted.after, wanted.number, wanted.limit
    )
    return [call_of(row) for row in rows]


async def delete(unit: Any, call: Call) -> bool:
    """Deletes a call that has ended; False when it has not."""
    ended = [status for status in lifecycle.FOLLOWERS if lifecycle.has_ended(status)]
    outcome: str = await unit.execute(_DELETE, call.account_sid, call.id, ended)
    return outcome.endswith(" 1")


class Filters(Struct, frozen=True, kw_only=True):
    """Times are inclusive from, exclusive until."""

    to: str | None = None
    from_: str | None = None
    parent_id: UUID | None = None
    status: Status | None = None
    started: tuple[datetime | None, datetime | None] = (None, None)
    ended: tuple[datetime | None, datetime | None] = (None, None)
    bounded: bool = True  # ids carry real time: they bound dates only in a world whose clock is real


class Slice(Struct, frozen=True, kw_only=True):
    """Which part of a list: below `after`, or the nearest above `before`."""

    after: UUID | None = None
    before: UUID | None = None
    limit: int = 50


class _Where:
    """Conditions with their values, numbered as they come."""

    def __init__(self, account_sid: str) -> None:
        self.clauses = ["account_sid = $1"]
        self.values: list[Any] = [account_sid]

    def add(self, clause: str, value: Any) -> None:
        if value is not None:
            self.values.append(value)
            self.clauses.append(clause.format(f"${len(self.values)}"))

    def __str__(self) -> str:
        return " and ".join(self.clauses)


async def page(reader: Any, account_sid: str, filters: Filters, part: Slice) -> list[Call]:
    """Up to `limit` calls, newest first; those below `after`, or the nearest above `before` (still newest first)."""
    where = _Where(account_sid)
    where.add("to_address = {}", filters.to)
    where.add("from_address = {}", filters.from_)
    where.add("parent_id = {}", filters.parent_id)
    if filters.status is not None:
        where.add("status = any({}::text[])", list(lifecycle.kept_as(filters.status)))
        if not lifecycle.has_ended(filters.status):
            where.clauses.append("id in (select id from live_calls where account_sid = $1)")
    _bound(where, filters)
    where.add("id < {}", part.after)
    where.add("id > {}", part.before)
    order = "asc" if part.before is not None and part.after is None else "desc"
    where.values.append(part.limit)
    sql = f"select {_COLUMNS} from calls where {where} order by id {order} limit ${len(where.values)}"
    found = [call_of(row) for row in await reader.fetch(sql, *where.values)]
    return found if order == "desc" else found[::-1]


def _bound(where: _Where, filters: Filters) -> None:
    """By its times, and where they tell by its id, so that the scan stays short whatever the account's history."""
    times: Mapping[str, tuple[datetime | None, datetime | None]] = {
        "start_time": filters.started,
        "end_time": filters.ended,
    }
    for column, (least, most) in times.items():
        where.add(column + " >= {}", least)
        where.add(column + " < {}", most)
        if filters.bounded and least is not None:
            where.add("id >= {}", sids.bound(least - QUEUE_SLACK))
        if filters.bounded and most is not None:
            where.add("id < {}", sids.bound(most + CLOCK_SLACK))
