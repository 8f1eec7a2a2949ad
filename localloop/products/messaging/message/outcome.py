"""What became of messages, written in batches: the status, the callback, the next job and the end of the last one are
one commit, and all of it only where the status changed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from localloop.carriers import phones
from localloop.carriers.phones import PhoneMessage
from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.jobs import Job, NewJob, enqueue, may_relay, relay
from localloop.jobs.settle import Gone, settle
from localloop.products.messaging.keeping import retained
from localloop.products.messaging.media import queries as media
from localloop.products.messaging.media.resource import Attached
from localloop.products.messaging.message import callbacks, debugger, queries
from localloop.products.messaging.message.accept import Acceptance, Reference
from localloop.products.messaging.message.compose import Draft
from localloop.products.messaging.message.queries import Change
from localloop.products.messaging.message.resource import Message
from localloop.webhooks import Alert, Webhooks

log = logging.getLogger(__name__)

INBOUND: Final = "message.inbound"


class Arrival(Struct, frozen=True, kw_only=True):
    """A message that reached a number of the world."""

    message: Message
    media: tuple[Attached, ...] = ()

    def job(self) -> NewJob:
        message = self.message
        due_at = clock.now(message.world_sid)
        return NewJob(
            INBOUND, message.account_sid, message.world_sid, Reference(message.sid), due_at, message.sid
        )


class Understood(Struct, frozen=True):
    """What texts that came in say of consent: they themselves, and what is answered to them at once."""

    arrivals: tuple[Arrival, ...]
    replies: tuple[Draft, ...] = ()
    texts: tuple[PhoneMessage, ...] = ()  # of the network, on the phones


class Ears(Protocol):
    """Whoever knows the keywords: `consent`."""

    async def understand(self, connection: Any, arrivals: Sequence[Arrival]) -> Understood: ...


class Outcome(Struct, frozen=True, kw_only=True):
    """A change of a message, with all that follows from it; `job`, if any, ends whether or not the change holds.
    Without a change, what follows does so though the message stays what it is."""

    message: Message
    change: Change | None
    job: Job | None = None
    then: tuple[NewJob, ...] = ()
    kept: PhoneMessage | None = None
    arrival: Arrival | None = None
    replies: tuple[Draft, ...] = ()
    alert: Alert | None = None  # that tells more of a failure than the message does
    sequel: Outcome | None = None  # the next change, known already: of the same commit, by the same job


class Written(Struct, frozen=True):
    """What came of an outcome: whether the change took place, and what its job has become, if it goes on."""

    is_held: bool
    relayed: Job | None = None


class Outcomes:
    """The flush of the worker's group commit."""

    def __init__(self, acceptance: Acceptance, ears: Ears, webhooks: Webhooks | None = None) -> None:
        self._acceptance = acceptance
        self._ears = ears
        self._webhooks = webhooks

    async def flush(self, connection: Any, outcomes: Sequence[Outcome]) -> list[Written]:
        """Of several for one message each sees what those before it did, as if each had come in a batch of its own."""
        written: dict[int, Written] = {}
        for turn in _turns(outcomes):
            written |= zip(turn, await self._flush_distinct(connection, list(turn.values())), strict=True)
        ended = [
            each.job for n, each in enumerate(outcomes) if each.job is not None and not written[n].relayed
        ]
        await settle(connection, [Gone(job) for job in ended])
        return [written[n] for n in range(len(outcomes))]

    async def _flush_distinct(self, connection: Any, outcomes: Sequence[Outcome]) -> list[Written]:
        """At most one for each message."""
        changing = [outcome for outcome in outcomes if outcome.change is not None]
        changes = [change for change in map(_change, changing) if change is not None]
        worlds = [outcome.message.world_sid for outcome in changing]
        advanced = await queries.advance(connection, changes, worlds)
        held = [each for each in outcomes if each.change is None or each.message.id in advanced]
        relayed, told = await _relay(connection, held)
        sequels = [outcome.sequel for outcome in held if outcome.sequel is not None]
        await self._follow(connection, [*held, *sequels], told)
        return [_written(outcome, advanced, relayed) for outcome in outcomes]

    async def _follow(self, connection: Any, held: Sequence[Outcome], told: Sequence[NewJob]) -> None:
        arrivals = [outcome.arrival for outcome in held if outcome.arrival is not None]
        await self.arrive(connection, arrivals)
        unsent = await self._reply(connection, held)
        then = [job for outcome in held for job in outcome.then]
        await enqueue(connection, [*told, *then])
        if self._webhooks is not None:
            failed = [alert for each in held for alert in _alerts(each)]
            await self._webhooks.keep_alerts(connection, [*unsent, *failed])
        await phones.keep(connection, [outcome.kept for outcome in held if outcome.kept is not None])
        ended = [
            each.message
            for each in held
            if each.change is not None and retained.is_concerned(each.message, each.change)
        ]
        await retained.let_go(connection, ended)

    async def _reply(self, connection: Any, held: Sequence[Outcome]) -> list[Alert]:
        """What the application answered is sent; alerts of what is not, since its queue is full or nobody wants it."""
        replies = [(outcome.message, reply) for outcome in held for reply in outcome.replies]
        if not replies:
            return []
        answers = await self._acceptance.accept(connection, [reply for _, reply in replies])
        alerts = []
        for (message, _), answer in zip(replies, answers, strict=True):
            if isinstance(answer, ApiError):
                log.warning("a reply was not sent: %s %s", answer.code, answer.message)
                alerts.append(debugger.of_reply(message, answer.code, answer.message))
        return alerts

    async def arrive(self, connection: Any, arrivals: Sequence[Arrival]) -> None:
        """Keep messages that came in, with the jobs that tell the application. Must run inside a unit of work."""
        if not arrivals:
            return
        understood = await self._ears.understand(connection, arrivals)
        kept = understood.arrivals
        await queries.insert(connection, [arrival.message for arrival in kept])
        await media.insert(
            connection, [(arrival.message, arrival.media) for arrival in kept if arrival.media]
        )
        await enqueue(connection, [arrival.job() for arrival in kept])
        await phones.keep(connection, understood.texts)
        if understood.replies:
            await self._acceptance.take(connection, understood.replies)


def _turns(outcomes: Sequence[Outcome]) -> list[dict[int, Outcome]]:
    """The outcomes by their places; the second of a message has to wait for another turn, which is rarely needed."""
    turns: list[dict[int, Outcome]] = []
    seen: Counter[UUID] = Counter()
    for n, outcome in enumerate(outcomes):
        turn = seen[outcome.message.id]
        if turn == len(turns):
            turns.append({})
        turns[turn][n] = outcome
        seen[outcome.message.id] += 1
    return turns


def _change(outcome: Outcome) -> Change | None:
    if outcome.change is None or outcome.sequel is None:
        return outcome.change
    return replace(outcome.change, then=outcome.sequel.change)


async def _relay(connection: Any, held: Sequence[Outcome]) -> tuple[Mapping[int, Job], list[NewJob]]:
    """What jobs became their messages' callbacks, by id; and the callbacks that need jobs of their own."""
    pairs: list[tuple[Job, NewJob]] = []
    told: list[NewJob] = []
    for outcome in held:
        for callback in _callbacks(outcome):
            if outcome.job is not None and may_relay(outcome.job, callback):
                pairs.append((outcome.job, callback))
            else:
                told.append(callback)
    relayed = await relay(connection, pairs)
    return relayed, [*told, *(callback for job, callback in pairs if job.id not in relayed)]


def _written(outcome: Outcome, advanced: Collection[UUID], relayed: Mapping[int, Job]) -> Written:
    job = None if outcome.job is None else relayed.get(outcome.job.id)
    return Written(outcome.message.id in advanced, job)


def _callbacks(outcome: Outcome) -> tuple[NewJob, ...]:
    if outcome.change is None:
        return ()
    sequel = outcome.sequel
    following = None if sequel is None or sequel.change is None else (sequel.message, sequel.change)
    return callbacks.job_of(outcome.message, outcome.change, following)


def _alerts(outcome: Outcome) -> tuple[Alert, ...]:
    if outcome.alert is not None:
        return (outcome.alert,)
    if outcome.change is None:
        return ()
    return debugger.of_change(outcome.message, outcome.change)
