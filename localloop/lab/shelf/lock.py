"""The lock on one world: nothing of it is under way while it is held, and nothing of it begins.

Held by a transaction, so that it goes with whoever dies. Requests are told by a flag that all processes of the machine
share (`rest.gate`), and wait; jobs that are due or parked are locked rows, which claims pass by. What is under way has
two seconds to end. Other worlds go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import asyncpg
from msgspec import Struct

from localloop.core import clock
from localloop.rest.gate import Gate
from localloop.store import Database, Unit
from localloop.store.worlds import LOCK

PATIENCE_S: Final = 2.0
_FIRST_PAUSE_S: Final = 0.002
_LONGEST_PAUSE_S: Final = 0.02
_SOON: Final = timedelta(seconds=60)  # more than anybody holds a world
_ACCOUNTS: Final = "select sid from accounts where world_sid = $1"
_OWN: Final = "account_sid = any($1::text[]) and key is distinct from kind"
_DUE: Final = "not leased and (run_at <= $2 or lane is not null)"
_HOLD: Final = f"select id from jobs where {_OWN} and {_DUE} for update skip locked"
_UNDER_WAY: Final = f"""
select count(*) filter (where {_DUE}) as due,
  coalesce(array_agg(kind) filter (where leased), '{{}}') as running
from jobs where {_OWN}
"""


class Busy(Exception):
    """What was under way did not end in time; the text says what it is."""


class Held(Struct, frozen=True):
    """A world that stands still until `unit` ends, and its accounts."""

    unit: Unit
    world_sid: str
    accounts: Sequence[str]


class WorldLock:
    def __init__(self, database: Database, gate: Gate) -> None:
        self._database = database
        self._gate = gate

    @asynccontextmanager
    async def held(
        self, world_sid: str, patience_s: float = PATIENCE_S, *, must_rest: bool = True
    ) -> AsyncIterator[Held]:
        """One unit of work in which the world stands still. Raises Busy; not because of what is under way, unless it
        `must_rest`."""
        ends = asyncio.get_running_loop().time() + patience_s
        # The gate opens after the commit: whoever comes in then sees what was done.
        with self._gate.shut():
            async with self._database.unit() as unit:
                await _take(unit, world_sid, patience_s)
                accounts = [row["sid"] for row in await unit.fetch(_ACCOUNTS, world_sid)]
                told = await self._wait(unit, accounts, ends)
                if told and must_rest:
                    raise Busy(told)
                yield Held(unit, world_sid, accounts)

    async def _wait(self, unit: Unit, accounts: Sequence[str], ends: float) -> str:
        """Until nothing of these accounts is under way; in the end, what still is."""
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE_S
        while True:
            requests = self._gate.under_way(accounts)
            soon = clock.now() + _SOON
            held = await unit.fetch(_HOLD, accounts, soon)
            row = await unit.fetchrow(_UNDER_WAY, accounts, soon)
            assert row is not None
            if not requests and not row["running"] and row["due"] == len(held):
                return ""
            if loop.time() + pause > ends:
                return _told(requests, row["running"])
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)


async def _take(unit: Unit, world_sid: str, patience_s: float) -> None:
    await unit.execute(f"set local lock_timeout = '{max(1, round(patience_s * 1000))}ms'")
    try:
        await unit.execute("select pg_advisory_xact_lock($1, hashtext($2))", LOCK, world_sid)
    except asyncpg.LockNotAvailableError:
        raise Busy("This world is being saved or restored already.") from None
    await unit.execute("set local lock_timeout = 0")


def _told(requests: int, running: Sequence[Any]) -> str:
    kinds = ", ".join(sorted(set(running)))
    parts = [
        f"{requests} request{'s' if requests > 1 else ''}" if requests else "",
        f"{len(running)} job{'s' if len(running) > 1 else ''} ({kinds})" if running else "",
    ]
    told = " and ".join(part for part in parts if part) or "Something"
    return f"{told} of this world did not end within {PATIENCE_S:g} seconds."
