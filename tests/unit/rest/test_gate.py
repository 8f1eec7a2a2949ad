"""The gate of a world, where the table of requests is full."""

from __future__ import annotations

from typing import Any

import pytest

from localloop.rest.admission import LocalCounts, TooManyRequests
from localloop.rest.gate import Gate
from localloop.rest.shared import Full


class Crowded(LocalCounts):
    def __init__(self) -> None:
        super().__init__()
        self.held = 0

    def hold(self) -> None:
        self.held += 1

    def release(self) -> None:
        self.held -= 1

    def add(self, key: str) -> None:
        raise Full


def test_who_cannot_be_counted_is_asked_to_come_again_and_the_table_is_let_go() -> None:
    database: Any = None
    flag = Crowded()
    with pytest.raises(TooManyRequests):
        Gate(database, flag).enter("AC1")
    assert flag.held == 0
