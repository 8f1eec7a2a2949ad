"""All SQL of the tables `faults`, `applied_faults` and `fault_turns`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import sids
from localloop.lab.faults.rule import Happening, Rule
from localloop.lab.matching import Match
from localloop.store import Executor, Unit

APPLIED_PREFIX: Final = "LA"
CHANNEL: Final = "faults"
KEPT_FOR: Final = timedelta(days=7)
Row = Mapping[str, Any]

_COLUMNS: Final = (
    "sid, world_sid, position, kind, match, probability, most, applied, delay_ms, status, error_code, seed,"
    " date_created"
)
_LOCK: Final = "select pg_advisory_xact_lock(hashtext('faults'), hashtext($1))"
_INSERT: Final = f"""
insert into faults ({_COLUMNS})
select $1::text, $2::text, coalesce(max(position), 0) + 1, $3::text, $4::jsonb, $5::float8, $6::int, 0, $7::int,
  $8::int, $9::int, $10::bigint, $11::timestamptz
from faults where world_sid = $2
returning {_COLUMNS}
"""
# A rule with a bound is counted under its row's lock. What struck already strikes again and counts once: whoever died
# in between does the same when it is tried again.
_APPLY: Final = """
with struck as (
  select from applied_faults where world_sid = $2::text and fault_sid = $4::text and subject = $8::text
), counted as (
  update faults set applied = applied + 1
  where world_sid = $2 and sid = $4 and (most is null or applied < most) and not exists (select from struck)
  returning sid
), noted as (
  insert into applied_faults
    (world_sid, id, account_sid, fault_sid, kind, resource_sid, event, subject, attempt, date_created)
  select $2, $1::uuid, $3::text, $4, $5::text, $6::text, $7::text, $8, $9::int, $10::timestamptz
  where $11::boolean or exists (select from counted)
  on conflict (world_sid, fault_sid, subject) do nothing
  returning id
)
select exists (select from noted) or exists (select from struck) or $11 as is_applied
"""
_TURN: Final = """
insert into fault_turns as t (world_sid, thing, turn) values ($1, $2, 1)
on conflict (world_sid, thing) do update set turn = t.turn + 1 returning turn
"""


class Part(Struct, frozen=True, kw_only=True):
    """Which applied faults: newest first, older than `after` or the nearest that are younger than `before`."""

    fault_sid: str | None = None
    kind: str | None = None
    resource_sid: str | None = None
    after: UUID | None = None
    before: UUID | None = None
    limit: int = 50


async def insert(unit: Unit, rule: Rule) -> Row:
    """Keep a rule, at the last place of its world."""
    await unit.execute(_LOCK, rule.world_sid)
    row: Row | None = await unit.fetchrow(
        _INSERT,
        rule.sid,
        rule.world_sid,
        rule.kind,
        {name: list(values) for name, values in rule.match.asked.items()},
        rule.probability,
        rule.count,
        rule.delay_ms,
        rule.status,
        rule.error_code,
        rule.seed,
        rule.date_created,
    )
    assert row is not None
    return row


async def of_world(reader: Executor, world_sid: str) -> list[Row]:
    """A world's rules in their order."""
    return list(
        await reader.fetch(f"select {_COLUMNS} from faults where world_sid = $1 order by position", world_sid)
    )


async def of_all(reader: Executor) -> list[Row]:
    return list(await reader.fetch(f"select {_COLUMNS} from faults order by world_sid, position"))


async def get(reader: Executor, world_sid: str, sid: str) -> Row | None:
    row: Row | None = await reader.fetchrow(
        f"select {_COLUMNS} from faults where world_sid = $1 and sid = $2", world_sid, sid
    )
    return row


async def delete(unit: Unit, world_sid: str, sid: str | None) -> int:
    """Remove one rule, or all of the world. After its last one, requests are counted from the first again."""
    await unit.execute(_LOCK, world_sid)
    removed = await unit.execute(
        "delete from faults where world_sid = $1 and ($2::text is null or sid = $2)", world_sid, sid
    )
    await unit.execute(
        "delete from fault_turns where world_sid = $1 and not exists (select from faults where world_sid = $1)",
        world_sid,
    )
    return int(removed.rpartition(" ")[2])


async def apply(executor: Executor, rule: Rule, happening: Happening, at: datetime) -> bool:
    """Note that the rule strikes; False when it has struck as often as it may."""
    is_applied: bool = await executor.fetchval(
        _APPLY,
        sids.new_id(),
        happening.world_sid,
        happening.account_sid,
        rule.sid,
        rule.kind,
        happening.resource_sid or None,
        happening.event,
        happening.subject,
        happening.attempt,
        at,
        rule.is_standing,
    )
    return is_applied


async def turn(executor: Executor, world_sid: str, thing: str) -> int:
    """How many requests of this sort the world has seen since it has rules, this one included."""
    number: int = await executor.fetchval(_TURN, world_sid, thing)
    return number


async def counts(reader: Executor, world_sid: str) -> Mapping[str, int]:
    """How often each rule struck in this world, as far as that is still on record."""
    rows = await reader.fetch(
        "select fault_sid, count(*) as n from applied_faults where world_sid = $1 group by 1", world_sid
    )
    return {row["fault_sid"]: row["n"] for row in rows}


async def applied(reader: Executor, world_sid: str, part: Part) -> list[Row]:
    """Newest first."""
    is_backward = part.before is not None and part.after is None
    rows = await reader.fetch(
        "select * from applied_faults where world_sid = $1"
        " and ($2::text is null or fault_sid = $2) and ($3::text is null or kind = $3)"
        " and ($4::text is null or resource_sid = $4) and ($5::uuid is null or id < $5)"
        f" and ($6::uuid is null or id > $6) order by id {'asc' if is_backward else 'desc'} limit $7",
        world_sid,
        part.fault_sid,
        part.kind,
        part.resource_sid,
        part.after,
        part.before if is_backward else None,
        part.limit,
    )
    return list(rows)[::-1] if is_backward else list(rows)


async def applied_to(reader: Executor, world_sid: str, resource_sids: Sequence[str]) -> list[Row]:
    """What struck these resources, oldest first: for their story."""
    return list(
        await reader.fetch(
            "select * from applied_faults where world_sid = $1 and resource_sid = any($2) order by id",
            world_sid,
            list(resource_sids),
        )
    )


async def strikes(reader: Executor, world_sid: str, resource_sid: str, kind: str) -> int:
    """How often faults of this kind struck this resource."""
    number: int = await reader.fetchval(
        "select count(*) from applied_faults where world_sid = $1 and resource_sid = $2 and kind = $3",
        world_sid,
        resource_sid,
        kind,
    )
    return number


async def prune(writer: Executor, before: UUID) -> None:
    """Let go of what struck long ago."""
    await writer.execute("delete from applied_faults where id < $1", before)


def rule_of(row: Row) -> Rule:
    return Rule(
        sid=row["sid"],
        world_sid=row["world_sid"],
        position=row["position"],
        kind=row["kind"],
        match=Match.parse(row["match"]),
        probability=row["probability"],
        count=row["most"],
        delay_ms=row["delay_ms"],
        status=row["status"],
        error_code=row["error_code"],
        seed=row["seed"],
        date_created=row["date_created"],
    )
