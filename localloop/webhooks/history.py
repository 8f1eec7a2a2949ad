"""Reading the record of deliveries: lists, one with its detail, and all attempts at the same webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.store import Executor

Row = Mapping[str, Any]
_COLUMNS: Final = (
    "d.account_sid, d.id, d.kind, d.resource_sid, d.url, d.method, d.attempt, d.status_code, d.error_code, d.error,"
    " d.duration_ms, d.token, d.replay_of, d.date_created, d.detail is not null as has_detail"
)
_GET: Final = f"select {_COLUMNS}, d.detail from deliveries d where d.account_sid = any($1) and d.id = $2"
# Those that came of others are found by their token, and those by what they repeat.
_ATTEMPTS: Final = f"""
select {_COLUMNS} from deliveries d where d.account_sid = $1 and d.token = $2
  and (d.error_code is not null or d.attempt > 1 or d.replay_of is not null)
union
select {_COLUMNS} from deliveries d where d.account_sid = $1 and d.id = any($3)
order by id limit 200
"""
_ALERTS: Final = """
select id, error_code, log_level, delivery_id, date_generated from alerts
where account_sid = $1 and resource_sid = $2 and delivery_id = any($3) order by id
"""


class Filters(Struct, frozen=True, kw_only=True):
    """What a list keeps; `url` is an address, or what lies below it."""

    url: str | None = None
    failed: bool | None = None
    kind: str | None = None
    resource_sid: str | None = None
    replay_of: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class Part(Struct, frozen=True, kw_only=True):
    """Which rows of a list: older than `after`, or the nearest that are younger than `before`."""

    after: UUID | None = None
    before: UUID | None = None
    limit: int = 50


async def page(reader: Executor, accounts: Sequence[str], filters: Filters, part: Part) -> list[Row]:
    """Newest first."""
    values: list[Any] = [list(accounts)]
    clauses = ["d.account_sid = a.sid"]

    def add(clause: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            clauses.append(clause.replace("?", f"${len(values)}"))

    add("(d.url = ? or starts_with(d.url, ? || '/') or starts_with(d.url, ? || chr(63)))", filters.url)
    add("(d.error_code is not null) = ?", filters.failed)
    add("d.kind = ?", filters.kind)
    add("d.resource_sid = ?", filters.resource_sid)
    add("d.replay_of = ?", filters.replay_of)
    add("d.date_created >= ?", filters.since)
    add("d.date_created < ?", filters.until)
    add("d.id < ?", part.after)
    is_backward = part.before is not None and part.after is None
    add("d.id > ?", part.before if is_backward else None)
    values.append(part.limit)
    # The newest of each account, merged: an account's rows lie in the order of their ids.
    order, most = "asc" if is_backward else "desc", f"${len(values)}"
    rows = await reader.fetch(
        f"select r.* from unnest($1::text[]) a (sid) cross join lateral (select {_COLUMNS} from deliveries d"
        f" where {' and '.join(clauses)} order by d.id {order} limit {most}) r order by r.id {order} limit {most}",
        *values,
    )
    return list(rows)[::-1] if is_backward else list(rows)


async def get(reader: Executor, accounts: Sequence[str], delivery_id: UUID) -> Row | None:
    """One, with its detail."""
    row: Row | None = await reader.fetchrow(_GET, list(accounts), delivery_id)
    return row


async def attempts_of(reader: Executor, row: Row) -> list[Row]:
    """Every attempt at the webhook that this one was at: retries and replays, too; the oldest first."""
    known = [row["id"], *([row["replay_of"]] if row["replay_of"] else [])]
    return list(await reader.fetch(_ATTEMPTS, row["account_sid"], row["token"], known))


async def alerts_of(reader: Executor, rows: Sequence[Row]) -> list[Row]:
    """The alerts that these attempts raised."""
    account, resource = rows[0]["account_sid"], rows[0]["resource_sid"]
    return list(await reader.fetch(_ALERTS, account, resource, [row["id"] for row in rows]))
