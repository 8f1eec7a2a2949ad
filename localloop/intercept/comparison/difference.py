"""What a comparison finds: each difference once, with where it was first and how often it came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

Kind: TypeAlias = Literal[
    "status", "code", "header", "missing", "extra", "type", "null", "paging", "callback"
]


class Found(Struct, frozen=True):
    """A difference in one answer; `where` is a field, a header or a parameter."""

    kind: Kind
    where: str
    there: str
    here: str


class Difference(Struct, frozen=True, kw_only=True):
    """`request` is the number of the exchange in the file (the first is 1)."""

    request: int
    times: int
    operation: str
    kind: Kind
    where: str
    there: str
    here: str


class Skipped(Struct, frozen=True, kw_only=True):
    """What could not be replayed, and why."""

    request: int
    operation: str
    reason: str


class Report(Struct, frozen=True, kw_only=True):
    """`plain`: operations that answered here in the right shape, and do nothing."""

    replayed: int
    callbacks: int
    differences: tuple[Difference, ...]
    skipped: tuple[Skipped, ...]
    plain: tuple[str, ...]


class Findings:
    """Collects differences; what comes again is counted."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Kind, str, str, str], Difference] = {}

    def add(self, request: int, operation: str, found: Iterable[Found]) -> None:
        for each in found:
            key = (operation, each.kind, each.where, each.there, each.here)
            known = self._found.get(key)
            self._found[key] = (
                replace(known, times=known.times + 1)
                if known
                else Difference(
                    request=request,
                    times=1,
                    operation=operation,
                    kind=each.kind,
                    where=each.where,
                    there=each.there,
                    here=each.here,
                )
            )

    def all(self) -> tuple[Difference, ...]:
        return tuple(sorted(self._found.values(), key=lambda each: (each.request, each.kind, each.where)))
