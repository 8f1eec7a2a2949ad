"""The search patterns of phone numbers: digits, letters of the keypad, and wildcards.

`*` is any digit, `%` any sequence of digits, a leading `+` the start of the number (its country code), a final
`$` its end. Without them a pattern may stand anywhere.
"""

from __future__ import annotations

from typing import Final

from localloop.products.numbers.numbering import ANY, Pattern

SHORTEST: Final = 2
LONGEST: Final = 16
_KEYPAD: Final = {
    letter: digit
    for digit, letters in enumerate(("", "", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"))
    for letter in letters
}


def read(text: str) -> Pattern:
    """The pattern that a search names; ValueError when it is too short, too long or means nothing."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise ValueError(f"The pattern must have {SHORTEST} to {LONGEST} characters.")
    tied_start, tied_end = text[0] in "+ ", text.endswith("$")  # an unescaped + arrives as a space
    elements: list[int] = []
    gaps: list[int] = []
    for character in text[tied_start : len(text) - tied_end]:
        if character == "%":
            gaps.append(len(elements))
        else:
            elements.append(_digits(character))
    if sum(digits != ANY for digits in elements) < SHORTEST:
        raise ValueError(f"The pattern must have at least {SHORTEST} digits or letters.")
    return Pattern(elements, gaps, tied_start=tied_start, tied_end=tied_end)


def _digits(character: str) -> int:
    if character == "*":
        return ANY
    if character in "0123456789":
        return 1 << int(character)
    digit = _KEYPAD.get(character.lower())
    if digit is None:
        raise ValueError(f"The pattern has {character!r} in it, which is no digit, letter or wildcard.")
    return 1 << digit


def like(text: str) -> str:
    """The same search among numbers in the database: a pattern for LIKE. Signs that mean nothing are left out."""
    written = []
    for character in text.strip():
        if character == "*":
            written.append("_")
        elif character == "%":
            written.append("%")
        elif character in "0123456789":
            written.append(character)
        elif digit := _KEYPAD.get(character.lower()):
            written.append(str(digit))
    start = "+" if text[:1] in ("+", " ") else "%"
    return f"{start}{''.join(written)}%"
