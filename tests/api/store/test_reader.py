"""Grouped reads: many questions in few queries, and nobody is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from localloop.store import Database, Executor
from localloop.store.reader import BatchReader

SQL = "select n * 2 as doubled from unnest($1::int[]) with ordinality as q (n, place) order by place"


@pytest.mark.parametrize("lanes", [1, 2])
async def test_who_asks_again_at_once_is_answered(standing_database: Database, lanes: int) -> None:
    """In the step after an answer, when whoever brought it is about to end."""
    asked: list[int] = []

    async def doubled(reader: Executor, questions: Sequence[int]) -> list[int]:
        asked.append(len(questions))
        return [row["doubled"] for row in await reader.fetch(SQL, list(questions))]

    reader = BatchReader(standing_database, doubled, lanes=lanes)

    async def ask_on(first: int) -> list[int]:
        return [await reader.read(first + step) for step in range(3)]

    async with asyncio.timeout(10):
        assert await ask_on(1) == [2, 4, 6]
        answers = await asyncio.gather(*(ask_on(n) for n in range(20)))
    assert answers == [[2 * n, 2 * n + 2, 2 * n + 4] for n in range(20)]
    assert sum(asked) == 63
    assert len(asked) < 20
    await reader.close()
