"""SQL of contents beyond what the plain store does: many at once, all of an account, the change of an approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from localloop.store import Executor

KIND: Final = "content/Content"
_OF_MANY: Final = """
select account_sid, sid, data from resources
where kind = 'content/Content' and (account_sid, sid) in (select * from unnest($1::text[], $2::text[]))
"""
_ALL: Final = """
select sid, account_sid, data, date_created, date_updated from resources
where account_sid = $1 and kind = 'content/Content' order by position desc
"""
_APPROVE: Final = """
update resources set data = data || jsonb_build_object('approval', $4::jsonb), date_updated = $5
where account_sid = $1 and kind = 'content/Content' and sid = $2
and coalesce(data #>> '{approval,status}', 'unsubmitted') = $3
returning data
"""


async def data_of(reader: Executor, keys: Sequence[tuple[str, str]]) -> list[Mapping[str, Any] | None]:
    """The contents of these (account, SID), in order."""
    rows = await reader.fetch(_OF_MANY, [key[0] for key in keys], [key[1] for key in keys])
    found = {(row["account_sid"], row["sid"]): row["data"] for row in rows}
    return [found.get(key) for key in keys]


async def all_of(reader: Executor, account_sid: str) -> list[dict[str, Any]]:
    """Every content of an account, newest first, as its lists show it; an account has some thousands at most."""
    rows = await reader.fetch(_ALL, account_sid)
    return [
        {
            **row["data"],
            "sid": row["sid"],
            "account_sid": row["account_sid"],
            "date_created": row["date_created"],
            "date_updated": row["date_updated"],
        }
        for row in rows
    ]


async def approve(
    unit: Executor, key: tuple[str, str], before: str, approval: Mapping[str, Any], at: datetime
) -> bool:
    """Write an approval whose status was this; False when it moved meanwhile or the content is gone."""
    row = await unit.fetchrow(_APPROVE, *key, before, dict(approval), at)
    return row is not None
