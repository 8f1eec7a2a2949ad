"""What a rule or an expectation asks of a thing: by Twilio's names for its fields, each with what its value shall be.

    To=+15550001                equal to this text
    Body=~code is \\d{6}         a regular expression that is found in it (case matters; `(?i)` says otherwise)
    MessageStatus=!failed       not what follows, which may be any of these forms
    MediaUrl=*                  there, whatever it is
    ErrorCode=                  not there, or empty
    Body==~ literally           equal to what follows the first `=`, should it begin like one of the above

A name that is given several times is satisfied by any of its values. A field that is a list satisfies with any of its
elements. Nothing here does I/O or waits: a match is asked once a request, once a callback, once a text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct

from localloop.lab.expressions import ExpressionError, finder

Fields: TypeAlias = Mapping[str, Any]
Thing = TypeVar("Thing")
_SHOWN: Final = 200
_WHO: Final = frozenset({"To", "From", "Number", "Url"})


class MatchError(ValueError):
    """What is asked of a field makes no sense."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class Miss(Struct, frozen=True):
    """A field that is not as it was asked to be: `got` is None when it is not there."""

    name: str
    wanted: str  # in words
    got: str | None
    nearness: float = 0.0  # 0 … 1: how much the one is like the other

    def __str__(self) -> str:
        got = "is not there" if self.got is None else f"is {_quoted(self.got)}"
        return f"{self.name} {got}, wanted: {self.wanted}"


class Wanted(Struct, frozen=True):
    """What one value of one field is held against."""

    text: str  # as it was given
    words: str
    is_satisfied_by: Callable[[str | None], bool]
    plain: str = ""  # what a value would have to be like, where that can be said


class Match(Struct, frozen=True):
    """Everything that is asked, by field; nothing asked is satisfied by everything."""

    wanted: Mapping[str, tuple[Wanted, ...]] = {}

    @classmethod
    def parse(cls, asked: Mapping[str, str | Sequence[str]], known: Collection[str] | None = None) -> Match:
        """Raises MatchError: for an expression that is none, and for a name that nobody knows if `known` is given."""
        wanted = {}
        for name, given in asked.items():
            if known is not None and name not in known:
                raise MatchError(name, f"there is no such field; there are {', '.join(sorted(known))}")
            values = (given,) if isinstance(given, str) else tuple(given)
            try:
                wanted[name] = tuple(_wanted(value) for value in values)
            except ExpressionError as error:
                raise MatchError(name, str(error)) from None
        return cls(wanted)

    def misses(self, fields: Fields) -> tuple[Miss, ...]:
        """What is not as it was asked to be, in the order of asking; nothing when all is."""
        return tuple(
            _miss(name, wanted, values)
            for name, wanted in self.wanted.items()
            if wanted and not _is_any(wanted, values := _texts(fields.get(name)))
        )

    def admits(self, fields: Fields) -> bool:
        """Whether nothing misses, without the words for it."""
        return all(
            not wanted or _is_any(wanted, _texts(fields.get(name))) for name, wanted in self.wanted.items()
        )

    @property
    def asked(self) -> Mapping[str, tuple[str, ...]]:
        """As it was given, to be shown or kept."""
        return {name: tuple(each.text for each in wanted) for name, wanted in self.wanted.items()}

    def __str__(self) -> str:
        said = (
            f"{name} {' or '.join(each.words for each in wanted)}" for name, wanted in self.wanted.items()
        )
        return ", ".join(said) or "anything"


def closest(
    match: Match, things: Iterable[Thing], fields: Callable[[Thing], Fields]
) -> tuple[Thing, tuple[Miss, ...]] | None:
    """The thing that misses least, and what it misses: a person would point at it. Another thing, or one for somebody
    else, is farther away than one that is not as it should be. Of equals it is the last."""
    best: tuple[tuple[float, float], Thing, tuple[Miss, ...]] | None = None
    for thing in things:
        misses = match.misses(fields(thing))
        rank = (-sum(map(_weight, misses)), sum(miss.nearness for miss in misses))
        if best is None or rank >= best[0]:
            best = rank, thing, misses
    return None if best is None else best[1:]


def _weight(miss: Miss) -> float:
    return 2.0 if miss.name in _WHO or miss.name.endswith("Sid") else 1.0


def _wanted(text: str) -> Wanted:
    if text == "":
        return Wanted(text, "nothing", lambda value: not value)
    if text == "*":
        return Wanted(text, "anything", bool)
    head, rest = text[0], text[1:]
    if head == "~":
        found = finder(rest)
        return Wanted(text, f"something that matches {rest}", lambda value: found(value or ""), rest)
    if head == "!":
        refused = _wanted(rest)
        return Wanted(text, f"not {refused.words}", lambda value: not refused.is_satisfied_by(value))
    literal = rest if head == "=" else text
    return Wanted(text, _quoted(literal), lambda value: value == literal, literal)


def _is_any(wanted: Sequence[Wanted], values: Sequence[str | None]) -> bool:
    return any(_is_satisfied(each, values) for each in wanted)


def _is_satisfied(wanted: Wanted, values: Sequence[str | None]) -> bool:
    """By any element of a list; but what may not be may be in no element."""
    test = all if wanted.text[:1] == "!" else any
    return test(wanted.is_satisfied_by(value) for value in values)


def _miss(name: str, wanted: Sequence[Wanted], values: Sequence[str | None]) -> Miss:
    got = None if values == (None,) else ", ".join(value or "" for value in values)
    nearness = max(_likeness(each.plain, got or "") for each in wanted)
    return Miss(name, " or ".join(each.words for each in wanted), got, nearness)


def _likeness(plain: str, got: str) -> float:
    if not plain or not got:
        return 0.0
    return SequenceMatcher(None, plain[:_SHOWN].lower(), got[:_SHOWN].lower(), autojunk=False).ratio()


def _texts(value: Any) -> tuple[str | None, ...]:
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(_text(each) for each in value) or (None,)
    return (_text(value),)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _quoted(text: str) -> str:
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return f"'{cut}'"
