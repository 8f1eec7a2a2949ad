"""Looks, about each minute of its world's time, whether an account's triggers are reached.

One job an account, which plans the next as long as a trigger may fire. While nothing is used it comes less often, at
most a quarter of an hour apart: who leaps over a month need not wait for 43,200 looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from localloop.core import clock
from localloop.jobs import Done, Handler, Job, NewJob, Outcome, enqueue
from localloop.products.usage.record.source import Days, Source
from localloop.products.usage.record.sums import Sum, by_category, with_subaccounts
from localloop.products.usage.trigger.trigger import Trigger, text_of, trigger_of
from localloop.store import Database, Unit
from localloop.webhooks import Notification

KIND: Final = "usage.triggers"
RECORD: Final = "api/UsageTrigger"
EVERY: Final = timedelta(minutes=1)
SELDOM: Final = timedelta(minutes=15)
_ALL: Final = (
    "select sid, version, data from resources where account_sid = $1 and kind = $2 order by position"
)
_FIRE: Final = """
update resources set data = data || $4::jsonb, version = version + 1
where account_sid = $1 and kind = $2 and sid = $3 and version = $5
"""
_OTHERS: Final = "delete from jobs where key = $1 and account_sid = $2 and id <> $3"


class Look(Struct, frozen=True):
    """What the last look saw, and since when it is the same."""

    used: str = ""
    since: datetime | None = None


async def plan(unit: Unit, account_sid: str, world_sid: str) -> None:
    """A look a minute from now; one that was planned already gives way to it."""
    due = clock.now(world_sid) + EVERY
    await unit.execute(_OTHERS, _key(account_sid), account_sid, 0)
    await enqueue(unit, [NewJob(KIND, account_sid, world_sid, Look(), due, _key(account_sid))])


async def totals(
    database: Database, sources: Sequence[Source], account_sid: str, spans: Sequence[Days]
) -> Mapping[Days, Mapping[str, Sum]]:
    """What an account and its subaccounts used in each span."""
    accounts = await with_subaccounts(database, account_sid)
    return {days: await by_category(database, sources, accounts, days) for days in dict.fromkeys(spans)}


class Watch(Struct, frozen=True):
    """The handler of the looks."""

    database: Database
    sources: Sequence[Source]

    def handlers(self) -> Mapping[str, Handler]:
        return {KIND: self.look}

    async def look(self, job: Job) -> Outcome:
        now = clock.now(job.world_sid)
        rows = await self.database.fetch(_ALL, job.account_sid, RECORD)
        found = [(trigger_of(job.account_sid, row["sid"], row["data"]), row["version"]) for row in rows]
        live = [(each, version) for each, version in found if not each.is_spent]
        today = now.astimezone(UTC).date()
        spans = [each.span(today) for each, _ in live]
        used = await totals(self.database, self.sources, job.account_sid, spans)
        async with self.database.unit() as unit:
            for (each, version), days in zip(live, spans, strict=True):
                current = each.reached(used[days].get(each.usage_category, Sum()))
                if current is not None and each.may_fire(today):
                    await _fire(unit, job, (each, version), current)
            await unit.execute(_OTHERS, _key(job.account_sid), job.account_sid, job.id)
            if live:
                await enqueue(unit, [_next(job, msgspec.json.encode(list(used.values())).decode(), now)])
        return Done()


async def _fire(unit: Unit, job: Job, found: tuple[Trigger, int], current: Decimal) -> None:
    """Told in the unit of work that keeps that it was; whoever comes second finds another version."""
    trigger, version = found
    at = clock.now(job.world_sid).astimezone(UTC).replace(microsecond=0)
    fired = {"date_fired": f"{at:%Y-%m-%dT%H:%M:%SZ}", "current_value": text_of(current)}
    if (await unit.execute(_FIRE, job.account_sid, RECORD, trigger.sid, fired, version)).endswith(" 0"):
        return
    told = trigger.told(current, at)
    notification = Notification(trigger.address, told, job.account_sid, trigger.sid, trigger.callback_method)
    await enqueue(unit, [notification.job(job.world_sid, at)])


def _next(job: Job, used: str, now: datetime) -> NewJob:
    before = job.read(Look)
    since = before.since if before.used == used and before.since is not None else now
    wait = min(max(EVERY, (now - since) / 2), SELDOM)
    look = Look(used, since)
    return NewJob(KIND, job.account_sid, job.world_sid, look, now + wait, _key(job.account_sid))


def _key(account_sid: str) -> str:
    return f"{KIND}:{account_sid}"
