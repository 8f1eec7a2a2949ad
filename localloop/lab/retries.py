"""Creates that were asked again: what an application does when an answer is an error, or never comes.

Read from the record of requests. The same request again is a repetition when the one before it brought no good answer,
had not been answered yet, or had its answer lost; the same request after a good answer is a wish of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.core import sids
from localloop.rest.request import Binding, Items, PageRequest, Request
from localloop.store import Database

WITHIN: Final = timedelta(minutes=10)  # whoever comes later has another reason
LOOKED_AT: Final = 5_000  # creates
STORM: Final = 5  # attempts in a row without a pause of a second between them
_BREATH: Final = timedelta(seconds=1)
_IN_WORLD: Final = "select sid from accounts where world_sid = $1"
_CREATES: Final = """
select * from (
  select account_sid, id, operation, path, status, resource_sid, duration_ms,
    md5(detail -> 'request' ->> 'body') as body, detail -> 'request' -> 'headers' as headers,
    (detail ->> 'unanswered')::boolean as unanswered
  from requests
  where account_sid = any($1) and verb = 'create' and not from_console and detail is not null
    and not starts_with(operation, 'lab.')
  order by id desc limit $2
) newest order by id
"""


class Attempt(Struct, frozen=True, kw_only=True):
    """One request, as the record has it."""

    account_sid: str
    request_sid: str
    operation: str
    path: str
    at: datetime
    until: datetime
    status: int | None  # None: no answer was sent
    resource_sid: str | None  # what it made
    key: str | None
    body: str

    @property
    def is_settled(self) -> bool:
        """Whoever asked knows that it was done, or why it never will be."""
        return self.status is not None and self.status < 500 and self.status not in (408, 409, 429)


class Story(Struct, frozen=True):
    """The same create, asked again and again."""

    attempts: tuple[Attempt, ...]

    @property
    def made(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.resource_sid for each in self.attempts if each.resource_sid))

    @property
    def duplicates(self) -> int:
        return max(0, len(self.made) - 1)

    @property
    def is_storm(self) -> bool:
        """Whether the application asks without taking breath."""
        row = 1
        for before, after in zip(self.attempts, self.attempts[1:], strict=False):
            row = row + 1 if after.at - before.at < _BREATH else 1
            if row >= STORM:
                return True
        return False


def stories(attempts: Iterable[Attempt]) -> list[Story]:
    """Of attempts in their order, those that belong together and are more than one; the latest first."""
    running: dict[tuple[str, ...], Story] = {}
    found: list[Story] = []
    for attempt in attempts:
        key = (attempt.account_sid, attempt.operation, attempt.path, attempt.body)
        story = running.get(key)
        if story is not None and _continues(story.attempts[-1], attempt):
            running[key] = replace(story, attempts=(*story.attempts, attempt))
            continue
        if story is not None:
            found.append(story)
        running[key] = Story((attempt,))
    repeated = [each for each in (*found, *running.values()) if len(each.attempts) > 1]
    return sorted(repeated, key=lambda each: each.attempts[-1].at, reverse=True)


def _continues(before: Attempt, after: Attempt) -> bool:
    if after.at - before.until > WITHIN:
        return False
    return not before.is_settled or after.at < before.until


def bindings(database: Database) -> tuple[Binding, ...]:
    return (Binding(resource="lab.v1.Retry", operations={"ListRetry": partial(page, database)}),)


async def page(database: Database, request: Request) -> Items:
    """Of the world, as far back as the record goes."""
    accounts = [row["sid"] for row in await database.fetch(_IN_WORLD, request.world_sid)]
    rows = await database.fetch(_CREATES, accounts, LOOKED_AT)
    told = stories(map(_attempt, rows))
    if "Duplicates" in request.params:
        told = [each for each in told if (each.duplicates > 0) == request.params["Duplicates"]]
    asked = request.page or PageRequest()
    shown = [_shown(each) for each in told]
    start = next((n + 1 for n, each in enumerate(shown) if each["sid"] == asked.after), 0)
    return Items(items=shown[start : start + asked.size], more=len(shown) > start + asked.size)


def _shown(story: Story) -> Mapping[str, Any]:
    first, last = story.attempts[0], story.attempts[-1]
    keys = {each.key for each in story.attempts}
    return {
        "sid": first.request_sid,
        "account_sid": first.account_sid,
        "operation": first.operation.rpartition(".")[2],
        "path": first.path,
        "attempts": len(story.attempts),
        "statuses": [each.status for each in story.attempts],
        "request_sids": [each.request_sid for each in story.attempts],
        "resource_sids": list(story.made),
        "duplicates": story.duplicates,
        "storm": story.is_storm,
        "idempotency_key": first.key if len(keys) == 1 else None,
        "date_began": first.at,
        "date_ended": last.until,
    }


def _attempt(row: Mapping[str, Any]) -> Attempt:
    request_sid = sids.from_uuid("RQ", row["id"])
    at = sids.at(request_sid)
    headers = {str(name).lower(): str(value) for name, value in row["headers"] or ()}
    return Attempt(
        account_sid=row["account_sid"],
        request_sid=request_sid,
        operation=row["operation"],
        path=row["path"].partition("?")[0],
        at=at,
        until=at + timedelta(milliseconds=row["duration_ms"]),
        status=None if row["unanswered"] else row["status"],
        resource_sid=row["resource_sid"] if row["status"] < 400 else None,
        key=headers.get("idempotency-key"),
        body=row["body"] or "",
    )
