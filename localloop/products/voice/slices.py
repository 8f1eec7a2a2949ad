"""Pages of lists that are in memory: what follows or precedes the row that a cursor names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localloop.rest.request import Items, PageRequest


def page(
    rows: Sequence[Mapping[str, Any]], asked: PageRequest | None, key: Callable[[Mapping[str, Any]], str]
) -> Items:
    """`rows` in the order of their keys."""
    wanted = asked or PageRequest()
    keys = [key(row) for row in rows]
    if wanted.before is not None:
        end = sum(each < wanted.before for each in keys)
        start = max(0, end - wanted.size)
    else:
        start = sum(each <= wanted.after for each in keys) if wanted.after is not None else 0
        end = start + wanted.size
    found = rows[start:end]
    return Items(
        items=found,
        more=end < len(rows),
        earlier=start > 0,
        first_cursor=keys[start] if found else None,
        last_cursor=keys[start + len(found) - 1] if found else None,
    )
