"""The search syntax of the lists: `to:+1 status:failed since:1h body:"your code" hello`, taken apart. Pure.

Terms are separated by spaces and must all hold; what has no name is a word to be found anywhere. Double quotes hold
spaces and colons together, with a backslash before a quote or a backslash that is meant. Several values of one term
are separated by commas: any of them will do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

MAX_LENGTH: Final = 1000
_NAMED: Final = re.compile(r"([A-Za-z_]+):(?!//)")
_BARE: Final = re.compile(r'[^\s"]+')
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_AGO: Final = re.compile(r"([0-9]{1,6})(s|m|h|d|w)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class SearchError(Exception):
    """What cannot be searched for: where in the text it stands, and why."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


class Term(Struct, frozen=True):
    """One term; a word has no name."""

    name: str
    value: str
    position: int  # of its first character, for what is wrong with it

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(part for part in self.value.split(",") if part)


def parse(text: str, known: Mapping[str, str]) -> tuple[Term, ...]:
    """The terms; `known` says what each name means. Raises SearchError."""
    if len(text) > MAX_LENGTH:
        raise SearchError(MAX_LENGTH, f"A search has at most {MAX_LENGTH} characters.")
    if "\0" in text:
        raise SearchError(text.index("\0"), "A search cannot hold the character NUL.")
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term, at = _term(text, at, known)
        found.append(term)
    return tuple(found)


def _term(text: str, start: int, known: Mapping[str, str]) -> tuple[Term, int]:
    """The term that begins here, and where it ends."""
    named = _NAMED.match(text, start)
    if named is None:
        value, end = _value(text, start)
        return Term("", value, start), end
    name = named[1].lower()
    if name not in known:
        raise SearchError(start, f"There is no term {name}: here; in quotes it is looked for as text.")
    value, end = _value(text, named.end())
    if not value:
        raise SearchError(start, f"{name}: wants a value: {known[name]}.")
    return Term(name, value, start), end


def _value(text: str, start: int) -> tuple[str, int]:
    """The value that begins here; "" when nothing does."""
    if text.startswith('"', start):
        quoted = _QUOTED.match(text, start)
        if quoted is None:
            raise SearchError(start, "This quote is not closed.")
        return _ESCAPED.sub(r"\1", quoted[1]), quoted.end()
    bare = _BARE.match(text, start)
    return (bare[0], bare.end()) if bare else ("", start)


def quoted(value: str) -> str:
    """How a value is written so that `parse` gives it back."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def moment(term: Term, now: datetime) -> datetime:
    """`90s`, `30m`, `1h`, `2d`, `1w` before now; else a date or an ISO 8601 moment, in UTC unless it says otherwise."""
    ago = _AGO.fullmatch(term.value)
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        parsed = datetime.fromisoformat(term.value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        reason = f"{term.name}: wants 30m, 1h, 2d, a date or a moment like 2026-01-31T09:30."
        raise SearchError(term.position, reason) from None
