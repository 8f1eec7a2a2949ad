"""A sender's pace, and the end of its queue."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest

from localloop.core.errors import ApiError
from localloop.products.messaging import Rules
from localloop.rest.request import Caller
from tests.api.messaging.conftest import FROM, TO, Phone


@pytest.fixture
def rules() -> Rules:
    return Rules()


async def test_segments_of_a_long_code_are_a_second_apart(server: Phone, caller: Caller) -> None:
    for body in ("one", "x" * 161, "two"):
        await server.send(caller, Body=body)
    due = [row["due_at"] for row in await server.database.fetch("select due_at from jobs order by due_at")]
    assert [round((at - due[0]).total_seconds()) for at in due] == [0, 1, 3]


async def test_messages_of_one_batch_share_the_pace(server: Phone, caller: Caller) -> None:
    await server.send(caller)
    await asyncio.gather(*(server.send(caller) for _ in range(20)))
    due = [row["due_at"] for row in await server.database.fetch("select due_at from jobs order by due_at")]
    assert {later - earlier for earlier, later in itertools.pairwise(due)} == {timedelta(seconds=1)}


async def test_a_full_queue_refuses_only_what_does_not_fit(server: Phone, caller: Caller) -> None:
    await server.send(caller)
    await server.database.execute(
        "update pace set next_at = next_at + interval '9 hours 59 minutes 56 seconds'"
    )
    answers = await asyncio.gather(
        *(server.send(caller, Body=f"number {number}") for number in range(6)),
        server.send(caller, From="+15017122662"),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, ApiError)]
    assert {error.code for error in refused} == {21611}
    assert 1 <= len(refused) <= 3
    assert not isinstance(answers[-1], BaseException)
    kept = await server.database.fetchval("select count(*) from messages")
    assert kept == 1 + len(answers) - len(refused)
    assert kept == await server.database.fetchval("select count(*) from jobs")
    before = await server.database.fetchval("select next_at from pace where key like '%' || $1", FROM)
    with pytest.raises(ApiError):
        await server.send(caller, To=TO)
    after = await server.database.fetchval("select next_at from pace where key like '%' || $1", FROM)
    assert after == before


async def test_numbers_are_paced_by_world(server: Phone, caller: Caller, stranger: Caller) -> None:
    await asyncio.gather(server.send(caller), server.send(stranger))
    assert await server.database.fetchval("select count(*) from pace") == 2
    spread = await server.database.fetchval("select max(due_at) - min(due_at) from jobs")
    assert spread < timedelta(seconds=1)


async def test_who_waits_is_told_once_how_to_go_faster(
    server: Phone, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for _ in range(3):
        await server.send(caller)
    assert "for their turn" not in caplog.text
    for _ in range(3):
        await server.send(caller)
    assert caplog.text.count("for their turn") == 1
    assert "--message-rate 0" in caplog.text
