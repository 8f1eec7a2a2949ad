"""What a snapshot of 10,000 resources costs, and a world for a test.

A world has 2,500 messages that were delivered, what the phones show of them, their deliveries to a webhook with all
that was said, and the rest in resources of every kind. Each step is one request over HTTP. What they are held against
is the least that PostgreSQL takes to copy the same rows into tables with the same indexes, durably, in the same run.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp

from benchmarks import database
from benchmarks.instance import ACCOUNT_SID, AUTH_TOKEN, Instance
from benchmarks.table import NotRun, Row, milliseconds

RESOURCES: Final = 10_000
BAR_MS: Final = 500
BAR_OF_A_TEST_MS: Final = 10
_WITHIN: Final = aiohttp.ClientTimeout(total=120)
_FILL: Final = (
    """
insert into messages (account_sid, id, world_sid, prefix, status, direction, from_address, to_address, body,
  num_segments, price, price_unit, status_callback, options, history, date_created, date_sent, date_updated)
select $1::text, uuidv7(), $1::text, 'SM', 'delivered', 'outbound-api', '+14155550001', '+1212' || (2000000 + n),
  'Your appointment is tomorrow at 10:30. Reply STOP to end these.', 1, -0.0083, 'USD', 'https://app.example.com/status',
  '{"provide_feedback": true}', '[["queued", "2026-01-01T00:00:00Z"]]', now(), now(), now()
from generate_series(1, $2::int) as n""",
    """
insert into phone_messages (world_sid, number, id, direction, peer, body, message_sid, date_created)
select $1::text, to_address, uuidv7(), 'received', from_address, body, 'SM' || replace(id::text, '-', ''), now()
from messages where account_sid = $1 and $2::int > 0""",
    """
insert into deliveries (account_sid, id, kind, resource_sid, url, method, attempt, status_code, duration_ms, detail,
  date_created)
select $1::text, uuidv7(), 'notification', 'SM' || replace(id::text, '-', ''), 'https://app.example.com/status', 'POST',
  1, 204, 12, jsonb_build_object('request', jsonb_build_object('headers', jsonb_build_object('X-Twilio-Signature',
  md5(id::text), 'Content-Type', 'application/x-www-form-urlencoded'), 'body', 'AccountSid=' || $1 || '&MessageSid=SM'
  || replace(id::text, '-', '') || '&MessageStatus=delivered&' || repeat('x', 300))), now()
from messages where account_sid = $1 and $2::int > 0""",
    """
insert into resources (account_sid, kind, sid, position, data, date_created, date_updated)
select $1::text, 'sync/Service', 'IS' || md5(n::text), uuidv7(), jsonb_build_object('friendly_name', 'number ' || n,
  'account_sid', $1, 'unique_name', 'u' || n, 'links', jsonb_build_object('documents', repeat('y', 100))), now(), now()
from generate_series(1, $2::int) as n""",
)


_TABLES: Final = ("messages", "phone_messages", "deliveries", "resources")


def of_worlds(times: int) -> list[Row]:
    with Instance() as instance:
        for sql in _FILL:
            database.execute(instance, sql, ACCOUNT_SID, RESOURCES // 4)
        floor = statistics.median(_copied(instance) for _ in range(times))
        steps = asyncio.run(_measure(instance.url, times))
    return [_row(what, seconds, floor) for what, seconds in steps.items()]


def _row(what: str, seconds: list[float], floor: float) -> Row:
    median = statistics.median(seconds)
    is_of_test = what.startswith("a world for a test")
    return Row(
        what=f"{what} ({len(seconds)} times)",
        ours=f"median {milliseconds(median * 1000)}, most {milliseconds(max(seconds) * 1000)}",
        theirs="" if is_of_test else f"a copy of the rows: {milliseconds(floor * 1000)}",
        ratio=None if is_of_test else median / floor,
        bar="" if what.endswith("file") else f"≤ {BAR_OF_A_TEST_MS if is_of_test else BAR_MS} ms",
    )


def _copied(instance: Instance) -> float:
    """How long PostgreSQL takes to copy the rows."""

    async def copy(connection: Any) -> float:
        for table in _TABLES:
            await connection.execute(f"create table copied_{table} (like {table} including all)", timeout=60)
        began = time.perf_counter()
        async with connection.transaction():
            for table in _TABLES:
                await connection.execute(f"insert into copied_{table} select * from {table}", timeout=60)
        took = time.perf_counter() - began
        for table in _TABLES:
            await connection.execute(f"drop table copied_{table}", timeout=60)
        return took

    return float(database.with_connection(instance, copy))


async def _measure(url: str, times: int) -> Mapping[str, list[float]]:
    steps: dict[str, list[float]] = {}

    async with aiohttp.ClientSession(url, timeout=_WITHIN) as http:

        async def ask(method: str, path: str, auth: aiohttp.BasicAuth, **form: str) -> Any:
            async with http.request(method, f"/lab/v1/{path}", data=form or None, auth=auth) as answer:
                if answer.status >= 400:
                    raise NotRun(f"{path} was answered with {answer.status}: {await answer.text()}")
                kind = answer.headers.get("content-type", "")
                return await answer.json() if kind == "application/json" else await answer.read()

        async def timed(what: str, act: Callable[[], Awaitable[Any]]) -> Any:
            began = time.perf_counter()
            answer = await act()
            steps.setdefault(what, []).append(time.perf_counter() - began)
            return answer

        own = aiohttp.BasicAuth(ACCOUNT_SID, AUTH_TOKEN)
        await ask("POST", "Snapshots", own)  # the first makes the shelf
        for _ in range(times):
            saved = await timed("save 10,000 resources", lambda: ask("POST", "Snapshots", own))
            kept = sum(saved["resources"].values())
            if kept < RESOURCES:
                raise NotRun(f"{kept} rows were saved")
            path = f"Snapshots/{saved['sid']}"
            await timed("restore them", lambda path=path: ask("POST", f"{path}/Restore", own))  # type: ignore[misc]
            forks = [
                await timed("fork them", lambda path=path: ask("POST", f"{path}/Fork", own)),  # type: ignore[misc]
                await timed("fork the world as it is", lambda: ask("POST", "World/Fork", own)),
            ]
            for each in forks:
                await ask("DELETE", f"Worlds/{each['account_sid']}", own)
            await timed("write them to a file", lambda: ask("GET", "World/Export", own))
        for _ in range(times * 20):
            made = await timed(
                "a world for a test: made, with a number",
                lambda: ask("POST", "Worlds", own, PhoneNumber="+14155550001"),
            )
            auth = aiohttp.BasicAuth(made["account_sid"], made["auth_token"])
            await ask("POST", "Phones/+12125550001", auth, Behavior="read")
            await timed(
                "a world for a test: deleted",
                lambda made=made, auth=auth: ask("DELETE", f"Worlds/{made['account_sid']}", auth),  # type: ignore[misc]
            )
    return steps
