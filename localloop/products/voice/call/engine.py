"""The engine of calls: takes events one after the other, wherever a call was last, and lets the world do what they ask.

A call is a value in a row; nothing of it is in memory between two events. An event is a job, or somebody who waits for
its answer: the row is read, the event's turn is worked out without I/O, and what came of it is written together with
the end of the job, if nobody else changed the call meanwhile; else it begins again. So a call goes on wherever a worker
is, and what a killed worker had begun is done again by another, under the same numbers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

import msgspec
from msgspec.structs import replace

from localloop.core import clock
from localloop.jobs import Done, Job, Park, Settled
from localloop.jobs import Outcome as JobOutcome
from localloop.products.voice.call import callbacks, conduct, files, mishap, queries, secrecy
from localloop.products.voice.call.ends import Ends
from localloop.products.voice.call.events import AnyEvent, Brought, Came, Dialled, Measured, NotBrought
from localloop.products.voice.call.files import Files
from localloop.products.voice.call.live import EVENT, Asked, Live, Reference
from localloop.products.voice.call.outcome import Outcomes
from localloop.products.voice.call.queries import Loaded, Taken, Unreadable, Wanted
from localloop.products.voice.call.turn import Outcome, Turn
from localloop.products.voice.queue.desk import Caller, standing
from localloop.products.voice.queue.line import wait_params
from localloop.products.voice.recording.desk import Recorder
from localloop.store import BatchWriter, Database, Unavailable
from localloop.store.reader import BatchReader
from localloop.store.sealing import Sealer
from localloop.telephony.leg import Referring, Transferring
from localloop.webhooks import Failure, Instruction, Webhooks

log = logging.getLogger(__name__)

_TRIES: Final = 20
_FAULTS: Final = 3  # as often an event may raise; then its call ends
_DEATHS: Final = 10  # as often a worker may die within an event
_PAUSE_S: Final = 0.05
_MOST_ASKED: Final = 10  # documents that one job asks for before others have their turn
_EARLY: Final = timedelta(milliseconds=30)
_LATE: Final = timedelta(seconds=5)


class Fault(Exception):
    """What is kept of a call cannot be read."""


class Engine:
    """One in each process: of REST, which ends and redirects calls, and of the worker, which runs them."""

    def __init__(
        self,
        database: Database,
        ends: Ends,
        webhooks: Webhooks | None,
        recorder: Recorder,
        sealer: Sealer | None = None,
    ) -> None:
        """Without a sealer no call may pay."""
        self._ends = ends
        self._database = database
        self._sealer = sealer
        self._files = Files(webhooks) if webhooks is not None else None
        self._webhooks = webhooks
        self._public_url = recorder.public_url
        self._loads: BatchReader[Wanted, Loaded | Unreadable | None] = BatchReader(database, queries.load)
        self._writer: BatchWriter[Outcome, Taken] = BatchWriter(database, Outcomes(webhooks, recorder).flush)

    async def close(self) -> None:
        await self._writer.close()
        await self._loads.close()

    async def event(self, job: Job) -> JobOutcome:
        """The handler of a call's events; where one leads to a document, that is asked for by the same job."""
        outcome: JobOutcome | Job = job
        for left in reversed(range(_MOST_ASKED)):
            if not isinstance(outcome, Job):
                break
            outcome = await self._worked(outcome, may_ask=left > 0)
        assert not isinstance(outcome, Job)
        return outcome

    async def _worked(self, job: Job, *, may_ask: bool) -> JobOutcome | Job:
        """A call with an event that cannot be carried out ends: it would wait for that event for ever."""
        reason = "its events were begun too often"
        for _ in range(_FAULTS if job.attempts <= _DEATHS else 0):
            try:
                return await self._work(job, may_ask=may_ask)
            except Unavailable:
                raise
            except Exception as error:
                log.exception("an event of a call of %s cannot be carried out", job.account_sid)
                reason = f"an event of the call could not be carried out: {type(error).__name__}"
                await asyncio.sleep(_PAUSE_S)
        return await self._give_up(job, reason)

    async def _give_up(self, job: Job, reason: str) -> JobOutcome:
        """Raises when not even that can be written."""
        named = job.read(Reference) if job.kind == EVENT else job.read(Asked)
        wanted = Wanted(job.account_sid, named.id, named.root, job)
        try:
            return await self._ended(wanted, lambda turn: mishap.end(turn, reason))
        except Unavailable:
            raise
        except Exception:
            log.exception("a call of %s is ended without its parts", job.account_sid)
            return await self._ended(wanted, lambda turn: mishap.fail(turn, reason))

    async def _ended(self, wanted: Wanted, by: Callable[[Turn], None]) -> JobOutcome:
        job = wanted.job
        assert job is not None
        for _ in range(_TRIES):
            live = await self._whatever(wanted)
            if live is None:
                return Done()
            turn = Turn(live, job.due_at, self._public_url)
            by(turn)
            if await self._writer.write(self._outcome(turn, job)) != "conflict":
                return Settled()
        raise RuntimeError(f"{wanted.id} is changed by others all the time")

    async def _whatever(self, wanted: Wanted) -> Live | None:
        """What can be known of it."""
        found = await self._loads.read(wanted)
        if isinstance(found, Unreadable):
            return await queries.as_shown(self._database, wanted, found.version)
        return found.live if found is not None else None

    async def _load(self, wanted: Wanted) -> Loaded | None:
        """Raises Fault."""
        found = await self._loads.read(wanted)
        if isinstance(found, Unreadable):
            raise Fault(found.reason)
        return found

    async def _work(self, job: Job, *, may_ask: bool) -> JobOutcome | Job:
        if job.kind == EVENT:
            reference = job.read(Reference)
            wanted = Wanted(job.account_sid, reference.id, reference.root, job)
            return await self._apply(wanted, reference.event, job.due_at, may_ask=may_ask)
        asked = job.read(Asked)
        loaded = await self._load(Wanted(job.account_sid, asked.id, asked.root))
        if loaded is None:
            return Done()
        began = perf_counter()
        event = await self._asked(asked, loaded.live)
        # Where time stands still, asking takes none of it.
        is_frozen = clock.world_time(job.world_sid).mode == "frozen"
        took = timedelta() if is_frozen else timedelta(seconds=perf_counter() - began)
        wanted = Wanted(job.account_sid, asked.id, asked.root, job)
        return await self._apply(wanted, event, job.due_at + took, may_ask=may_ask)

    async def _asked(self, asked: Asked, live: Live) -> Brought | NotBrought | Measured:
        if self._webhooks is None:
            raise ValueError("a worker of calls needs webhooks")
        call = live.call
        if asked.why == files.WHY and self._files is not None:
            return await self._files.measured(asked, call)
        instruction = Instruction(
            asked.url,
            call.account_sid,
            {**callbacks.params_of(call), **asked.parameters, **await self._standing(asked, live)},
            asked.method,
            world_sid=call.world_sid,
            resource_sid=call.sid,
            jar=live.jar,
            voice=True,
        )
        answer = await self._webhooks.fetch_instructions(instruction)
        if isinstance(answer, Failure):
            log.warning("%s: %s %s", call.sid, answer.code, answer.message)
            return NotBrought(asked.n, answer.code, answer.message)
        return Brought(asked.n, answer.url, answer.content_type, answer.body, answer.jar)

    async def _standing(self, asked: Asked, live: Live) -> Mapping[str, str]:
        """What a document for those who wait is told of their queue."""
        if asked.why != "queue-wait" or not live.queue_sid:
            return {}
        call = live.call
        caller = Caller(account_sid=call.account_sid, world_sid=call.world_sid, call_id=call.id, at=live.at)
        found = await standing(self._database, caller, live.queue_sid)
        return wait_params(found) if found is not None else {}

    async def _apply(
        self, wanted: Wanted, event: AnyEvent, at: datetime, *, may_ask: bool
    ) -> JobOutcome | Job:
        """An event that a job brings; it waits while something else is due before. The job that it has become, if it
        has."""
        job = wanted.job
        assert job is not None
        for _ in range(_TRIES):
            loaded = await self._load(wanted)
            if loaded is None:
                return Done()
            if loaded.is_early and job.kind == EVENT:
                return Park(loaded.live.key, clock.now() + _pause(job))
            outcome = self._outcome(await self._turn(loaded.live, event, at), job, may_ask=may_ask)
            match await self._writer.write(outcome):
                case "lost":
                    return Settled()  # it is another's to settle
                case "taken" if outcome.asks is not None:
                    new = outcome.asks
                    payload = msgspec.json.encode(new.payload)
                    return replace(job, kind=new.kind, payload=payload, due_at=new.due_at)
                case "taken":
                    return Settled()
        raise RuntimeError(f"{wanted.id} is changed by others all the time")

    async def take(self, wanted: Wanted, event: AnyEvent, at: datetime) -> Live | None:
        """An event that somebody brings in person: at once, whatever is due. None for a call that has ended.

        Raises what the call refuses.
        """
        for _ in range(_TRIES):
            loaded = await self._load(wanted)
            if loaded is None or loaded.live.call.has_ended:
                return None
            turn = await self._turn(loaded.live, event, at)
            if await self._writer.write(self._outcome(turn)) == "taken":
                return turn.live
        raise RuntimeError(f"{wanted.id} is changed by others all the time")

    def _outcome(self, turn: Turn, job: Job | None = None, *, may_ask: bool = False) -> Outcome:
        outcome = turn.outcome(job, may_ask=may_ask)
        closed = secrecy.closed(outcome.live, self._sealer)
        return outcome if closed is outcome.live else replace(outcome, live=closed)

    async def _turn(self, live: Live, event: AnyEvent, at: datetime) -> Turn:
        partner = None
        if isinstance(event, Dialled) and live.end is None:
            live, partner = await self._ends.found(live, max(at, live.at))
        elif isinstance(event, Came) and (heir := _heir(live, event)):
            live = await self._ends.heir(live, heir)
        turn = Turn(secrecy.opened(live, self._sealer), at, self._public_url)
        if partner is not None:
            turn.receive(partner)
        conduct.conduct(turn, event)
        return turn


def _heir(live: Live, came: Came) -> str:
    """At whose phone the call goes on, if that is ours to know: whoever speaks SIP asks us to see to it."""
    call = live.call
    match came.news:
        case Transferring(to):
            own = call.from_ if call.direction == "inbound" else call.to
            return "" if own.startswith(("sip:", "sips:")) else to
        case Referring(uri=uri):
            return uri
        case _:
            return ""


def _pause(job: Job) -> timedelta:
    """Until an event that waits for another looks again: the longer it has waited, the longer. Where time is moved by
    hand its lateness says nothing."""
    if clock.world_time(job.world_sid).mode != "real":
        return _EARLY
    return min(max(_EARLY, (clock.now() - job.due_at) / 4), _LATE)
