"""Answers that are kept for who asks again with the same idempotency key, and claims of keys whose work still runs.

A row is written with the work itself where the work is one transaction of our own; elsewhere it is claimed before and
completed after. A key that has run out is taken anew, in the same statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from localloop.store.database import Executor

# claimed: its work runs, or whoever did it died; unknown: it went wrong, nobody knows how far; gone: not kept any more.
State: TypeAlias = Literal["claimed", "unknown", "done", "gone"]

KEPT_FOR: Final = timedelta(hours=24)
_COLUMNS: Final = (
    "account_sid, key, world_sid, fingerprint, state, claim, claimed_at, answer, resource_sid, expires_at"
)
_KEEP: Final = f"""
insert into kept_answers as k ({_COLUMNS})
select r.account_sid, r.key, r.world_sid, r.fingerprint,
  case when f.gone then 'gone' else r.state end, r.claim, r.claimed_at, case when f.gone then null else r.answer end,
  r.resource_sid, r.expires_at
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::uuid[], $7::timestamptz[], $8::bytea[],
  $9::text[], $10::timestamptz[]) as r ({_COLUMNS})
cross join lateral (
  select exists (
    select from forgotten f where f.resource_sid = r.resource_sid and f.account_sid = r.account_sid
  ) as gone
) f
on conflict (account_sid, key) do update set
  world_sid = excluded.world_sid, fingerprint = excluded.fingerprint, state = excluded.state, claim = excluded.claim,
  claimed_at = excluded.claimed_at, answer = excluded.answer, resource_sid = excluded.resource_sid,
  expires_at = excluded.expires_at
where k.claim = excluded.claim or k.expires_at <= excluded.expires_at - $11::interval
returning claim
"""
_READ: Final = f"""
select q.n, {", ".join("k." + name for name in _COLUMNS.split(", "))}
from unnest($1::text[], $2::text[], $3::timestamptz[]) with ordinality as q (account_sid, key, at, n)
join kept_answers k on k.account_sid = q.account_sid and k.key = q.key and k.expires_at > q.at
"""
_RELEASE: Final = (
    "delete from kept_answers where account_sid = $1 and key = $2 and claim = $3 and state = 'claimed'"
)
_DOUBT: Final = """
update kept_answers set state = 'unknown' where account_sid = $1 and key = $2 and claim = $3 and state = 'claimed'
"""
_FORGET: Final = """
update kept_answers set state = 'gone', answer = null where account_sid = $1 and resource_sid = any($2::text[])
"""
_PRUNE: Final = "delete from kept_answers where expires_at <= $1 and world_sid <> all($2::text[])"
_PRUNE_WORLD: Final = "delete from kept_answers where world_sid = $1 and expires_at <= $2"


_NAMES: Final = tuple(_COLUMNS.split(", "))

# An account, a key of its own, and the moment of its world.
Question: TypeAlias = tuple[str, str, datetime]


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """One key with what came of it. `answer` is sealed; `claim` is the request that has the key."""

    account_sid: str
    key: str
    world_sid: str
    fingerprint: bytes
    state: State
    claim: UUID
    claimed_at: datetime  # in real time: how long it has been running
    answer: bytes | None = None
    resource_sid: str | None = None
    expires_at: datetime  # in the world's time


class KeyTaken(Exception):
    """Somebody else's work has the key."""


async def keep(connection: Executor, answers: Sequence[KeptAnswer]) -> set[UUID]:
    """Write these rows; which claims have got their keys."""
    unique = {(each.account_sid, each.key): each for each in reversed(answers)}
    rows = [_row(unique[key]) for key in sorted(unique)]
    if not rows:
        return set()
    written = await connection.fetch(_KEEP, *map(list, zip(*rows, strict=True)), KEPT_FOR)
    return {row["claim"] for row in written}


async def read(reader: Executor, asked: Sequence[Question]) -> list[KeptAnswer | None]:
    """What is known of each key."""
    found: list[KeptAnswer | None] = [None] * len(asked)
    for row in await reader.fetch(_READ, *map(list, zip(*asked, strict=True))):
        n, *values = row.values()
        found[n - 1] = KeptAnswer(**dict(zip(_NAMES, values, strict=True)))
    return found


async def release(connection: Executor, answers: Sequence[KeptAnswer]) -> None:
    """Nothing was done: the keys are free again."""
    for each in answers:
        await connection.execute(
            "delete from kept_answers where account_sid = $1 and key = $2 and claim = $3",
            each.account_sid,
            each.key,
            each.claim,
        )


async def release_claim(connection: Executor, claimed: KeptAnswer, *, is_doubtful: bool) -> None:
    """The work of a claim did not come to an answer: nothing was done, or nobody knows."""
    statement = _DOUBT if is_doubtful else _RELEASE
    await connection.execute(statement, claimed.account_sid, claimed.key, claimed.claim)


async def forget(connection: Executor, account_sid: str, resource_sids: Sequence[str]) -> None:
    """Answers that tell of these resources are not kept any more; their keys stay taken."""
    await connection.execute(_FORGET, account_sid, list(resource_sids))


async def prune(connection: Executor, at: datetime, moved: Mapping[str, datetime]) -> None:
    """Let go of what has run out. `moved`: worlds that go by a time of their own, and what it is there."""
    await connection.execute(_PRUNE, at, list(moved))
    for world_sid, moment in moved.items():
        await connection.execute(_PRUNE_WORLD, world_sid, moment)


def _row(answer: KeptAnswer) -> tuple[Any, ...]:
    return (
        answer.account_sid,
        answer.key,
        answer.world_sid,
        answer.fingerprint,
        answer.state,
        answer.claim,
        answer.claimed_at,
        answer.answer,
        answer.resource_sid,
        answer.expires_at,
    )
