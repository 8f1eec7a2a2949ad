"""`docs/coverage.md` says what is served, operation by operation."""

from __future__ import annotations

from pathlib import Path

from scripts.coverage import page

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run `uv run python -m scripts.coverage`"
