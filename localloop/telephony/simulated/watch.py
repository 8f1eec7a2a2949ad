"""News of handsets: whoever follows one looks, and looks again when some handset was written to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from localloop.store import Database, Subscription
from localloop.telephony.simulated import handsets


class CallWatch:
    """The registry of those who follow calls in this process."""

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

    async def _listen(self) -> None:
        async with self._opening:
            if self._subscription is None:
                channel = handsets.CHANNEL
                self._subscription = await self._database.listen(channel, lambda _: self._tell(), self._tell)

    def _tell(self) -> None:
        for each in self._waiting:
            each.set()
