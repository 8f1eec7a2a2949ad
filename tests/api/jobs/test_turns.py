"""Nobody starts while its sender is busy, however late jobs are and whoever runs them."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from localloop.jobs import PATIENCE, Claim, Turn, claim
from localloop.store import Database

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def ask(database: Database, by: int, seconds: float = 0, gap: timedelta = SECOND) -> Turn:
    [turn] = await claim(database, [Claim("a", by, after(seconds), gap)])
    return turn


async def test_the_next_start_is_an_interval_after_the_last_that_took_place(database: Database) -> None:
    assert await ask(database, 1) == Turn(True, NOW)
    assert await ask(database, 2, 0.9) == Turn(False, after(1))
    assert await ask(database, 3, 0.95) == Turn(False, after(1))
    assert await ask(database, 3, 1.0) == Turn(True, after(1))
    assert await ask(database, 2, 1.8) == Turn(False, after(2))


async def test_who_is_granted_twice_started_once(database: Database) -> None:
    await ask(database, 1)
    assert await ask(database, 1, 0.5) == Turn(True, NOW)


async def test_a_crowd_is_told_a_turn_each(database: Database) -> None:
    turns = await claim(database, [Claim("a", by, NOW, SECOND) for by in range(5)])
    assert turns == [Turn(True, NOW), *(Turn(False, after(n)) for n in range(1, 5))]
    assert [await ask(database, by, 0.1) for by in (7, 8)] == [Turn(False, after(5)), Turn(False, after(6))]


async def test_segments_of_a_crowd_count(database: Database) -> None:
    gaps = [SECOND * parts for parts in (1, 3, 1)]
    turns = await claim(database, [Claim("a", by, NOW, gap) for by, gap in enumerate(gaps)])
    assert [turn.at for turn in turns] == [NOW, after(1), after(4)]


async def test_senders_do_not_wait_for_each_other(database: Database) -> None:
    turns = await claim(database, [Claim(f"s{n % 50}", n, NOW, SECOND) for n in range(100)])
    assert [turn.is_granted for turn in turns] == [True] * 50 + [False] * 50


@pytest.mark.parametrize("gap", [SECOND, timedelta(milliseconds=10)])
async def test_crowds_from_everywhere_end_at_their_rate(database: Database, gap: timedelta) -> None:
    """Sixty jobs of one sender, claimed by three workers side by side as late as can be, in a time of our own."""
    starts: list[datetime] = []
    due = dict.fromkeys(range(60), NOW)
    now = NOW
    while due:
        ready = [job for job, at in due.items() if at <= now]
        batches = [[Claim("a", job, now, gap) for job in ready[part::3]] for part in range(3)]
        asked = [batch for batch in batches if batch]
        for batch, turns in zip(
            asked, await asyncio.gather(*(claim(database, each) for each in asked)), strict=True
        ):
            for each, turn in zip(batch, turns, strict=True):
                if turn.is_granted:
                    starts.append(turn.at)
                    del due[each.by]
                else:
                    assert turn.at > now
                    due[each.by] = turn.at
        now = min(due.values(), default=now)
    assert min(later - earlier for earlier, later in itertools.pairwise(sorted(starts))) >= gap
    assert max(starts) - NOW <= 60 * gap + PATIENCE
