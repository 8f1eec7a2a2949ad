"""Worlds that the lab made, for a test or as a fork: who asked for each, and the snapshot of its start."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from localloop.lab.shelf.statements import SCHEMA
from localloop.rest.request import PageRequest
from localloop.store import Executor

_NOTE: Final = f"""
insert into {SCHEMA}.made_worlds (world_sid, made_by, start_sid, is_fork, date_created) values ($1, $2, $3, $4, $5)
"""
_START: Final = f"select start_sid from {SCHEMA}.made_worlds where world_sid = $1"
_FORGET: Final = f"""
delete from {SCHEMA}.made_worlds where world_sid = $1 and $2 in (world_sid, made_by) returning start_sid, is_fork
"""
_PAGE: Final = f"""
select m.world_sid, m.date_created, w.profile from {SCHEMA}.made_worlds m join worlds w using (world_sid)
where m.made_by = $1 and ($2::text is null or m.world_sid < $2) and ($3::text is null or m.world_sid > $3)
"""


class Made(Struct, frozen=True):
    """A world and who asked for it. The start of a fork is a snapshot like others, that of another world is small."""

    world_sid: str
    made_by: str
    start_sid: str
    is_fork: bool
    date_created: datetime


async def note(executor: Executor, world: Made) -> None:
    await executor.execute(
        _NOTE, world.world_sid, world.made_by, world.start_sid, world.is_fork, world.date_created
    )


async def start_of(executor: Executor, world_sid: str) -> str | None:
    """The snapshot of its start; None for a world that the lab did not make."""
    sid: str | None = await executor.fetchval(_START, world_sid)
    return sid


async def forget(executor: Executor, world_sid: str, caller: str) -> tuple[str, bool] | None:
    """The same, and whether it was a fork; None also when it was another's. It is made no more."""
    row = await executor.fetchrow(_FORGET, world_sid, caller)
    return None if row is None else (row["start_sid"], row["is_fork"])


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
