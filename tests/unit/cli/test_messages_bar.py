"""How far a deletion is, as a bar."""

from __future__ import annotations

import pytest

from localloop.cli.messages import bar


@pytest.mark.parametrize(
    ("status", "total", "deleted", "in_flight", "shown"),
    [
        ("queued", None, 0, 0, "counting"),
        ("in-progress", 1_000, 400, 100, " 50%  500 of 1,000"),
        ("in-progress", 0, 0, 0, "100%  0 of 0"),
        ("in-progress", 10, 11, 0, "100%  11 of 10"),
        ("completed", 10, 7, 0, "100%  7 of 10"),
    ],
)
def test_a_bar(status: str, total: int | None, deleted: int, in_flight: int, shown: str) -> None:
    line = bar({"status": status, "total": total, "deleted": deleted, "in_flight": in_flight})
    assert line.endswith(shown)
    assert line.index("]") == 31
