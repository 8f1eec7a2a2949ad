"""What all of the page's reads share: a search, the slice of a list that is asked for, a list as it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from localloop.console.filters import Conditions
from localloop.console.queries import Row, Scope, Slice
from localloop.console.search import SearchError
from localloop.console.shapes import Json
from localloop.core import clock, errors, sids
from localloop.core.errors import ApiError

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200


class UnknownTerm(ApiError):
    """A search that cannot be: 400, with the place of the mistake and what would be understood."""

    def __init__(self, error: SearchError, understood: Mapping[str, str]) -> None:
        super().__init__(400, 20001, error.reason)
        self.position = error.position
        self.understood = understood


def searched(
    narrow: Callable[[str, datetime], Conditions],
    understood: Mapping[str, str],
    scope: Scope,
    params: Mapping[str, str],
) -> Conditions:
    try:
        return narrow(params.get("q", ""), clock.now(scope.world_sid))
    except SearchError as error:
        raise UnknownTerm(error, understood) from None


def slice_of(params: Mapping[str, str]) -> Slice:
    limit, before = params.get("limit", ""), params.get("before", "")
    if limit and not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= MAX_LIMIT):
        raise errors.invalid_parameter("limit", f"It is a number from 1 to {MAX_LIMIT}.")
    if before and not sids.is_sid(before):
        raise errors.invalid_parameter("before", "It is what the page before answered.")
    return Slice(int(limit or DEFAULT_LIMIT), sids.uuid_of(before) if before else None)


def id_of(sid: str, *prefixes: str) -> UUID:
    if not sids.is_sid(sid, *prefixes):
        raise errors.not_found(sid)
    return sids.uuid_of(sid)


def listed(key: str, rows: list[Row], part: Slice, shape: Callable[[Row], Json]) -> Json:
    shown = [shape(row) for row in rows[: part.limit]]
    return {key: shown, "before": shown[-1]["sid"] if len(rows) > part.limit else None}
