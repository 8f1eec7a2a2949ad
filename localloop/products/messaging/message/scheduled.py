"""How many messages of an account wait for their moment: counted as they come and go, for 500,000 are many to count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from localloop.products.messaging.message.resource import Message

LIMIT: Final = 500_000  # of an account (35125)

_ADD: Final = """
insert into scheduled_messages as s (account_sid, waiting)
select * from unnest($1::text[], $2::int[]) as n (account_sid, more) order by account_sid
on conflict (account_sid) do update set waiting = greatest(s.waiting + excluded.waiting, 0)
returning account_sid, waiting
"""


async def enter(connection: Any, messages: Sequence[Message]) -> Collection[UUID]:
    """Counts those that are scheduled; the ids of those that were one too many. Must run in the transaction that keeps
    the others: accounts are locked until its end."""
    waiting = [message for message in messages if message.status == "scheduled"]
    if not waiting:
        return ()
    more = Counter(message.account_sid for message in waiting)
    excess = {
        account_sid: count - LIMIT for account_sid, count in await _add(connection, more) if count > LIMIT
    }
    refused: set[UUID] = set()
    for message in reversed(waiting):
        if excess.get(message.account_sid, 0) > 0:
            excess[message.account_sid] -= 1
            refused.add(message.id)
    await leave(connection, [message.account_sid for message in waiting if message.id in refused])
    return refused


async def leave(connection: Any, account_sids: Iterable[str]) -> None:
    """One of each of these accounts waits no more."""
    fewer = Counter(account_sids)
    if fewer:
        await _add(connection, {account_sid: -count for account_sid, count in fewer.items()})


async def clear(connection: Any, account_sid: str) -> None:
    """Nothing of this account waits any more: it is closed."""
    await connection.execute("delete from scheduled_messages where account_sid = $1", account_sid)


async def _add(connection: Any, numbers: dict[str, int]) -> list[tuple[str, int]]:
    rows = await connection.fetch(_ADD, list(numbers), list(numbers.values()))
    return [(row["account_sid"], row["waiting"]) for row in rows]
