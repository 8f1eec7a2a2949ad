"""The record of every attempt: a compact row for what went well, headers and bodies for what did not.

Rows are written when the application has answered, in batches with everybody else's. A notification's rows, the end of
its job, its next retry and what it alerts of are one commit; an instruction is waited for, so its rows are written
behind its back, and logged when they cannot be. Credentials and payment digits are never stored.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from localloop.core import sids
from localloop.jobs import Job, NewJob, enqueue
from localloop.jobs.settle import Gone, settle
from localloop.store import BatchWriter, Database, Unavailable
from localloop.webhooks import alerts
from localloop.webhooks.alerts import Raised
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.exchange import detail, storable
from localloop.webhooks.failure import Failure

log = logging.getLogger(__name__)

Kind = Literal["notification", "instruction"]
ID: Final = 1  # where a row has its id
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLUMNS: Final = (
    "account_sid id kind resource_sid url method attempt status_code error_code error duration_ms detail date_created"
    " token replay_of"
).split()


class About(Struct, frozen=True):
    """Whose attempts these are. `made` were made before; with `is_full` those that went well keep everything, too."""

    kind: Kind
    account_sid: str
    resource_sid: str | None = None
    token: str = ""
    made: int = 0
    replay_of: str = ""
    fragment: str = ""  # the connection overrides of the URL
    is_full: bool = False


class Entry(Struct, frozen=True):
    """What is written together: the rows of a webhook's attempts, the end of the job that made them, what follows."""

    rows: Sequence[tuple[Any, ...]]
    job: Job | None = None
    then: tuple[NewJob, ...] = ()
    raised: tuple[Raised, ...] = ()
    ended: tuple[Job, ...] = ()  # jobs whose work this one did, too


class Deliveries:
    """Owns the writer of the table `deliveries`."""

    def __init__(self, database: Database) -> None:
        self._writer: BatchWriter[Entry, None] = BatchWriter(database, _flush)
        self._writing: set[asyncio.Task[None]] = set()

    async def record(self, entry: Entry) -> None:
        """Return when the entry is durable."""
        await self._writer.write(entry)

    def record_later(self, entry: Entry) -> None:
        """The same without waiting; `close` waits, and what cannot be written is logged."""
        task = asyncio.create_task(self._record_or_log(entry), name="webhooks-record")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Write what is left."""
        if self._writing:
            await asyncio.wait(self._writing)
        await self._writer.close()

    async def _record_or_log(self, entry: Entry) -> None:
        try:
            await self.record(entry)
        except Unavailable as error:
            for row in entry.rows:
                log.error("delivery not recorded (%s): %s", error, row[:11])
            for each in entry.raised:
                log.error("alert not recorded (%s): %s", error, each.alert.told())


async def _flush(connection: Any, entries: Sequence[Entry]) -> list[None]:
    rows = [row for entry in entries for row in entry.rows]
    if rows:
        # By COPY: a third of the price, here and in the database, of arrays.
        await connection.copy_records_to_table("deliveries", columns=_COLUMNS, records=rows)
    await alerts.keep(connection, [each for entry in entries for each in entry.raised])
    await enqueue(connection, [job for entry in entries for job in entry.then])
    await settle(connection, [Gone(job) for entry in entries for job in (entry.job, *entry.ended) if job])
    return [None] * len(entries)


def rows_of(about: About, attempts: Sequence[Attempt]) -> list[tuple[Any, ...]]:
    """The rows of these attempts; each begins with its account and its id."""
    token = _uuid(about.token)
    replay_of = sids.uuid_of(about.replay_of) if about.replay_of else None
    return [(*_row(about, attempt), token, replay_of) for attempt in attempts]


def _row(about: About, attempt: Attempt) -> tuple[Any, ...]:
    failure = attempt.failure
    status = None if isinstance(attempt.outcome, Failure) else attempt.outcome.status
    return (
        about.account_sid,
        sids.new_id(),
        about.kind,
        about.resource_sid,
        attempt.url.replace("\x00", "%00"),
        attempt.method,
        about.made + attempt.number,
        status,
        failure.code if failure else None,
        storable(failure.message) if failure else None,
        attempt.duration_ms,
        detail(attempt, about.fragment) if about.is_full or failure or attempt.fault else None,
        attempt.at,
    )


def _uuid(token: str) -> str | None:
    """As the driver reads it, three times as fast as Python does; None for a caller's own word."""
    return token if _UUID.fullmatch(token) else None
