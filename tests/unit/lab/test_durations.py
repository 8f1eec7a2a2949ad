"""Spans of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localloop.lab.durations import parse


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90", timedelta(seconds=90)),
        ("0", timedelta()),
        ("1.5", timedelta(seconds=1.5)),
        ("30d", timedelta(days=30)),
        ("1h30m", timedelta(minutes=90)),
        ("2w 1d", timedelta(days=15)),
        ("250ms", timedelta(milliseconds=250)),
        ("PT10H", timedelta(hours=10)),
        ("P1DT2H", timedelta(hours=26)),
    ],
)
def test_reads(text: str, span: timedelta) -> None:
    assert parse(text) == span


@pytest.mark.parametrize("text", ["", "soon", "-5", "1y", "P1M", "P", "5 apples", "4000d"])
def test_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"span of time|longer than"):
        parse(text)
