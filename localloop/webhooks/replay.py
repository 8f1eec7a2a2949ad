"""Deliveries sent again: one, or all of a span that failed. With the token of the first time, marked as a replay.

The request is made anew from what the record kept of it, and signed anew. What the record does not hold cannot be sent
again: compact rows, forgotten texts, bodies that were too long, logins and what was typed to pay.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, sids
from localloop.jobs import enqueue
from localloop.store import Executor, Unit
from localloop.webhooks.notification import Notification

MOST: Final = 10_000
_COLUMNS: Final = "d.account_sid, d.id, d.kind, d.resource_sid, d.url, d.method, d.token, d.detail"
_GET: Final = f"select {_COLUMNS} from deliveries d where d.account_sid = any($1) and d.id = $2"
# The last attempt of each webhook that was never answered well, whether by a retry or by a replay.
_FAILED: Final = f"""
select distinct on (d.account_sid, coalesce(d.token, d.id)) {_COLUMNS} from deliveries d
where d.account_sid = any($1) and d.error_code is not null
  and ($2::text is null or d.url = $2 or starts_with(d.url, $2 || '/') or starts_with(d.url, $2 || '?'))
  and ($3::timestamptz is null or d.date_created >= $3) and ($4::timestamptz is null or d.date_created < $4)
  and not exists (
    select from deliveries o where o.account_sid = d.account_sid and o.token = d.token and o.error_code is null
      and (o.attempt > 1 or o.replay_of is not null))
order by d.account_sid, coalesce(d.token, d.id), d.id desc limit $5
"""


class Span(Struct, frozen=True, kw_only=True):
    """Which failed deliveries: at this address or below it, from one moment until before another."""

    url: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Replayed(Struct, frozen=True, kw_only=True):
    """How many were queued, and why others were not."""

    replayed: int
    skipped: Mapping[str, int]
    more: bool = False  # there are more than can be taken at once


class NotKept(Exception):
    """What would have to be sent was not kept; the text says what."""


async def find(reader: Executor, accounts: Sequence[str], delivery_id: UUID) -> Mapping[str, Any] | None:
    """The delivery of one of these accounts."""
    row: Mapping[str, Any] | None = await reader.fetchrow(_GET, list(accounts), delivery_id)
    return row


async def replay(unit: Unit, row: Mapping[str, Any], world_sid: str, url: str = "") -> Notification:
    """Queue one delivery again, to this address if one is given. Raises NotKept."""
    notification = notification_of(row, url)
    await enqueue(unit, [notification.job(world_sid, clock.now(world_sid))])
    return notification


async def replay_failed(unit: Unit, accounts: Sequence[str], world_sid: str, span: Span) -> Replayed:
    """Queue all that failed, each webhook once, the oldest first."""
    rows = await unit.fetch(_FAILED, list(accounts), span.url, span.since, span.until, MOST + 1)
    taken: list[Notification] = []
    skipped: Counter[str] = Counter()
    for row in sorted(rows[:MOST], key=lambda row: row["id"]):
        try:
            taken.append(notification_of(row))
        except NotKept as reason:
            skipped[str(reason)] += 1
    now = clock.now(world_sid)
    await enqueue(unit, [notification.job(world_sid, now) for notification in taken])
    return Replayed(replayed=len(taken), skipped=dict(skipped), more=len(rows) > MOST)


def notification_of(row: Mapping[str, Any], url: str = "") -> Notification:
    """The request of a delivery as a notification. Raises NotKept."""
    detail = row["detail"] or {}
    request = detail.get("asked") or detail.get("request")
    if request is None:
        raise NotKept("its request was not kept, or was forgotten")
    if request.get("truncated") or request.get("blanked"):
        raise NotKept("its request was not kept whole")
    if request.get("login") and not url:
        raise NotKept("logins are not kept: name the address with its login")
    headers = {name.lower(): value for name, value in request["headers"]}
    if "json" in headers.get("content-type", ""):
        raise NotKept("its request is no form")
    fragment = request.get("fragment", "")
    return Notification(
        url or (f"{row['url']}#{fragment}" if fragment else row["url"]),
        _params(row, request),
        row["account_sid"],
        row["resource_sid"] or "",
        request["method"],
        voice="x-home-region" in headers,
        purpose="replay",
        replay_of=sids.from_uuid("WH", row["id"]),
        instructs=row["kind"] == "instruction",
        idempotency_token=str(row["token"] or uuid.uuid4()),
    )


def _params(row: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """What was sent besides the address: the form, or what a GET has in its query beyond the address's own."""
    if request["method"] == "POST":
        text = request["body"]
    else:
        text = request["url"].removeprefix(row["url"])[1:] if request["url"].startswith(row["url"]) else ""
        if not text and urlsplit(request["url"]).query and request["url"] != row["url"]:
            raise NotKept("its request was not kept whole")
    params: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        before = params.get(name)
        if before is None:
            params[name] = value
        else:
            params[name] = [*([before] if isinstance(before, str) else before), value]
    return params
