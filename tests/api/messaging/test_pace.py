"""A sender's pace, and the end of its queue."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
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


class TestOfAnAccount:
    """Five segments a second, whoever sends them."""

    @pytest.fixture
    def rules(self) -> Rules:
        return Rules(rates={"long-code": 1}, account_rate=5)

    async def test_all_senders_share_it(self, server: Phone, caller: Caller, stranger: Caller) -> None:
        senders = [f"+1501712{number}" for number in range(2000, 2020)]
        await asyncio.gather(*(server.send(caller, From=sender) for sender in senders))
        await server.send(stranger)
        seconds = await _seconds(server, caller)
        assert max(seconds.values()) <= 5
        assert max(seconds) - min(seconds) <= 4 + 1
        other = await _seconds(server, stranger)
        assert min(other) - min(seconds) <= 1

    async def test_a_long_queue_of_one_leaves_room_for_others(self, server: Phone, caller: Caller) -> None:
        await asyncio.gather(*(server.send(caller) for _ in range(30)))
        await asyncio.gather(*(server.send(caller, From=f"+1501712{2000 + n}") for n in range(40)))
        seconds = await _seconds(server, caller)
        assert max(seconds.values()) <= 5
        assert sum(seconds.values()) == 70
        assert sorted(seconds)[9] - min(seconds) <= 10

    async def test_a_sender_that_had_to_wait_keeps_its_distance(self, server: Phone, caller: Caller) -> None:
        await asyncio.gather(*(server.send(caller, From=f"+1501712{2000 + n}") for n in range(50)))
        await asyncio.gather(*(server.send(caller) for _ in range(3)))
        await server.send(caller)
        rows = await server.database.fetch(
            "select j.due_at from jobs j join messages m on j.key = m.prefix || replace(m.id::text, '-', '')"
            " where m.from_address = $1 order by 1",
            FROM,
        )
        due = [row["due_at"] for row in rows]
        assert len(due) == 4
        assert min(later - earlier for earlier, later in itertools.pairwise(due)) >= timedelta(seconds=1)

    async def test_its_queue_ends_as_well(self, server: Phone, caller: Caller) -> None:
        await server.send(caller)
        await server.database.execute(
            "update pace set next_at = next_at + interval '10 hours 2 seconds' where key like '%|account'"
        )
        before = await server.database.fetchval("select next_at from pace where key like '%' || $1", FROM)
        with pytest.raises(ApiError) as refused:
            await server.send(caller)
        assert refused.value.code == 21611
        after = await server.database.fetchval("select next_at from pace where key like '%' || $1", FROM)
        assert after == before


async def _seconds(server: Phone, caller: Caller) -> Counter[int]:
    """How many messages of an account start in each second."""
    rows = await server.database.fetch("select due_at from jobs where account_sid = $1", caller.account_sid)
    return Counter(int(row["due_at"].timestamp()) for row in rows)
