"""Messages as usage: what is there, and what was deleted, which is kept as numbers alone.

Nothing is counted when a message is sent. Its day is the one on which it was sent, in its world's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from localloop.core import e164
from localloop.products.usage import Days, Used
from localloop.store import Executor

# An outbound message is used when it is sent, an inbound one when it came.
_COUNTED: Final = """
select m.account_sid, (coalesce(m.date_sent, m.date_created) at time zone 'UTC')::date as day,
  m.direction = 'inbound' as is_inbound, m.num_media > 0 as is_mms,
  coalesce(case when m.direction = 'inbound' then m.to_address else m.from_address end, '') as own,
  count(*)::bigint as count, coalesce(sum(-m.price), 0) as price
from messages m
where m.account_sid = any($1) and (m.direction = 'inbound' or m.date_sent is not null) and {which}
group by 1, 2, 3, 4, 5
"""
_LIVE: Final = _COUNTED.format(
    which="($2::date is null or coalesce(m.date_sent, m.date_created) >= $2::date::timestamp at time zone 'UTC')"
    " and ($3::date is null or coalesce(m.date_sent, m.date_created) < ($3::date + 1)::timestamp at time zone 'UTC')"
)
_USED: Final = f"""
select day, is_inbound, is_mms, own, sum(count)::bigint as count, sum(price) as price from (
  {_LIVE}
  union all
  select account_sid, day, is_inbound, is_mms, own, count, price from message_usage
  where account_sid = any($1) and ($2::date is null or day >= $2) and ($3::date is null or day <= $3)
) used group by 1, 2, 3, 4
"""
_KEEP: Final = f"""
insert into message_usage as u (account_sid, day, is_inbound, is_mms, own, count, price)
{_COUNTED.format(which="m.id = any($2)")}
on conflict (account_sid, day, is_inbound, is_mms, own) do update
  set count = u.count + excluded.count, price = u.price + excluded.price
"""


async def used(reader: Executor, account_sids: Sequence[str], days: Days) -> list[Used]:
    """Satisfies `usage.Source`."""
    rows = await reader.fetch(_USED, list(account_sids), days.first, days.last)
    return [Used(row["day"], _category(row), row["count"], row["price"]) for row in rows]


async def keep(unit: Any, account_sid: str, ids: Sequence[UUID]) -> None:
    """Must run in the unit of work that deletes these messages, before it does."""
    await unit.execute(_KEEP, [account_sid], list(ids))


def _category(row: Any) -> str:
    way = "inbound" if row["is_inbound"] else "outbound"
    channel = e164.channel_of(row["own"])
    if channel == "whatsapp":
        return f"channels-whatsapp-{way}"
    if channel == "rcs":
        return "rcs-messages"
    if channel:
        return f"channels-messaging-{way}"
    product = "mms" if row["is_mms"] else "sms"
    code = _code(row["own"])
    if (product, way, code) == ("mms", "inbound", "tollfree"):
        code = "toll-free"  # so it is written there, and nowhere else
    return f"{product}-{way}-{code}"


def _code(own: str) -> str:
    if own.isdecimal() and len(own) <= 6:
        return "shortcode"
    number = e164.parse(own)
    return "tollfree" if number is not None and number.kind == "toll-free" else "longcode"
