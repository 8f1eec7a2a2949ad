"""What a reader wants out of a text: the one-time codes and the links. Pure; the console's page finds the same."""

from __future__ import annotations

import re
from typing import Final

_LINK: Final = re.compile(r"\bhttps?://[^\s<>\"]+[^\s<>\"'.,;:!?)\]}]", re.IGNORECASE)
_CODE: Final = re.compile(
    r"(?<![^\W_])(?<![+$€£.,:/#-])(?:\d{3}[- ]\d{3}|\d{4,8}|[A-Z]-\d{5,6})(?![^\W_]|[.,:/-]\d|%)"
)
_TALKS_OF_A_CODE: Final = re.compile(
    r"\b(?:code|codes|otp|pin|passcode|password|verif\w*|confirm\w*|2fa|login|log in|sign[- ]?in|security|"
    r"one[- ]time|token|código|kod|bestätigung\w*|einmal\w*)\b",
    re.IGNORECASE,
)
_A_YEAR: Final = re.compile(r"(?:19|20)\d\d")


def links(text: str) -> tuple[str, ...]:
    """Addresses of the web, without the punctuation behind them."""
    return tuple(found.group() for found in _LINK.finditer(text))


def codes(text: str) -> tuple[str, ...]:
    """Digits are a code where the text speaks of one; a year is one only when nothing else is. Without the gap in the
    middle of `123 456`, as they are typed."""
    if not _TALKS_OF_A_CODE.search(text):
        return ()
    linked = [found.span() for found in _LINK.finditer(text)]
    found = [
        each.group()
        for each in _CODE.finditer(text)
        if not any(start <= each.start() < end for start, end in linked)
    ]
    likely = [each for each in found if not _A_YEAR.fullmatch(each)]
    return tuple(each.replace(" ", "") for each in likely or found)
