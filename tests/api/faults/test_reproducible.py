"""With a seed, two runs of one program see the same go wrong: whatever the SIDs are, and however many run at once.

The runs are worlds of their own and send at the same moment through one localloop, as the tests of two xdist workers
do, with a third beside them that has another seed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import validators
from faulty import OK, Loop, looping
from http_server import Received, Server, running

from localloop.core.settings import Settings

RULES: dict[str, dict[str, Any]] = {
    "webhook-drop": {},
    "webhook-duplicate": {},
    "webhook-reorder": {"Delay": 600_000},
    "webhook-signature": {},
    "webhook-delay": {"Delay": 900_000},
    "receipt-reorder": {},
}
PHONES = [f"+1555867{n:04}" for n in range(20)]
# Of one phone, by the order of sending: what came about each message, in the order in which it came.
Seen: TypeAlias = dict[str, list[list[Any]]]


async def run(loop: Loop, account_sid: str, seed: int, app: Server) -> Loop:
    """A program: two texts to each of twenty phones, ten at once."""
    own = Loop(loop.ask.acting_as(account_sid, "t" * 32), loop.database, app, "t" * 32)
    await own.send(to="+15005550009")  # the account is adopted
    for kind, params in RULES.items():
        await own.fault(kind, Probability=0.1, Seed=seed, **params)
    await own.freeze()
    for start in range(0, len(PHONES), 10):
        for _ in range(2):
            await asyncio.gather(*(own.send(to=phone) for phone in PHONES[start : start + 10]))
    return own


async def seen_by(own: Loop) -> Seen:
    """Everything that the application saw, but for SIDs and dates."""
    listed = await own.database.fetch(
        "select to_address, prefix || replace(id::text, '-', '') as sid from messages"
        " where account_sid = $1 and to_address = any($2) order by id",
        own.ask.account_sid,
        PHONES,
    )
    seen: Seen = {phone: [] for phone in PHONES}
    for row in listed:
        came = [each for each in own.app.requests if each.form["MessageSid"] == row["sid"]]
        tokens = list(dict.fromkeys(each.headers["i-twilio-idempotency-token"] for each in came))
        seen[row["to_address"]].append([_told(own, each, tokens) for each in came])
    return seen


def _told(own: Loop, request: Received, tokens: list[str]) -> tuple[Any, ...]:
    form = {name: value for name, value in request.form.items() if not name.endswith(("Sid", "Date"))}
    token = tokens.index(request.headers["i-twilio-idempotency-token"])
    return request.method, request.path, own.is_signed(request), token, tuple(form.items())


async def test_the_same_goes_wrong_twice(dsn: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        loop = await stack.enter_async_context(looping(dsn, tmp_path))
        apps = [await stack.enter_async_context(running(Server(OK))) for _ in range(3)]
        wished = zip(("AC" + digit * 32 for digit in "123"), (7, 7, 8), apps, strict=True)
        runs = await asyncio.gather(*(run(loop, *each) for each in wished))
        await loop.quiet()
        for own in runs:
            await own.advance(hours=1)
        first, second, third = [await seen_by(own) for own in runs]
        struck = [Counter(each["kind"] for each in await own.applied()) for own in runs]
        validators.expect_forged(sum(not own.is_signed(each) for own in runs for each in own.app.requests))
    assert first == second
    assert first != third
    assert struck[0] == struck[1]
    assert set(struck[0]) == set(RULES), "each kind happened at all"
    assert all(3 <= number <= 20 for kind, number in struck[0].items() if kind.startswith("webhook")), struck[
        0
    ]


async def test_chaos_holds_in_every_world_and_stays(dsn: str, tmp_path: Path) -> None:
    async with looping(dsn, tmp_path, Settings(message_rate=0, chaos=1, seed=7)) as loop:
        own = Loop(loop.ask.acting_as("AC" + "1" * 32, "t" * 32), loop.database, loop.app, "t" * 32)
        listed = (await own.ask("GET", "/lab/v1/Faults")).json()["faults"]
        assert {(each["source"], each["seed"]) for each in listed} == {("chaos", 7)}
        kept = await own.ask("DELETE", f"/lab/v1/Faults/{listed[0]['sid']}")
        assert (kept.status, kept.json()["code"]) == (409, 20409)
        assert (await own.post({"To": "+15558675310", "From": "+15017122661", "Body": "x"})).status == 503
        assert [each["kind"] for each in await own.applied()] == ["api-error"]
