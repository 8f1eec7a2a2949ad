"""Notifications on a fresh database: queue them, have workers send them, wait until nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import waiting
from http_server import Server
from webhook_keys import Keys

from localloop.core import clock
from localloop.jobs import Worker, enqueue
from localloop.store import Database
from localloop.testing import request_for
from localloop.webhooks import KIND, UP, Notification, Outbound, Preferences, Webhooks
from localloop.webhooks.endpoints import Limits

ACCOUNT = "AC" + "0" * 32
MESSAGE = "SM" + "1" * 32
WIDE = Limits(first_window=64, window=64)


def told(
    server: Server, status: str, *, resource: str = MESSAGE, path: str = "/status", **more: object
) -> Notification:
    params = request_for("status", AccountSid=ACCOUNT, MessageSid=resource, MessageStatus=status).params
    return Notification(f"{server.url}{path}", params, ACCOUNT, resource, **more)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def working(
    database: Database,
    *,
    full: bool = False,
    keys: Keys | None = None,
    workers: int = 1,
    limits: Limits = WIDE,
) -> AsyncIterator[list[Worker]]:
    """Workers as different processes would have them: nothing shared but the database."""
    outbounds = [Outbound(UP) for _ in range(workers)]
    hooks = [
        Webhooks(
            database,
            outbound,
            keys or Keys(),
            defaults=Preferences(record="full" if full else "failures"),
            limits=limits,
        )
        for outbound in outbounds
    ]
    started = [Worker(database, {KIND: hook.deliver}) for hook in hooks]
    for hook in hooks:
        await hook.start()
    async with asyncio.TaskGroup() as tasks:
        for worker in started:
            tasks.create_task(worker.run())
        yield started
        for worker in started:
            worker.stop()
    for hook, outbound in zip(hooks, outbounds, strict=True):
        await hook.close()
        await outbound.close()


async def queue(database: Database, *notifications: Notification) -> None:
    async with database.unit() as unit:
        await enqueue(unit, [each.job(ACCOUNT, clock.now(ACCOUNT)) for each in notifications])


async def until(database: Database, condition: str) -> None:
    await waiting.until(lambda: database.fetchval(f"select {condition}"))


async def until_idle(database: Database) -> None:
    await until(database, "not exists (select from jobs)")
