"""Users' regular expressions, tried in time that the text's length bounds.

Python's engine tries ways one after the other, and a few repetitions make more ways than anybody can wait for. So an
expression that could have many is run by another engine, which follows all ways at once (Thompson's simulation): slower
by a constant, never by more. It knows no back references and no look-around, so an expression with many ways and one
of these is refused when it is made, as is one that is too large.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _constants as names  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final, TypeAlias

from msgspec import Struct

TEXT_LIMIT: Final = 4_096  # characters that are looked at: a text message has at most 1,600
_LONGEST: Final = 1_000
_MANY_WAYS: Final = 1 << 13  # from a start in the text; with fewer, Python's engine is the faster
_LARGEST: Final = 400  # steps of a program: all may be active at each character


class ExpressionError(ValueError):
    """It is no regular expression, or one that could take for ever."""


Found: TypeAlias = Callable[[str], bool]


@lru_cache(maxsize=512)
def finder(expression: str) -> Found:
    """Whether the expression is found in a text. Raises ExpressionError."""
    if len(expression) > _LONGEST:
        raise ExpressionError(f"it has more than {_LONGEST} characters")
    try:
        compiled = re.compile(expression)
        tree = parser.parse(expression)
        ways = _ways(tree)
    except (re.error, OverflowError, RecursionError) as error:
        raise ExpressionError(f"it is no regular expression: {error}") from None
    if ways <= _MANY_WAYS:
        return lambda text: compiled.search(text[:TEXT_LIMIT]) is not None
    program = _Compiler(compiled.flags).program(tree)
    return lambda text: _run(program, text[:TEXT_LIMIT])


# How many ways there are to try an expression from one start -----------------------------------------------------


def _ways(tree: Iterable[Any]) -> int:
    ways = 1
    for name, value in tree:
        ways = min(ways * _ways_of(name, value), _MANY_WAYS + 1)
    return ways


def _ways_of(name: Any, value: Any) -> int:
    if name in (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT):
        least, most, inside = value
        most = min(most, TEXT_LIMIT)
        within = _ways(inside)
        power = min(most, 14) if within > 1 else 0
        return int((most - least + 1) * within**power)
    if name is names.SUBPATTERN:
        return _ways(value[-1])
    if name is names.BRANCH:
        return sum(map(_ways, value[1]))
    if name in (names.ASSERT, names.ASSERT_NOT):
        return _ways(value[1])
    if name is names.ATOMIC_GROUP:
        return _ways(value)
    return _MANY_WAYS if name is names.GROUPREF_EXISTS else 1


# All ways at once ---------------------------------------------------------------------------------------------------

Admits: TypeAlias = Callable[[str], bool]
Holds: TypeAlias = Callable[[str, int], bool]


class _Step(Struct):
    """Of a program: takes a character (`admits`), asks about its place (`holds`), or only leads on (to `after`)."""

    after: tuple[int, ...] = ()
    admits: Admits | None = None
    holds: Holds | None = None


class _Compiler:
    def __init__(self, flags: int) -> None:
        self._flags = flags
        self._steps: list[_Step] = []

    def program(self, tree: Iterable[Any]) -> tuple[list[_Step], int]:
        """Its steps, of which the first (0) is the end, and where to begin."""
        self._add(_Step())
        return self._steps, self._sequence(tree, 0, self._flags)

    def _add(self, step: _Step) -> int:
        if len(self._steps) >= _LARGEST:
            raise ExpressionError("it is too large to be tried safely; make its repetitions smaller")
        self._steps.append(step)
        return len(self._steps) - 1

    def _sequence(self, tree: Iterable[Any], after: int, flags: int) -> int:
        for name, value in reversed(list(tree)):
            after = self._one(name, value, after, flags)
        return after

    def _one(self, name: Any, value: Any, after: int, flags: int) -> int:
        if name in (names.MAX_REPEAT, names.MIN_REPEAT):
            return self._repeat(value, after, flags)
        if name is names.SUBPATTERN:
            _, added, dropped, inside = value
            return self._sequence(inside, after, (flags | added) & ~dropped)
        if name is names.BRANCH:
            return self._add(_Step(tuple(self._sequence(way, after, flags) for way in value[1])))
        if name is names.AT:
            return self._add(_Step((after,), holds=_place(value, flags)))
        return self._add(_Step((after,), admits=_character(name, value, flags)))

    def _repeat(self, value: Any, after: int, flags: int) -> int:
        least, most, inside = value
        if most is names.MAXREPEAT:
            again = self._add(_Step())
            self._steps[again].after = (self._sequence(inside, again, flags), after)
            after = again
        else:
            end = after
            for _ in range(most - least):
                after = self._add(_Step((self._sequence(inside, after, flags), end)))
        for _ in range(least):
            after = self._sequence(inside, after, flags)
        return after


def _run(program: tuple[list[_Step], int], text: str) -> bool:
    steps, start = program
    active: set[int] = set()
    for place in range(len(text) + 1):
        reached = set(_closure(steps, {*active, start}, text, place))
        if 0 in reached:
            return True
        if place < len(text):
            active = _taken(steps, reached, text[place])
    return False


def _taken(steps: list[_Step], reached: Iterable[int], character: str) -> set[int]:
    return {
        after
        for number in reached
        if (admits := steps[number].admits) and admits(character)
        for after in steps[number].after
    }


def _closure(steps: list[_Step], begun: set[int], text: str, place: int) -> Iterator[int]:
    """The steps that are reached without taking a character."""
    waiting, known = list(begun), set(begun)
    while waiting:
        number = waiting.pop()
        yield number
        step = steps[number]
        if step.admits is None and (step.holds is None or step.holds(text, place)):
            fresh = [after for after in step.after if after not in known]
            known.update(fresh)
            waiting += fresh


def _character(name: Any, value: Any, flags: int) -> Admits:
    """Which characters an item takes. Python's own engine is asked, about one character: it knows cases and classes."""
    if name not in (names.LITERAL, names.NOT_LITERAL, names.ANY, names.IN):
        raise ExpressionError("with so many repetitions it may have no back reference and no look-around")
    state = parser.State()
    state.flags = flags
    item = parser.SubPattern(state, [(name, value)])
    one = compiler.compile(item, flags)
    known: dict[str, bool] = {}

    def admits(character: str) -> bool:
        answer = known.get(character)
        if answer is None:
            answer = known[character] = one.fullmatch(character) is not None
        return answer

    return admits


def _place(name: Any, flags: int) -> Holds:
    source = {
        names.AT_BEGINNING: "^",
        names.AT_BEGINNING_STRING: r"\A",
        names.AT_END: "$",
        names.AT_END_STRING: r"\Z",
        names.AT_BOUNDARY: r"\b",
        names.AT_NON_BOUNDARY: r"\B",
    }[name]
    expression = re.compile(source, flags & (re.MULTILINE | re.ASCII))
    return lambda text, place: expression.match(text, place) is not None
