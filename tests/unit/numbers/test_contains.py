"""Search patterns, as Twilio documents `Contains` (AvailablePhoneNumbers) and `PhoneNumber` (IncomingPhoneNumbers)."""

from __future__ import annotations

import pytest

from localloop.products.numbers import contains


def found(text: str, number: str) -> bool:
    pattern = contains.read(text)
    state = pattern.start
    for digit in number.removeprefix("+"):
        state = pattern.step(state, int(digit))
    return pattern.met(state)


@pytest.mark.parametrize(
    ("text", "number", "expected"),
    [
        ("5551", "+15105551234", True),
        ("5551", "+15105521234", False),
        ("510555****", "+15105551234", True),
        ("510555****", "+15551510555", False),
        ("STORM", "+15105578676", True),
        ("storm", "+15105578677", False),
        ("+1510", "+15105551234", True),
        (" 1510", "+15105551234", True),
        ("+510", "+15105551234", False),
        ("1234$", "+15105551234", True),
        ("1234$", "+15101234555", False),
        ("510%34", "+15105551234", True),
        ("34%510", "+15105551234", False),
        ("%51%", "+15105551234", True),
        ("+1510*55", "+15105551234", True),
    ],
)
def test_what_a_pattern_finds(text: str, number: str, expected: bool) -> None:
    assert found(text, number) is expected


@pytest.mark.parametrize("text", ["", "5", "**", "5*", "%%", "+$", "12345678901234567", "55-1", "5é5"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        contains.read(text)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("5551", "%5551%"),
        ("+1510", "+1510%"),
        (" 15105551234", "+15105551234%"),
        ("510555****", "%510555____%"),
        ("CATS", "%2287%"),
        ("510' or '1", "%510671%"),
    ],
)
def test_the_same_search_for_the_database(text: str, like: str) -> None:
    assert contains.like(text) == like
