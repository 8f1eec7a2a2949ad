"""Thousands of calls by chance: what holds of all holds of each."""

from __future__ import annotations

import os

import pytest

from tests.support.any_calls import check, play

pytestmark = pytest.mark.long

FIRST = int(os.environ.get("LOCALLOOP_CALLS_SEED") or 1_000)
SCENARIOS = 4_000


def test_thousands_of_calls() -> None:
    for seed in range(FIRST, FIRST + SCENARIOS):
        try:
            check(play(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
