"""Waiting for a line on a handset: whoever waits looks, and looks again when some handset was written to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from localloop.store import Database, Subscription
from localloop.telephony.simulated import handsets
from localloop.telephony.simulated.handsets import KeptLine, PhoneCall


class CallWatch:
    """The registry of those who wait in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[asyncio.Event] = set()
        self._subscription: Subscription | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()

    async def wait(
        self,
        call: PhoneCall,
        fits: Callable[[Sequence[KeptLine]], Awaitable[KeptLine | None]],
        seconds: float,
    ) -> KeptLine | None:
        """The first line that fits, one that is there already or that comes in time."""
        await self._listen()
        told, after = asyncio.Event(), None
        self._waiting.add(told)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    told.clear()
                    lines = await handsets.list_lines(self._database, call.world_sid, call.id, after)
                    found = await fits(lines)
                    if found is not None:
                        return found
                    after = lines[-1].id if lines else after
                    await told.wait()
        except TimeoutError:
            return None
        finally:
            self._waiting.discard(told)

    async def _listen(self) -> None:
        async with self._opening:
            if self._subscription is None:
                channel = handsets.CHANNEL
                self._subscription = await self._database.listen(channel, lambda _: self._tell(), self._tell)

    def _tell(self) -> None:
        for each in self._waiting:
            each.set()
