"""Expressions of users: the safe engine agrees with Python's, and none takes long."""

from __future__ import annotations

import random
import re

import pytest

from localloop.lab import expressions
from localloop.lab.expressions import ExpressionError, finder

PIECES = ("a", "b", "[ab]", "[^a]", ".", r"\w", r"\b", "^", "$", "(?:a|ab)", "(b|ba|a)", "(?i:A)", r"\s", "ß")


def random_expression(source: random.Random) -> str:
    parts = []
    for _ in range(source.randint(1, 5)):
        piece = source.choice(PIECES)
        if len(piece) > 1 and source.random() < 0.3:
            piece = f"(?:{piece}{source.choice(PIECES[:5])})"
        repeat = source.choice(("", "", "*", "+", "?", "*?", "{2}", "{1,3}")) if piece not in "^$" else ""
        parts.append(piece if piece == r"\b" else piece + repeat)
    return "".join(parts)


def test_both_engines_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(7)
    monkeypatch.setattr(expressions, "_MANY_WAYS", 0)  # so that all go the safe way
    for _ in range(600):
        expression = random_expression(source)
        text = "".join(source.choices("aabb c\nß", k=source.randint(0, 8)))
        asked = finder.__wrapped__(expression)
        assert asked(text) == (re.search(expression, text) is not None), (expression, text)


@pytest.mark.parametrize("expression", ["(a+)+$", ".*.*.*.*x", "(a|a)*b", "(?:a?){25}a{25}c", r"^(\w+\s?)*$"])
def test_none_takes_long(expression: str) -> None:
    """Python's own engine would not come back from any of these."""
    assert not finder(expression)("a" * 1_600 + "!")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(", "no regular expression"),
        ("x" * 1_001, "more than 1000"),
        (r"(a+)+\1", "back reference"),
        ("(a*b){400}", "too large"),
    ],
)
def test_what_cannot_be_tried_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        finder(expression)
