"""An instance's database beside its API: a history that nobody sent, and what only PostgreSQL can say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import asyncpg

from benchmarks import pgbench
from benchmarks.instance import ACCOUNT_SID, Instance

# A history that ended yesterday, one message per second, so that it stands below what is created meanwhile.
_HISTORY: Final = """
insert into messages (account_sid, id, world_sid, prefix, status, direction, from_address, to_address, body,
  num_segments, num_media, price, price_unit, options, date_created, date_sent, date_updated)
select $1::text, uuidv7(make_interval(secs => -86400 - n)), $1::text, 'SM', 'delivered', 'outbound-api',
  '+1415' || (3000000 + n % 20), '+1212' || (2000000 + n % 7999999), 'Your appointment is tomorrow at 10:30.',
  1, 0, -0.0083, 'USD', '{}', at, at, at
from generate_series($2::int, $3::int) as n, lateral (select now() - make_interval(secs => 86400 + n) as at) as dates
"""


def fill(instance: Instance, count: int) -> None:
    """So many messages that are long done, as if they had been there for a while."""
    execute(instance, _HISTORY, ACCOUNT_SID, 1, count)
    execute(instance, "vacuum analyze messages")
    execute(instance, "checkpoint")


def execute(instance: Instance, sql: str, *values: Any) -> None:
    with_connection(instance, lambda connection: connection.execute(sql, *values, timeout=600))


def ask(instance: Instance, sql: str) -> Any:
    return with_connection(instance, lambda connection: connection.fetchval(sql, timeout=60))


def with_connection(instance: Instance, use: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        connection: Any = await asyncpg.connect(**pgbench.address(instance), timeout=10)
        try:
            return await use(connection)
        finally:
            await connection.close()

    return asyncio.run(run())
