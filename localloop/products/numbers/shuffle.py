"""An order of numbers that looks random, needs no memory and is the same in every run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from localloop.products.numbers.numbering import Selection

_FIRST: Final = 3  # of a selection before the next is made, which costs more than a number
_ROUNDS: Final = 4
_MIX: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1


def permuted(index: int, size: int, key: int = 0) -> int:
    """Where this index goes in a permutation of `range(size)`: a Feistel network with cycle walking."""
    half = max((size - 1).bit_length() + 1, 2) // 2
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for turn in range(_ROUNDS):
            mixed = (right + key * 31 + turn + 1) * _MIX & _MASK
            mixed = (mixed ^ mixed >> 29) * _MIX & _MASK
            left, right = right, left ^ (mixed >> 32 & mask)
        index = left << half | right
        if index < size:
            return index


def interleaved(selections: Iterable[Selection]) -> Iterator[str]:
    """The numbers of several selections in turn, each shuffled; selections are made as they are needed."""
    waiting: list[Iterator[str]] = []
    for key, selection in enumerate(selections):
        numbers = _shuffled(selection, key)
        yield from islice(numbers, _FIRST)
        waiting.append(numbers)
    while waiting:
        still: list[Iterator[str]] = []
        for numbers in waiting:
            number = next(numbers, None)
            if number is not None:
                yield number
                still.append(numbers)
        waiting = still


def _shuffled(selection: Selection, key: int) -> Iterator[str]:
    for index in range(selection.size):
        yield selection.number(permuted(index, selection.size, key))
