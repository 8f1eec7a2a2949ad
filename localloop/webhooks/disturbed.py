"""The notifications of one job where something may go wrong on purpose: late, twice, in the wrong order, or never.

Whatever happens to them, a notification is a row until it has gone: one that waits is a job of its own, made in the
commit that ends this one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock
from localloop.jobs import Job, take
from localloop.store import Database
from localloop.webhooks.deliveries import Entry
from localloop.webhooks.endpoints import Postponed
from localloop.webhooks.notification import Notification, Purpose, key
from localloop.webhooks.tampering import OF_NOTIFICATIONS, Disturbance, Disturbs, Going, Tamper, tamper

_LEASE: Final = timedelta(seconds=60)
_IS_HELD: Final = "select exists (select from jobs where key = $1 and account_sid = $2 and not leased)"
_SPARED: Final[frozenset[Purpose]] = frozenset({"late", "held", "replay", "debugger"})

# Makes the attempts, and says what is written of them; None when nothing signs. Raises Postponed.
Send: TypeAlias = Callable[[Notification, Tamper | None], Awaitable[Entry | None]]


class Way(Struct, frozen=True):
    """How a notification leaves, and who disturbs it."""

    send: Send
    disturbs: Disturbs
    database: Database


async def sent(way: Way, notification: Notification, job: Job) -> Entry | None:
    """What is written of the job; None when nothing signs. Raises Postponed while nothing has gone yet."""
    course = _Course(way, job)
    for each in (replace(notification, next=None), notification.next):
        if each is not None and not await course.take(each):
            return None
    return course.ended()


class _Course:
    def __init__(self, way: Way, job: Job) -> None:
        self._way = way
        self._job = job
        self._entry = Entry((), job)
        self._held: list[tuple[Notification, timedelta]] = []  # to go right after the next one that goes

    async def take(self, notification: Notification) -> bool:
        """One notification, on its way or to be sent later. False when nothing signs."""
        struck = None if notification.purpose in _SPARED else await self._struck(notification)
        if struck is not None and struck.trick == "delay":
            self._later(notification, "late", struck.delay)
            return True
        if struck is not None and struck.trick == "reorder":
            self._held.append((notification, struck.delay))
            return True
        try:
            if not await self._go(notification, struck):
                return False
        except Postponed:
            if not self._entry.rows:
                raise
            waiting = replace(notification, follows=True).job(self._job.world_sid, self._job.due_at)
            self._write(Entry((), then=(waiting,)))
            return True
        if notification.purpose not in _SPARED:
            await self._let_go(notification)
        return True

    def ended(self) -> Entry:
        for notification, delay in self._held:
            self._later(notification, "held", delay)
        return self._entry

    async def _struck(self, notification: Notification) -> Disturbance | None:
        tricks = OF_NOTIFICATIONS
        held = key(notification.resource_sid, "held")
        if self._held or await self._way.database.fetchval(_IS_HELD, held, notification.account_sid):
            tricks = tricks - {"reorder"}  # it is the one that another waits for
        return await self._way.disturbs.decide(self._going(notification), tricks)

    async def _go(self, notification: Notification, struck: Disturbance | None) -> bool:
        tampering = None
        if notification.purpose not in _SPARED:
            tampering = tamper(self._way.disturbs, self._going(notification), struck)
        told = await self._way.send(notification, tampering)
        if told is None:
            return bool(self._entry.rows)
        self._write(told)
        if struck is not None and struck.trick == "duplicate":
            again = replace(notification, made=notification.made + len(told.rows))
            repeated = await self._way.send(again, None)
            if repeated is not None:
                self._write(Entry(repeated.rows))
        return True

    async def _let_go(self, notification: Notification) -> None:
        """What waited for this one goes now: held by this job, or by one before it."""
        waiting, self._held = self._held, []
        for each, _ in waiting:
            await self._go_after(each)
        held = key(notification.resource_sid, "held")
        for job in await take(self._way.database, notification.account_sid, held, _LEASE):
            await self._go_after(job.read(Notification))
            self._write(Entry((), ended=(job,)))

    async def _go_after(self, notification: Notification) -> None:
        """What went before it has gone, and would go twice if this one, which has to wait, made the job start again."""
        try:
            await self._go(notification, None)
        except Postponed:
            self._later(notification, "late", timedelta())

    def _later(self, notification: Notification, purpose: Purpose, delay: timedelta) -> None:
        waiting = replace(notification, purpose=purpose, follows=False)
        due_at = clock.now(self._job.world_sid) + delay
        self._write(Entry((), then=(waiting.job(self._job.world_sid, due_at),)))

    def _write(self, told: Entry) -> None:
        before = self._entry
        self._entry = Entry(
            rows=(*before.rows, *told.rows),
            job=self._job,
            then=(*before.then, *told.then),
            raised=(*before.raised, *told.raised),
            ended=(*before.ended, *told.ended),
        )

    def _going(self, notification: Notification) -> Going:
        return Going(
            world_sid=self._job.world_sid,
            account_sid=notification.account_sid,
            resource_sid=notification.resource_sid,
            params=notification.params,
            url=notification.url,
            attempt=notification.made + 1,
        )
