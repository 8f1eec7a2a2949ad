"""Messages deleted many at a time, with all that others keep of them: the oldest first, a window in a transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import clock, sids
from localloop.products.messaging.media import queries as media
from localloop.products.messaging.message import lifecycle, used
from localloop.rest import recorder
from localloop.webhooks import Forgotten, forget

WINDOW: Final = 500
_START: Final = UUID(int=0)
_CLAUSES: Final = """
account_sid = $1 and ($2::timestamptz is null or date_created >= $2)
  and ($3::timestamptz is null or date_created < $3) and ($4::text is null or to_address = $4)
  and ($5::text is null or from_address = $5) and ($6::text is null or status = $6)
  and ($7::text is null or direction = any(case $7 when 'inbound' then array['inbound']
    when 'outbound' then array['outbound-api', 'outbound-call', 'outbound-reply'] else array[$7] end))
  and id < $8
"""
_COUNT: Final = f"select count(*) from messages where {_CLAUSES}"
_WINDOW: Final = f"""
select id, prefix, world_sid, status from messages where {_CLAUSES} and id > $9
order by id limit $10 for update
"""
_DELETE: Final = "delete from messages where account_sid = $1 and id = any($2::uuid[])"


class Filters(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which messages of an account; all of them without any."""

    created_from: datetime | None = None  # inclusive
    created_until: datetime | None = None  # exclusive
    to: str | None = None
    from_: str | None = None
    status: str | None = None
    direction: str | None = None  # as the API has it, or just `outbound`

    def values(self) -> tuple[Any, ...]:
        return (
            self.created_from,
            self.created_until,
            self.to,
            self.from_,
            self.status,
            self.direction,
        )


class Window(Struct, frozen=True):
    """What became of one window."""

    reached: UUID  # the last id in it
    deleted: int = 0
    in_flight: int = 0  # left alone

    @property
    def seen(self) -> int:
        return self.deleted + self.in_flight


async def count(reader: Any, account_sid: str, filters: Filters, end: UUID) -> int:
    found: int = await reader.fetchval(_COUNT, account_sid, *filters.values(), end)
    return found


async def delete(
    unit: Any, account_sid: str, filters: Filters, between: tuple[UUID | None, UUID], limit: int = WINDOW
) -> Window:
    """The next messages above the first id and below the second. Those in flight stay, as with DELETE (20009)."""
    start, end = between[0] or _START, between[1]
    rows = await unit.fetch(_WINDOW, account_sid, *filters.values(), end, start, limit)
    if not rows:
        return Window(start)
    gone = [row for row in rows if lifecycle.is_settled(row["status"])]
    if gone:
        ids = [row["id"] for row in gone]
        if any(row["prefix"] == "MM" for row in gone):
            await media.delete_of(unit, account_sid, ids, clock.now())
        await used.keep(unit, account_sid, ids)
        await unit.execute(_DELETE, account_sid, ids)
        named = [sids.from_uuid(row["prefix"], row["id"]) for row in gone]
        await forget_all(unit, account_sid, gone[0]["world_sid"], named)
    return Window(rows[-1]["id"], len(gone), len(rows) - len(gone))


async def forget_all(unit: Any, account_sid: str, world_sid: str, named: list[str]) -> None:
    """What others keep of these messages' texts."""
    await recorder.forget_many(unit, account_sid, named)
    await forget(unit, Forgotten(account_sid, named[0], world_sid, tuple(named[1:])))
