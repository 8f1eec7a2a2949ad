"""Waiting for a line on a handset: whoever waits looks, and looks again when some handset was written to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

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

    @asynccontextmanager
    async def told(self) -> AsyncIterator[asyncio.Event]:
        """Set whenever some handset was written to."""
        await self._listen()
        told = asyncio.Event()
        self._waiting.add(told)
        try:
            yield told
        finally:
            self._waiting.discard(told)

    async def wait(
        self,
        call: PhoneCall,
        fits: Callable[[Sequence[KeptLine]], Awaitable[KeptLine | None]],
        over: asyncio.Future[None],
    ) -> KeptLine | None:
        """The first line that fits, one that is there already or that comes until it is `over`."""
        after = None
        async with self.told() as told:
            end = partial(_tell, told)
            over.add_done_callback(end)
            try:
                while True:
                    told.clear()
                    is_over = over.done()  # before looking: what came until then is seen
                    lines = await handsets.list_lines(self._database, call.world_sid, call.id, after)
                    found = await fits(lines)
                    if found is not None or is_over:
                        return found
                    after = lines[-1].id if lines else after
                    await told.wait()
            finally:
                over.remove_done_callback(end)

    async def _listen(self) -> None:
        async with self._opening:
            if self._subscription is None:
                channel = handsets.CHANNEL
                self._subscription = await self._database.listen(channel, lambda _: self._tell(), self._tell)

    def _tell(self) -> None:
        for each in self._waiting:
            each.set()


def _tell(told: asyncio.Event, _over: asyncio.Future[None]) -> None:
    told.set()
