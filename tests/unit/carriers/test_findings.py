"""Codes and links in texts: the cases of the console's page, which finds the same (`findings.test.ts`)."""

from __future__ import annotations

import pytest

from localloop.carriers.findings import codes, links


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Your code is 482915", ("482915",)),
        ("482 915 is your verification code", ("482915",)),
        ("G-482915 is your Google verification code.", ("G-482915",)),
        ("Use PIN 4829. It lasts until 2026.", ("4829",)),
        ("Ihr Einmalpasswort: 123-456", ("123-456",)),
        ("Your code is 2026", ("2026",)),
        ("Code 1234 or https://example.com/567890", ("1234",)),
        ("Your order 482915 has left", ()),
        ("Your code costs $4829", ()),
        ("Call +15551230001 for the code", ()),
        ("The code of 19:30 and 3.1415", ()),
        ("Code: see https://example.com/482915", ()),
    ],
)
def test_codes(text: str, found: tuple[str, ...]) -> None:
    assert codes(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://a.example/b?c=1.", ("https://a.example/b?c=1",)),
        ("(HTTP://A.example/x) and https://b.example", ("HTTP://A.example/x", "https://b.example")),
        ("javascript:alert(1) ftp://x.example", ()),
    ],
)
def test_links(text: str, found: tuple[str, ...]) -> None:
    assert links(text) == found


def test_a_long_text_is_read_at_once() -> None:
    assert codes("code " + "1" * 100_000 + " http" * 10_000) == ()
