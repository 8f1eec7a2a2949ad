"""Acceptance: messages, their places in their senders' queues and their jobs, in one commit for many requests."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final, Protocol, cast
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, errors
from localloop.core.errors import ApiError
from localloop.jobs import NewJob, Reservation, Wish, delay, enqueue, reserve, share
from localloop.products.messaging.link import queries as links
from localloop.products.messaging.media import queries as media
from localloop.products.messaging.media.resource import Attached
from localloop.products.messaging.message import queries, scheduled
from localloop.products.messaging.message.compose import Draft, expiry_of
from localloop.products.messaging.message.resource import Message
from localloop.store import answers
from localloop.store.answers import KeyTaken

log = logging.getLogger(__name__)

SEND: Final = "message.send"
ASSIGN: Final = "message.assign"
QUEUE: Final = timedelta(hours=10)  # the longest that a message waits for its pace (21611)
_NOTABLE: Final = timedelta(seconds=2)
_MOST_TOLD: Final = 10_000
_INSTANT: Final = timedelta(milliseconds=1)


class Reference(Struct, frozen=True, omit_defaults=True):
    """The payload of a message's jobs; of one that is sent, whose pace it keeps, and how long it takes."""

    sid: str
    pace_key: str = ""
    interval_us: int = 0

    @property
    def interval(self) -> timedelta:
        return timedelta(microseconds=self.interval_us)


def reference_of(draft: Draft) -> Reference:
    if not draft.interval:
        return Reference(draft.message.sid)
    return Reference(draft.message.sid, draft.pace_key, round(draft.interval / timedelta(microseconds=1)))


class Refusals(Protocol):
    """Whoever knows which recipients want nothing from whom: `consent`."""

    async def refused(self, connection: Any, drafts: Sequence[Draft]) -> Sequence[ApiError | None]: ...


class Acceptance:
    """Takes drafts in the transaction of a batch. Remembers only which senders were told that they are slow.

    `account_rate`: segments a second that an account may send, over all its senders; 0 = without limit.
    """

    def __init__(self, refusals: Refusals, account_rate: float = 0.0) -> None:
        self._refusals = refusals
        self._account_rate = account_rate
        self._told: set[str] = set()

    async def accept(self, connection: Any, drafts: Sequence[Draft]) -> list[Message | Exception]:
        """The message of each draft, or the error of one of which nothing is kept: 21610, or as `take` says; KeyTaken
        where its idempotency key is that of somebody else's work."""
        if any(draft.kept is not None for draft in drafts):
            return await self._accept_once(connection, drafts)
        return list(await self._accept(connection, drafts))

    async def _accept_once(self, connection: Any, drafts: Sequence[Draft]) -> list[Message | Exception]:
        """A refused message keeps no key."""
        claims = await answers.keep(connection, [draft.kept for draft in drafts if draft.kept is not None])
        late = [draft.kept is not None and draft.kept.claim not in claims for draft in drafts]
        wanted = [draft for draft, is_late in zip(drafts, late, strict=True) if not is_late]
        taken = await self._accept(connection, wanted) if wanted else []
        refused = [
            draft.kept
            for draft, answer in zip(wanted, taken, strict=True)
            if isinstance(answer, ApiError) and draft.kept is not None
        ]
        await answers.release(connection, refused)
        following = iter(taken)
        return [KeyTaken() if is_late else next(following) for is_late in late]

    async def _accept(self, connection: Any, drafts: Sequence[Draft]) -> list[Message | ApiError]:
        refused = await self._refusals.refused(connection, drafts)
        if not any(refused):
            return await self.take(connection, drafts)
        wanted = [draft for draft, refusal in zip(drafts, refused, strict=True) if refusal is None]
        taken = iter(await self.take(connection, wanted))
        return [next(taken) if refusal is None else refusal for refusal in refused]

    async def take(self, connection: Any, drafts: Sequence[Draft]) -> list[Message | ApiError]:
        """The message of each draft whoever it is for, or the error of one of which nothing is kept: 21611 where its
        sender's queue is full, 35125 where too many are scheduled."""
        due = await self.places(connection, drafts)
        refused = await scheduled.enter(connection, [draft.message for draft in drafts])
        taken = [
            (draft, at)
            for draft, at in zip(drafts, due, strict=True)
            if at is not None and draft.message.id not in refused
        ]
        if taken:
            await queries.insert(connection, [draft.message for draft, _ in taken])
            await media.insert(
                connection,
                [(draft.message, tuple(map(Attached, draft.media))) for draft, _ in taken if draft.media],
            )
            await links.keep(connection, [(draft.message, draft.links) for draft, _ in taken if draft.links])
            await enqueue(connection, [job_of(draft, at) for draft, at in taken])
        for draft, at in taken:
            self.tell(draft, at)
        return [_answer(draft, at, refused) for draft, at in zip(drafts, due, strict=True)]

    async def places(self, connection: Any, drafts: Sequence[Draft]) -> list[datetime | None]:
        """When each may be sent, in its world's time, its turn being taken; None where a queue is full.

        Must run inside a unit of work. A request is refused then (21611), a message that exists fails (30001).
        """
        due = await _places(connection, drafts)
        if self._account_rate:
            await _within_accounts(connection, drafts, due, self._account_rate)
        return due

    def tell(self, draft: Draft, at: datetime) -> None:
        """Once of each sender that it is slow."""
        wait = at - (draft.message.options.send_at or draft.message.date_created)
        if wait <= _NOTABLE or draft.pace_key in self._told or len(self._told) >= _MOST_TOLD:
            return
        self._told.add(draft.pace_key)
        log.info(
            "messages from %s wait %.0f s for their turn: it sends a segment each %.2f s, as with Twilio;"
            " --message-rate 0, a short code or more senders are faster",
            draft.message.from_,
            wait.total_seconds(),
            draft.interval.total_seconds() / draft.message.num_segments,
        )


def _answer(draft: Draft, at: datetime | None, refused: Collection[UUID]) -> Message | ApiError:
    if draft.message.id in refused:
        return errors.too_many_scheduled()
    return errors.queue_full() if at is None else draft.message


def job_of(draft: Draft, at: datetime) -> NewJob:
    """At its turn, or at once what looks for its sender, or at its moment what is scheduled; a message that will have
    expired by then fails (30036) as soon as it has."""
    message = draft.message
    kind = SEND if message.status == "queued" else ASSIGN
    if message.status == "scheduled":
        at = message.options.send_at or at
    elif message.options.validity_period is not None:
        at = min(at, expiry_of(message) + _INSTANT)
    return NewJob(kind, message.account_sid, message.world_sid, reference_of(draft), at, message.sid)


async def _places(connection: Any, drafts: Sequence[Draft]) -> list[datetime | None]:
    """When each may be sent, in its world's time; None where the queue is full."""
    now = clock.now()
    due: list[datetime | None] = []
    paced: defaultdict[int, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    moments: dict[int, datetime] = {}
    for index, draft in enumerate(drafts):
        here = clock.now(draft.message.world_sid)
        due.append(here)
        if draft.interval:
            # Worlds whose clocks agree share their round trips.
            group = round((here - now).total_seconds())
            moments[group] = max(here, moments.get(group, here))
            paced[group][draft.pace_key].append(index)
    for group, senders in paced.items():
        await _take(connection, drafts, senders, moments[group], due)
    return due


async def _take(
    connection: Any,
    drafts: Sequence[Draft],
    senders: dict[str, list[int]],
    now: datetime,
    due: list[datetime | None],
) -> None:
    """Each sender's messages of this batch take one slot together, as long as they need."""
    offsets = {key: _offsets(drafts, indexes) for key, indexes in senders.items()}
    wanted = [Reservation(key, 1, ends[-1], QUEUE - ends[-2]) for key, ends in offsets.items()]
    given = await reserve(connection, wanted, now)
    again: list[Reservation] = []
    for key, indexes in senders.items():
        slots, ends = given[key], offsets[key]
        # Given back whole: those that fit are asked for again, and nobody comes between, for the row is locked.
        fitting = len(indexes)
        if not slots.count:
            fitting = sum(slots.first + start <= now + QUEUE for start in ends[:-1])
        if not slots.count and fitting:
            again.append(Reservation(key, 1, ends[fitting]))
        for place, index in enumerate(indexes):
            due[index] = slots.first + ends[place] if place < fitting else None
    await reserve(connection, again, now)


async def _within_accounts(
    connection: Any, drafts: Sequence[Draft], due: list[datetime | None], rate: float
) -> None:
    """Later where the account has sent enough by then; its sender is busy until later, too."""
    accounts: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index, draft in enumerate(drafts):
        if due[index] is not None:
            accounts[draft.message.account_sid, draft.message.world_sid].append(index)
    for (account_sid, world_sid), indexes in sorted(accounts.items()):
        now = clock.now(world_sid)
        turns = [(cast(datetime, due[index]), index) for index in indexes]
        wishes = [_wish(drafts[index], at) for at, index in sorted(turns)]
        starts = await share(connection, f"{account_sid}|account", rate, wishes, (now, now + QUEUE))
        busy: dict[str, tuple[datetime, datetime]] = {}  # until when each sender was, and is now
        for (at, index), start in zip(sorted(turns), starts, strict=True):
            draft = drafts[index]
            due[index] = start
            _, until = busy.get(draft.pace_key, (at, at))
            busy[draft.pace_key] = at + draft.interval, until if start is None else start + draft.interval
        await delay(connection, {key: until - before for key, (before, until) in busy.items()})


def _wish(draft: Draft, at: datetime) -> Wish:
    return Wish(draft.pace_key, at, draft.message.num_segments, draft.interval)


def _offsets(drafts: Sequence[Draft], indexes: list[int]) -> list[timedelta]:
    """When each of a sender's messages starts after the first, and at last when all are through."""
    return list(accumulate((drafts[index].interval for index in indexes), initial=timedelta()))
