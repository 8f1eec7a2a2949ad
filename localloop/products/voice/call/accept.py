"""Acceptance: calls, their turns at their accounts' calls per second and their jobs, many requests in one commit."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from localloop.core import clock, errors
from localloop.core.errors import ApiError
from localloop.jobs import Reservation, enqueue, reserve
from localloop.products.voice.call import queries
from localloop.products.voice.call.events import Dialled
from localloop.products.voice.call.live import Live
from localloop.products.voice.call.resource import Call
from localloop.products.voice.call.turn import job_of

log = logging.getLogger(__name__)

QUEUE: Final = timedelta(hours=24)  # the longest that a call waits for its turn (22005)
_NOTABLE: Final = timedelta(seconds=2)
_MOST_TOLD: Final = 10_000
_MILLISECOND: Final = timedelta(milliseconds=1)


class Acceptance:
    """Takes calls in the transaction of a batch. `rate`: calls a second of an account; 0 = unlimited."""

    def __init__(self, rate: float) -> None:
        self._interval = timedelta(seconds=1 / rate) if rate else timedelta()
        self._told: set[str] = set()

    async def flush(self, connection: Any, calls: Sequence[Live]) -> list[Call | ApiError]:
        """The call of each, or 22005 where its account's queue is full, and nothing of it is kept."""
        due = await self._places(connection, calls)
        queued = [
            (
                replace(
                    each, call=replace(each.call, queue_ms=(at - each.call.date_created) // _MILLISECOND)
                ),
                at,
            )
            for each, at in zip(calls, due, strict=True)
            if at is not None
        ]
        await queries.insert(connection, [each for each, _ in queued])
        await enqueue(connection, [job_of(each, Dialled(), at) for each, at in queued])
        for each, at in queued:
            self._tell(each.call, at)
        taken = iter(queued)
        return [errors.call_queue_full() if at is None else next(taken)[0].call for at in due]

    async def _places(self, connection: Any, calls: Sequence[Live]) -> list[datetime | None]:
        """When each leaves the queue, in its world's time; None where the queue is full."""
        due: list[datetime | None] = [each.call.date_created for each in calls]
        if not self._interval:
            return due
        accounts: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for index, each in enumerate(calls):
            accounts[each.call.world_sid, each.call.account_sid].append(index)
        for (world_sid, account_sid), indexes in sorted(accounts.items()):
            key = f"{account_sid}|calls"
            wanted = Reservation(key, len(indexes), self._interval, QUEUE)
            given = (await reserve(connection, [wanted], clock.now(world_sid)))[key]
            for place, index in enumerate(indexes):
                at = max(given.at(place), calls[index].call.date_created)
                due[index] = at if place < given.count else None
        return due

    def _tell(self, call: Call, at: datetime) -> None:
        """Once of each account that it has to wait."""
        wait = at - call.date_created
        if wait <= _NOTABLE or call.account_sid in self._told or len(self._told) >= _MOST_TOLD:
            return
        self._told.add(call.account_sid)
        log.info(
            "calls of %s wait %.0f s for their turn: an account begins one each %.2f s, as with Twilio;"
            " --call-rate 0 is faster",
            call.account_sid,
            wait.total_seconds(),
            self._interval.total_seconds(),
        )
