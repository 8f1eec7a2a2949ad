"""What the application redacted or deleted is blanked wherever webhooks kept a copy: deliveries, alerts, waiting jobs.

An exchange may be under way in that very moment and be recorded later, so it is done twice: at once, and again by a job
when everything that was under way has ended.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localloop.core import clock
from localloop.jobs import Done, Job, NewJob, Outcome, enqueue
from localloop.store import Database, Unit
from localloop.webhooks.notification import PURPOSES, Notification, key

FORGET: Final = "webhooks.forget"
_AGAIN_AFTER: Final = timedelta(seconds=60)  # an exchange and its fallback take 30 s at most
_STATEMENTS: Final = (
    "update deliveries set detail = null"
    " where account_sid = any($1) and resource_sid = any($2) and detail is not null",
    "update alerts set exchange = null, facts = facts - 'parserMessage'"
    " where account_sid = any($1) and resource_sid = any($2) and exchange is not null",
)


class Forgotten(Struct, frozen=True):
    """A resource whose texts are to be forgotten. Its main account's debugger may have heard of it, too."""

    account_sid: str
    resource_sid: str
    world_sid: str = ""
    others: tuple[str, ...] = ()  # more resources of the account

    @property
    def resource_sids(self) -> list[str]:
        return [self.resource_sid, *self.others]


async def forget(unit: Unit, forgotten: Forgotten) -> None:
    """Blank every copy, in the unit that redacts or deletes the resource."""
    await _blank(unit, forgotten)
    due_at = clock.now() + _AGAIN_AFTER
    await enqueue(unit, [NewJob(FORGET, forgotten.account_sid, "", forgotten, due_at)])


async def forget_again(database: Database, job: Job) -> Outcome:
    """The job's handler."""
    async with database.unit() as unit:
        await _blank(unit, job.read(Forgotten))
    return Done()


async def _blank(unit: Unit, forgotten: Forgotten) -> None:
    accounts = [forgotten.account_sid, forgotten.world_sid or forgotten.account_sid]
    for statement in _STATEMENTS:
        await unit.execute(statement, accounts, forgotten.resource_sids)
    keys = [key(sid, purpose) for sid in forgotten.resource_sids for purpose in PURPOSES]
    for table in ("jobs", "dead_jobs"):
        rows = await unit.fetch(
            f"select id, payload from {table} where key = any($1) and account_sid = any($2) for update",
            keys,
            accounts,
        )
        for row in rows:
            blanked = _blanked(row["payload"])
            await unit.execute(f"update {table} set payload = $2 where id = $1", row["id"], blanked)


def _blanked(payload: bytes) -> bytes:
    """A job's notification, and the next, without what somebody wrote."""
    return msgspec.json.encode(_without_text(msgspec.json.decode(payload, type=Notification)))


def _without_text(notification: Notification) -> Notification:
    params: dict[str, Any] = dict(notification.params)
    if "Body" in params:
        params["Body"] = ""
    if "Payload" in params:
        told = msgspec.json.decode(params["Payload"])
        told.pop("webhook", None)
        params["Payload"] = msgspec.json.encode(told).decode()
    following = None if notification.next is None else _without_text(notification.next)
    return replace(notification, params=params, next=following)
