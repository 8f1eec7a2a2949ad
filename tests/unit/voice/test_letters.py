"""What a call keeps of its user-defined messages."""

from __future__ import annotations

from datetime import UTC, datetime

from localloop.products.voice.letters import MOST_KEPT, Letters, Made

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_only_the_last_requests_are_remembered() -> None:
    letters = Letters()
    for n in range(MOST_KEPT + 2):
        letters = letters.with_made(f"key {n}", Made(f"KX{n:032x}", NOW))
    assert len(letters.made) == MOST_KEPT
    assert "key 1" not in letters.made
    assert letters.made[f"key {MOST_KEPT + 1}"].sid == f"KX{MOST_KEPT + 1:032x}"
