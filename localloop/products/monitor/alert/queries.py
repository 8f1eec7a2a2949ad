"""SQL of alerts: one, and pages; `webhooks` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.store import Executor

Row = Mapping[str, Any]
_COLUMNS: Final = (
    "account_sid, id, error_code, log_level, resource_sid, service_sid, facts, request_method, request_url, exchange,"
    " date_generated"
)
_GET: Final = f"select {_COLUMNS} from alerts where account_sid = $1 and id = $2 and date_generated >= $3"
_FILTERED: Final = f"""
select {_COLUMNS} from alerts where account_sid = $1 and date_generated >= $2
  and ($3::timestamptz is null or date_generated < $3) and ($4::text is null or log_level = $4)
"""
_OLDER: Final = f"{_FILTERED} and ($5::uuid is null or id < $5) order by id desc limit $6"
_NEWER: Final = f"{_FILTERED} and id > $5 order by id limit $6"


class Filters(Struct, frozen=True, kw_only=True):
    since: datetime
    until: datetime | None = None
    log_level: str | None = None


async def get(reader: Executor, account_sid: str, alert_id: UUID, since: datetime) -> Row | None:
    row: Row | None = await reader.fetchrow(_GET, account_sid, alert_id, since)
    return row


async def page(
    reader: Executor, account_sid: str, filters: Filters, cursor: tuple[UUID | None, UUID | None], limit: int
) -> list[Row]:
    """Newest first: those older than the first of the cursor, or the nearest that are younger than its second."""
    after, before = cursor
    given = (account_sid, filters.since, filters.until, filters.log_level)
    if before is not None and after is None:
        return list(await reader.fetch(_NEWER, *given, before, limit))[::-1]
    return list(await reader.fetch(_OLDER, *given, after, limit))
