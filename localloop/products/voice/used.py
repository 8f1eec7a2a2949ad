"""Calls, recordings and transcriptions as usage: what is there, and deleted calls, which are kept as numbers alone.

A call is used when it was answered, by the minute begun; its day is that of its answer, in its world's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from localloop.products.usage import Days, Used
from localloop.products.voice import price
from localloop.products.voice.price import Rated
from localloop.store import Executor

_COUNTED: Final = """
select c.account_sid, (c.answer_time at time zone 'UTC')::date as day, k.is_inbound, k.far,
  case when k.is_inbound and k.far = '' then c.to_address else '' end as own,
  count(*)::bigint as count,
  sum(greatest(1, ceil(extract(epoch from c.end_time - c.answer_time) / 60)))::bigint as minutes,
  coalesce(sum(-c.price), 0) as price
from calls c cross join lateral (
  select i.is_inbound, case when i.far like 'client:%' then 'client:' when i.far like 'sip%:%' then 'sip:' else '' end
    as far
  from (
    select c.direction in ('inbound', 'trunking-originating') as is_inbound,
      case when c.direction in ('inbound', 'trunking-originating') then c.from_address else c.to_address end as far
  ) i
) k
where c.account_sid = any($1) and c.answer_time is not null and c.end_time is not null and {which}
group by 1, 2, 3, 4, 5
"""
_LIVE: Final = _COUNTED.format(
    which="($2::date is null or c.answer_time >= $2::date::timestamp at time zone 'UTC')"
    " and ($3::date is null or c.answer_time < ($3::date + 1)::timestamp at time zone 'UTC')"
)
_USED: Final = f"""
select day, is_inbound, far, own, sum(count)::bigint as count, sum(minutes)::bigint as minutes, sum(price) as price
from (
  {_LIVE}
  union all
  select account_sid, day, is_inbound, far, own, count, minutes, price from call_usage
  where account_sid = any($1) and ($2::date is null or day >= $2) and ($3::date is null or day <= $3)
) used group by 1, 2, 3, 4
"""
_KEEP: Final = f"""
insert into call_usage as u (account_sid, day, is_inbound, far, own, count, minutes, price)
{_COUNTED.format(which="c.id = any($2)")}
on conflict (account_sid, day, is_inbound, far, own) do update set
  count = u.count + excluded.count, minutes = u.minutes + excluded.minutes, price = u.price + excluded.price
"""
_RECORDED: Final = """
select (start_time at time zone 'UTC')::date as day, count(*)::bigint as count,
  sum(ceil(duration / 60.0))::bigint as minutes, coalesce(sum(-price), 0) as price
from recordings
where account_sid = any($1) and price is not null
  and ($2::date is null or start_time >= $2::date::timestamp at time zone 'UTC')
  and ($3::date is null or start_time < ($3::date + 1)::timestamp at time zone 'UTC')
group by 1
"""


_WRITTEN: Final = """
select (date_created at time zone 'UTC')::date as day, count(*)::bigint as count,
  sum(ceil(duration / 60.0))::bigint as minutes, coalesce(sum(-price), 0) as price
from transcriptions
where account_sid = any($1) and status = 'completed'
  and ($2::date is null or date_created >= $2::date::timestamp at time zone 'UTC')
  and ($3::date is null or date_created < ($3::date + 1)::timestamp at time zone 'UTC')
group by 1
"""


async def used(reader: Executor, account_sids: Sequence[str], days: Days) -> list[Used]:
    """Satisfies `usage.Source`."""
    asked = (list(account_sids), days.first, days.last)
    calls = await reader.fetch(_USED, *asked)
    beside = {
        price.RECORDINGS: await reader.fetch(_RECORDED, *asked),
        price.TRANSCRIPTIONS: await reader.fetch(_WRITTEN, *asked),
    }
    return [
        *(Used(row["day"], _category(row), row["count"], row["price"], row["minutes"]) for row in calls),
        *(
            Used(row["day"], category, row["count"], row["price"], row["minutes"])
            for category, rows in beside.items()
            for row in rows
        ),
    ]


async def keep(unit: Any, account_sid: str, ids: Sequence[UUID]) -> None:
    """Must run in the unit of work that deletes these calls, before it does."""
    await unit.execute(_KEEP, [account_sid], list(ids))


def _category(row: Any) -> str:
    leg = (
        Rated(way="inbound", from_=row["far"], to=row["own"], seconds=1)
        if row["is_inbound"]
        else Rated(way="outbound", from_="", to=row["far"], seconds=1)
    )
    return price.category_of(leg)
