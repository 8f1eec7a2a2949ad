"""The record of every attempt: a compact row for what went well, headers and bodies for what did not.

Rows are written when the application has answered, in batches with everybody else's. A notification's rows and the
end of its job are one commit; an instruction is waited for, so its rows are written behind its back, and logged when
they cannot be. Credentials are never stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from localloop.core import sids
from localloop.jobs import Job
from localloop.jobs.settle import Gone, settle
from localloop.store import BatchWriter, Database, Executor, Unavailable
from localloop.webhooks.attempts import Attempt
from localloop.webhooks.connector import Timings
from localloop.webhooks.failure import Failure
from localloop.webhooks.outbound import BODY_LIMIT, Response, Sent, compose

log = logging.getLogger(__name__)

Kind = Literal["notification", "instruction"]
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_INSERT: Final = """
insert into deliveries (account_sid, id, kind, resource_sid, url, method, attempt, status_code, error_code,
                        error, duration_ms, detail, date_created)
select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                     $8::integer[], $9::integer[], $10::text[], $11::integer[], $12::jsonb[], $13::timestamptz[])
"""


class About(Struct, frozen=True):
    """Whose attempts these are."""

    kind: Kind
    account_sid: str
    resource_sid: str | None = None


async def forget_bodies(writer: Executor, account_sid: str, resource_sid: str) -> None:
    """Blank what the record holds of a resource's texts: the application redacted or deleted it."""
    await writer.execute(
        "update deliveries set detail = null where account_sid = $1 and resource_sid = $2 and detail is not null",
        account_sid,
        resource_sid,
    )


class Entry(Struct, frozen=True):
    """What is written together: the rows of a webhook's attempts, and the end of the job that made them."""

    rows: list[tuple[Any, ...]]
    job: Job | None = None


class Deliveries:
    """Owns the writer of the table `deliveries`; with `full` every attempt keeps its headers and bodies."""

    def __init__(self, database: Database, *, full: bool) -> None:
        self._full = full
        self._writer: BatchWriter[Entry, None] = BatchWriter(database, _flush)
        self._writing: set[asyncio.Task[None]] = set()

    async def record(self, about: About, attempts: Sequence[Attempt], job: Job | None = None) -> None:
        """Return when the attempts are durable and the job, if any, is gone with the same commit."""
        await self._writer.write(Entry([_row(about, attempt, self._full) for attempt in attempts], job))

    def record_later(self, about: About, attempts: Sequence[Attempt]) -> None:
        """The same without waiting; `close` waits, and what cannot be written is logged."""
        task = asyncio.create_task(self._record_or_log(about, attempts), name="webhooks-record")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Write what is left."""
        if self._writing:
            await asyncio.wait(self._writing)
        await self._writer.close()

    async def _record_or_log(self, about: About, attempts: Sequence[Attempt]) -> None:
        try:
            await self.record(about, attempts)
        except Unavailable as error:
            for attempt in attempts:
                log.error("delivery not recorded (%s): %s %s %s", error, about, attempt.url, attempt.failure)


async def _flush(connection: Any, entries: Sequence[Entry]) -> list[None]:
    rows = [row for entry in entries for row in entry.rows]
    await connection.execute(_INSERT, *map(list, zip(*rows, strict=True)))
    await settle(connection, [Gone(entry.job) for entry in entries if entry.job])
    return [None] * len(entries)


def _row(about: About, attempt: Attempt, full: bool) -> tuple[Any, ...]:
    failure = attempt.failure
    status = None if isinstance(attempt.outcome, Failure) else attempt.outcome.status
    return (
        about.account_sid,
        sids.new_id(),
        about.kind,
        about.resource_sid,
        attempt.url.replace("\x00", "%00"),
        attempt.method,
        attempt.number,
        status,
        failure.code if failure else None,
        failure.message.replace("\x00", "�") if failure else None,
        attempt.duration_ms,
        detail(attempt) if full or failure else None,
        attempt.at,
    )


def detail(attempt: Attempt) -> dict[str, Any]:
    """What an attempt looked like, for people: request, response, timings in milliseconds."""
    if attempt.outgoing is None:
        return {}
    edge = attempt.outgoing.target.overrides.edge(attempt.number - 1)
    if isinstance(attempt.outcome, Failure):
        return {"edge": edge, "request": _request(compose(attempt.outgoing))}
    return {
        "edge": edge,
        "request": _request(attempt.outcome.sent),
        "response": _response(attempt.outcome),
        "timings": _milliseconds(attempt.outcome.timings),
    }


def _request(sent: Sent) -> dict[str, Any]:
    return {
        "method": sent.method,
        "url": sent.target.text,
        "headers": _headers(sent.headers),
        "body": _text(sent.body or b""),
    }


def _response(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "headers": _headers(response.headers),
        "body": _text(response.body),
        "truncated": response.truncated,
    }


def _headers(headers: Mapping[str, str]) -> list[list[str]]:
    return [
        [name, "…" if name.lower() in _SECRET else value.replace("\x00", "�")]
        for name, value in headers.items()
    ]


def _text(body: bytes) -> str:
    """JSON in PostgreSQL holds no NUL and nothing that is no Unicode."""
    return body[:BODY_LIMIT].decode("utf-8", "replace").replace("\x00", "�")


def _milliseconds(timings: Timings) -> dict[str, Any]:
    points = {
        "resolved": timings.resolved,
        "connected": timings.connected,
        "secured": timings.secured,
        "first_byte": timings.first_byte,
        "done": timings.done,
    }
    taken: dict[str, Any] = {name: round(at * 1000, 2) for name, at in points.items() if at is not None}
    return {**taken, "reused": timings.reused}
