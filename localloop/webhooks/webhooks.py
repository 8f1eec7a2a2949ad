"""Both kinds of webhooks at work: notifications as a job's handler, instructions as a function that answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from msgspec.structs import replace

from localloop.core import clock
from localloop.jobs import Dead, Job, NewJob, Outcome, Park, Settled
from localloop.store import Database, Unavailable
from localloop.webhooks import asking, disturbed, exchange
from localloop.webhooks.alerts import Alert, Raised, keep
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.deliveries import ID, About, Deliveries, Entry, rows_of
from localloop.webhooks.download import Download, Downloaded, NotDownloaded, download
from localloop.webhooks.endpoints import Endpoint, Gate, Limits, Postponed, Visitor
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.instruction import Document, Instruction, document_of
from localloop.webhooks.notification import Notification, key
from localloop.webhooks.outbound import Outbound
from localloop.webhooks.preferences import Choices, Preferences
from localloop.webhooks.retries import pause_before
from localloop.webhooks.sequence import FirstAttempts
from localloop.webhooks.tampering import OF_FILES, OF_INSTRUCTIONS, Disturbs, Going, Tamper, tamper

log = logging.getLogger(__name__)

# Answers that say: not now. Other errors are the application's, and the next notification may fare better.
_TROUBLE: Final = frozenset({429, 502, 503, 504})
UNHEEDED: Final = 15003
_MOST_ALERTING: Final = 256


class SigningKey(Protocol):
    """What webhooks are signed with: an account's primary auth token, until its secondary one is promoted."""

    async def signing_token(self, account_sid: str) -> str | None:
        """None for an account that is gone."""


class Webhooks:
    """Signs, sends, retries, falls back, records and alerts. `defaults` hold for accounts that chose nothing."""

    def __init__(
        self,
        database: Database,
        outbound: Outbound,
        keys: SigningKey,
        *,
        defaults: Preferences,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._disturbs: Disturbs | None = None
        self._outbound = outbound
        self._keys = keys
        self._limits = limits or Limits()
        self._choices = Choices(database, defaults)
        self._deliveries = Deliveries(database)
        self._first_attempts = FirstAttempts(database)
        self._gate = Gate(database, self._limits)
        self._alerting: set[asyncio.Task[None]] = set()

    def disturb(self, by: Disturbs) -> None:
        """From now on what leaves may go wrong on purpose."""
        self._disturbs = by

    async def start(self) -> None:
        """Hear of what accounts choose; without it that is seen half a minute later."""
        await self._choices.start()

    async def close(self) -> None:
        """Write what is not recorded yet. The outbound client is its owner's to close."""
        if self._alerting:
            await asyncio.wait(self._alerting)
        await self._gate.close()
        await self._first_attempts.close()
        await self._deliveries.close()
        await self._choices.close()

    async def preferences(self, account_sid: str, world_sid: str) -> Preferences:
        """What holds for an account."""
        return await self._choices.of(account_sid, world_sid)

    def forget_preferences(self) -> None:
        """This process has just changed some, and need not wait until it hears of it."""
        self._choices.forget()

    async def deliver(self, job: Job) -> Outcome:
        """The handler of notifications: all of Twilio's attempts at once. A failed one may come back as another job."""
        notification = job.read(Notification)
        endpoint = self._gate.endpoint(notification.account_sid, notification.url)
        place = (job.account_sid, key(notification.resource_sid, notification.purpose), job.id)
        try:
            async with self._first_attempts.turn(place, follows=notification.follows):
                if self._disturbs is not None and self._disturbs.touches(job.world_sid):
                    return await self._deliver_disturbed(self._disturbs, notification, job)
                made = await self._pass(notification, job, endpoint, has_parked=job.lane is not None)
                if made is None:
                    return Dead(f"nothing signs for {notification.account_sid}")
                entry = await self._told(notification, job, made)
                if notification.next is not None:
                    entry = await self._with_next(entry, notification.next, job, endpoint)
        except Postponed as later:
            return Park(endpoint.lane, clock.now() + timedelta(seconds=later.after_s))
        await self._deliveries.record(entry)
        if endpoint.parked:
            await self._gate.relieve(endpoint)
        return Settled()

    async def _deliver_disturbed(self, disturbs: Disturbs, notification: Notification, job: Job) -> Outcome:
        """The same where things go wrong on purpose. Written before the next of the resource has its turn, which looks
        for what waits for it."""

        async def send(each: Notification, tampering: Tamper | None) -> Entry | None:
            endpoint = self._gate.endpoint(each.account_sid, each.url)
            made = await self._pass(each, job, endpoint, has_parked=job.lane is not None, tampering=tampering)
            return None if made is None else await self._told(each, job, made)

        way = disturbed.Way(send, disturbs, self._database)
        entry = await disturbed.sent(way, notification, job)
        if entry is None:
            return Dead(f"nothing signs for {notification.account_sid}")
        await self._deliveries.record(entry)
        endpoint = self._gate.endpoint(notification.account_sid, notification.url)
        if endpoint.parked:
            await self._gate.relieve(endpoint)
        return Settled()

    async def _with_next(
        self, entry: Entry, notification: Notification, job: Job, endpoint: Endpoint
    ) -> Entry:
        """The same with what came of the next notification; one that has to wait becomes a job of its own."""
        try:
            made = await self._pass(notification, job, endpoint, has_parked=False)
        except Postponed:
            made = None
        if made is None:
            waiting = replace(notification, follows=True).job(job.world_sid, job.due_at)
            return replace(entry, then=(*entry.then, waiting))
        told = await self._told(notification, job, made)
        return replace(
            entry,
            rows=(*entry.rows, *told.rows),
            then=(*entry.then, *told.then),
            raised=(*entry.raised, *told.raised),
        )

    async def fetch_instructions(self, instruction: Instruction) -> Document | Failure:
        """What the application answers, from its fallback URL if need be; the last failure when neither answers."""
        return await asking.answered(self._fetch, instruction)

    async def fetch_fallback(self, instruction: Instruction, cause: Failure) -> Document | Failure | None:
        """The same after `cause`, which may also be what a fetched document did; None without a fallback URL."""
        return await asking.answered_by_fallback(self._fetch, instruction, cause)

    async def download(self, wanted: Download) -> Downloaded | NotDownloaded:
        """A file of the application; not recorded, and nobody is alerted: that is for whoever needs it."""
        token = await self._keys.signing_token(wanted.account_sid) or ""
        tampering = None
        if self._disturbs is not None and self._disturbs.touches(wanted.world_sid):
            going = Going(
                world_sid=wanted.world_sid,
                account_sid=wanted.account_sid,
                resource_sid=wanted.resource_sid,
                params={"MediaUrl": wanted.url},
                url=wanted.url,
                attempt=1,
                is_file=True,
            )
            tampering = tamper(self._disturbs, going, await self._disturbs.decide(going, OF_FILES))
        return await download(self._outbound, wanted, token, tampering)

    async def alert(self, alert: Alert) -> None:
        """Keep an alert that comes of no change: without waiting for it to be durable."""
        preferences = await self._choices.of(alert.account_sid, alert.world_sid)
        self._deliveries.record_later(Entry((), raised=(Raised(alert, preferences),)))

    def alert_later(self, alert: Alert) -> None:
        """The same for who cannot wait at all. Past so many at once, who floods us is told no more."""
        if len(self._alerting) < _MOST_ALERTING:
            task = asyncio.create_task(self._alert_or_log(alert), name="webhooks-alert")
            self._alerting.add(task)
            task.add_done_callback(self._alerting.discard)

    async def _alert_or_log(self, alert: Alert) -> None:
        try:
            await self.alert(alert)
        except Unavailable as error:
            log.warning("alert not recorded (%s): %s", error, alert.told())

    async def keep_alerts(self, connection: object, alerts: Sequence[Alert]) -> None:
        """Keep alerts in the transaction of the changes that they tell of."""
        if alerts:
            chosen = {
                (each.account_sid, each.world_sid): await self._choices.of(each.account_sid, each.world_sid)
                for each in alerts
            }
            await keep(
                connection, [Raised(each, chosen[each.account_sid, each.world_sid]) for each in alerts]
            )

    async def _pass(
        self,
        notification: Notification,
        job: Job,
        endpoint: Endpoint,
        *,
        has_parked: bool,
        tampering: Tamper | None = None,
    ) -> list[Attempt] | None:
        """The attempts, once the endpoint may be asked; None when nothing signs."""
        is_overdue = clock.now(job.world_sid) - job.due_at > self._limits.overdue
        may_probe = is_overdue or notification.purpose == "replay"
        token = await self._keys.signing_token(notification.account_sid)
        if token is None:
            return None
        passage = await self._gate.enter(endpoint, Visitor(job.id, has_parked, may_probe))
        try:
            made = await asking.attempted(self._outbound, notification, token, job.world_sid, tampering)
            passage.is_trouble = _is_trouble(made[-1])
        finally:
            self._gate.leave(endpoint, job.id, passage)
        return made

    async def _told(self, notification: Notification, job: Job, made: list[Attempt]) -> Entry:
        """What is written of a notification: its attempts, its alert, and its next retry."""
        preferences = await self._choices.of(notification.account_sid, job.world_sid)
        about = About(
            kind="instruction" if notification.instructs else "notification",
            account_sid=notification.account_sid,
            resource_sid=notification.resource_sid,
            token=notification.idempotency_token,
            made=notification.made,
            replay_of=notification.replay_of,
            fragment=notification.url.partition("#")[2],
            is_full=preferences.record == "full",
        )
        rows = rows_of(about, made)
        if made[-1].failure is None:
            return Entry(rows, job)
        raised: tuple[Raised, ...] = ()
        if notification.purpose != "debugger":
            alert = _alert_of(made[-1], about, job.world_sid, rows[-1][ID])
            if notification.voice and not isinstance(made[-1].outcome, Failure):
                # The answer to a call's callback means nothing: that it is an error is worth a warning.
                alert = replace(alert, error_code=UNHEEDED)
            raised = (Raised(alert, preferences),)
        return Entry(rows, job, _retry_of(notification, job, preferences, len(made)), raised)

    async def _asked(self, instruction: Instruction, token: str) -> list[Attempt]:
        """The attempts; twice where that is to go wrong, and then the first answer counts."""
        world_sid = instruction.world_sid
        if self._disturbs is None or not self._disturbs.touches(world_sid):
            return await asking.attempted(self._outbound, instruction, token, world_sid)
        going = Going(
            world_sid=world_sid,
            account_sid=instruction.account_sid,
            resource_sid=instruction.resource_sid or "",
            params=instruction.params,
            url=instruction.url,
            attempt=1,
            is_instruction=True,
        )
        struck = await self._disturbs.decide(going, OF_INSTRUCTIONS)
        tampering = tamper(self._disturbs, going, struck)
        made = await asking.attempted(self._outbound, instruction, token, world_sid, tampering)
        if struck is not None and struck.trick == "duplicate":
            await asking.attempted(self._outbound, instruction, token, world_sid)
        return made

    async def _fetch(self, instruction: Instruction) -> Document | Failure:
        token = await self._keys.signing_token(instruction.account_sid) or ""
        made = await self._asked(instruction, token)
        preferences = await self._choices.of(instruction.account_sid, instruction.world_sid)
        about = About(
            kind="instruction",
            account_sid=instruction.account_sid,
            resource_sid=instruction.resource_sid,
            token=instruction.idempotency_token,
            fragment=instruction.url.partition("#")[2],
            is_full=preferences.record == "full",
        )
        rows = rows_of(about, made)
        answer = document_of(made)
        raised: tuple[Raised, ...] = ()
        if isinstance(answer, Failure):
            alert = _alert_of(made[-1], about, instruction.world_sid, rows[-1][ID], answer)
            raised = (Raised(alert, preferences),)
        self._deliveries.record_later(Entry(rows, raised=raised))
        return answer


def _is_trouble(last: Attempt) -> bool | None:
    """Whether the endpoint is in trouble; None when it was not asked, or not as it should be."""
    if last.fault:
        return None
    if isinstance(last.outcome, Failure):
        return None if last.outcome.stage is Stage.SETUP else True
    return last.outcome.status in _TROUBLE


def _retry_of(
    notification: Notification, job: Job, preferences: Preferences, made: int
) -> tuple[NewJob, ...]:
    """The next retry as a job of its own, which stands in nobody's way."""
    if notification.purpose == "replay":
        return ()
    pause = pause_before(notification.retries + 1, preferences.retries)
    if pause is None:
        return ()
    again = replace(
        notification,
        made=notification.made + made,
        retries=notification.retries + 1,
        follows=False,
        next=None,
        purpose=notification.purpose if notification.purpose == "debugger" else "retry",
    )
    return (again.job(job.world_sid, clock.now(job.world_sid) + pause),)


def _alert_of(
    last: Attempt, about: About, world_sid: str, delivery_id: UUID, failure: Failure | None = None
) -> Alert:
    """What the Debugger is told of a failed attempt."""
    cause = failure or last.failure
    assert cause is not None
    facts = {"url": last.url}
    if not isinstance(last.outcome, Failure):
        facts["httpResponse"] = str(last.outcome.status)
    return Alert(
        account_sid=about.account_sid,
        world_sid=world_sid,
        error_code=cause.code,
        at=last.at,
        reason=cause.message,
        facts=facts,
        resource_sid=about.resource_sid,
        delivery_id=delivery_id,
        exchange=exchange.for_debugger(last),
    )
