"""Worlds that the lab made, for a test or as a fork: who asked for each, and the snapshot of its start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.lab.shelf.statements import SCHEMA
from localloop.rest.request import PageRequest
from localloop.store import Executor

_COLUMNS: Final = "world_sid, made_by, start_sid, accounts, replaces, fingerprint, date_created"
_NOTE: Final = f"insert into {SCHEMA}.made_worlds ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)"
_FIND: Final = f"select {_COLUMNS} from {SCHEMA}.made_worlds where world_sid = $1"
_FORGET: Final = f"""
delete from {SCHEMA}.made_worlds where world_sid = $1 and made_by <> '' and $2 in (world_sid, made_by)
returning {_COLUMNS}
"""
_UNUSED: Final = f"""
select s.sid from unnest($1::text[]) as s (sid)
where not exists (select from {SCHEMA}.snapshots k where k.sid = s.sid)
  and not exists (select from {SCHEMA}.made_worlds m where m.start_sid = s.sid)
"""
_PAGE: Final = f"""
select m.world_sid, m.date_created, w.profile from {SCHEMA}.made_worlds m join worlds w using (world_sid)
where m.made_by = $1 and ($2::text is null or m.world_sid < $2) and ($3::text is null or m.world_sid > $3)
"""


class Made(Struct, frozen=True, kw_only=True):
    """A world and who asked for it. A fork starts as the snapshot of another world, whose accounts its own replace;
    others as themselves once were, or with nothing (no `start_sid`).

    The worlds of a seed file are nobody's, so none may delete them; `fingerprint` is of what the file said.
    """

    world_sid: str
    made_by: str
    start_sid: str
    accounts: Sequence[str] = ()
    replaces: Sequence[str] = ()
    fingerprint: str = ""
    date_created: datetime

    @property
    def is_fork(self) -> bool:
        return self.accounts != self.replaces


async def note(executor: Executor, made: Made) -> None:
    await executor.execute(
        _NOTE,
        made.world_sid,
        made.made_by,
        made.start_sid,
        list(made.accounts),
        list(made.replaces),
        made.fingerprint,
        made.date_created,
    )


async def find(executor: Executor, world_sid: str) -> Made | None:
    """None for a world that the lab did not make."""
    row = await executor.fetchrow(_FIND, world_sid)
    return None if row is None else Made(**dict(row))


async def forget(executor: Executor, world_sid: str, caller: str) -> Made | None:
    """The same, and it is made no more; None also when it was another's."""
    row = await executor.fetchrow(_FORGET, world_sid, caller)
    return None if row is None else Made(**dict(row))


async def remove(executor: Executor, world_sid: str) -> None:
    await executor.execute(f"delete from {SCHEMA}.made_worlds where world_sid = $1", world_sid)


async def unused(executor: Executor, snapshots: Sequence[str]) -> list[str]:
    """Those that are neither listed nor the start of a fork."""
    return [row["sid"] for row in await executor.fetch(_UNUSED, snapshots)]


async def page(executor: Executor, made_by: str, asked: PageRequest) -> tuple[list[Any], bool]:
    """The newest first; and whether there are more in the direction of travel."""
    backwards = asked.before is not None
    rows = await executor.fetch(
        f"{_PAGE} order by world_sid {'asc' if backwards else 'desc'} limit $4",
        made_by,
        asked.after,
        asked.before,
        asked.size + 1,
    )
    found = list(rows[: asked.size])
    return (found[::-1] if backwards else found), len(rows) > asked.size
