"""Messages go after so many days, where an account wants that: a little every minute, and nothing while others wait.

Whoever has work due waits for nobody's housekeeping: with a backlog of jobs nothing is deleted, and otherwise so many a
second, a window at a time, account after account.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.messaging.keeping import batches
from localloop.products.messaging.keeping.batches import Filters
from localloop.store import Database

RETENTION: Final = "messages.retention"
EVERY: Final = timedelta(minutes=1)
_BUSY: Final = """
select count(*) > $2 from (select from jobs where run_at <= $1 and not leased limit $2 + 1) due
"""
_WANTED: Final = """
select a.sid, a.world_sid, coalesce(own.retention_days, main.retention_days, $1) as days
from accounts a
left join messaging_settings own on own.account_sid = a.sid
left join messaging_settings main on main.account_sid = a.world_sid
where coalesce(own.retention_days, main.retention_days, $1) > 0 and ($2 = '' or a.world_sid = $2)
order by a.sid
"""
_ANY: Final = "select exists (select from messaging_settings where retention_days > 0)"


class Pace(Struct, frozen=True, kw_only=True):
    """How gently."""

    days: int = 0  # of accounts that chose nothing; 0 = for ever
    a_second: int = 1_000  # messages
    waiting: int = 200  # due jobs beyond which this is a busy time
    turn_s: float = 45.0  # the next turn comes after a minute


async def prune(database: Database, pace: Pace, world_sid: str = "") -> int:
    """How many messages went in this turn, of all worlds or of one."""
    if not pace.days and not await database.fetchval(_ANY):
        return 0
    ends, count = monotonic() + pace.turn_s, 0
    for row in await database.fetch(_WANTED, pace.days, world_sid):
        oldest = clock.now(row["world_sid"]) - timedelta(days=row["days"])
        turn = _Turn(row["sid"], oldest, ends)
        count += await turn.run(database, pace)
        if turn.is_over:
            break
    return count


class _Turn:
    """One account's share."""

    def __init__(self, account_sid: str, oldest: datetime, ends: float) -> None:
        self._account_sid = account_sid
        self._filters = Filters(created_until=oldest)
        self._ends = ends
        self.is_over = False

    async def run(self, database: Database, pace: Pace) -> int:
        count, reached, end = 0, None, sids.bound(clock.now())
        while True:
            if monotonic() > self._ends or await database.fetchval(_BUSY, clock.now(), pace.waiting):
                self.is_over = True
                return count
            began = monotonic()
            window = await self._window(database, (reached, end))
            count += window.deleted
            if window.seen < batches.WINDOW:
                return count
            reached = window.reached
            await asyncio.sleep(max(0.0, window.deleted / pace.a_second - (monotonic() - began)))

    async def _window(self, database: Database, between: tuple[UUID | None, UUID]) -> batches.Window:
        async with database.unit() as unit:
            return await batches.delete(unit, self._account_sid, self._filters, between)
