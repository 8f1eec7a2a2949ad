"""Users' regular expressions cannot stop the program."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from localloop.carriers.patterns import PatternError, Patterns

TEXTS = ["Your code is 123456", "häåø", ""]


@pytest.fixture
async def patterns() -> AsyncIterator[Patterns]:
    opened = Patterns()
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("code", [True, False, False]),
        (r"\b\d\d\d\d\d\d$", [True, False, False]),
        (r"code is (\d{6})", [True, False, False]),
        (r"(?i)^your.*\d+$", [True, False, False]),
        ("ä|^$", [False, True, True]),
        ("", [True, True, True]),
    ],
)
async def test_searches(patterns: Patterns, pattern: str, found: list[bool]) -> None:
    assert await patterns.search(pattern, TEXTS) == found


async def test_catastrophe_is_cut_short_and_the_next_pattern_works() -> None:
    patterns = Patterns(time_limit_s=0.2)
    for _ in range(2):
        with pytest.raises(PatternError, match="too long"):
            await patterns.search(r"^(\w+\s?)*$", ["a" * 60 + "!"])
    assert await patterns.search(r"(a|b)+!", ["aab!"]) == [True]
    await patterns.close()


@pytest.mark.parametrize("pattern", ["(", "a" * 1001, "a{99999999999999999999}", "(?P<x>a)(?P<x>b)"])
async def test_what_is_no_pattern(patterns: Patterns, pattern: str) -> None:
    with pytest.raises(PatternError):
        await patterns.search(pattern, TEXTS)


async def test_texts_are_cut(patterns: Patterns) -> None:
    assert await patterns.search("(x)+", ["a" * 5_000 + "x"]) == [False]
