"""When a sender really starts with a message: its jobs may run late, and its starts stay apart all the same."""

from __future__ import annotations

import asyncio
from datetime import datetime

from localloop.core import clock
from localloop.jobs import PATIENCE, Claim, Job, Retry, Turn, claim
from localloop.products.messaging.message.accept import Reference
from localloop.store import Database
from localloop.store.reader import BatchReader


class Starts:
    """Claims starts, many in one statement."""

    def __init__(self, database: Database) -> None:
        self._turns: BatchReader[Claim, Turn] = BatchReader(database, claim, lanes=1)

    async def close(self) -> None:
        await self._turns.close()

    async def turn(self, job: Job, reference: Reference) -> datetime | Retry | None:
        """Now, as the moment of its start; or when to come again. None without a pace, and where time is moved by hand:
        there the slot alone counts."""
        if not reference.interval_us or clock.world_time(job.world_sid).mode != "real":
            return None
        while True:
            turn = await self._turns.read(Claim(reference.pace_key, job.id, clock.now(), reference.interval))
            if turn.is_granted:
                return turn.at
            wait = turn.at - clock.now()
            if wait > PATIENCE:
                return Retry(wait)
            await asyncio.sleep(max(0.0, wait.total_seconds()))
