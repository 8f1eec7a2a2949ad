"""Lists held against each other: what is on a page, in which order, and whether there is another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from localloop.contract.model import Operation
from localloop.intercept.comparison.difference import Found
from localloop.intercept.comparison.names import SID, Names
from localloop.intercept.recording import Request

_PAGING: Final = frozenset({"Page", "PageSize", "PageToken"})
_SAME: Final = ("page", "page_size", "key")
_WHEN_AS_MANY: Final = ("start", "end")
_NEXT: Final = ("next_page_uri", "next_page_url", "next_token")


def differences(
    there: Any, here: Any, operation: Operation | None, request: Request, names: Names
) -> Iterator[Found]:
    """`names` must know what was created, and not yet what this list taught."""
    key = operation.list_key if operation and operation.verb == "list" else None
    if key is None or not (isinstance(there, dict) and isinstance(here, dict)):
        return
    rows, rows_here = there.get(key), here.get(key)
    if not (isinstance(rows, list) and isinstance(rows_here, list)):
        return
    meta, meta_here = there.get("meta", there), here.get("meta", here)
    if not (isinstance(meta, dict) and isinstance(meta_here, dict)):
        return
    as_many = len(rows) == len(rows_here)
    for name in (*_SAME, *(_WHEN_AS_MANY if as_many else ())):
        if name in meta and name in meta_here and meta[name] != meta_here[name]:
            yield Found("paging", name, str(meta[name]), str(meta_here[name]))
    yield from _rows(rows, rows_here, meta, names)
    yield from _next(meta, meta_here, _may_end_here(rows, meta, request, names))


def aligned(there: Any, here: Any, operation: Operation | None, names: Names) -> Any:
    """The list here with each record in the place of its counterpart, so that like is held against like."""
    key = operation.list_key if operation and operation.verb == "list" else None
    rows, rows_here = (body.get(key) if key and isinstance(body, dict) else None for body in (there, here))
    if not (isinstance(rows, list) and isinstance(rows_here, list)):
        return here
    wanted = [names.sid(_sid(row)) for row in rows]
    by_sid = {_sid(row): row for row in rows_here if _sid(row) in wanted}
    others = [row for row in rows_here if _sid(row) not in by_sid]
    placed = [by_sid.pop(sid) if sid in by_sid else (others.pop(0) if others else None) for sid in wanted]
    return {**here, key: [*(row for row in placed if row is not None), *by_sid.values(), *others]}


def _rows(rows: list[Any], rows_here: list[Any], meta: dict[str, Any], names: Names) -> Iterator[Found]:
    size = meta.get("page_size")
    if isinstance(size, int) and len(rows_here) > size >= len(rows):
        yield Found("paging", "records on a page", f"at most {size}", str(len(rows_here)))
        return
    sids, sids_here = [_sid(row) for row in rows], [_sid(row) for row in rows_here]
    expected = [names.sid(sid) for sid in sids]
    if not all(expected):
        return  # the account had records that the recording did not make
    if len(expected) != len(sids_here):
        yield Found("paging", "records", str(len(expected)), str(len(sids_here)))
    elif sorted(map(str, expected)) != sorted(sids_here):
        yield Found("paging", "records", "those", "others")
    elif expected != sids_here:
        yield Found("paging", "order", "one", "another")


def _next(meta: dict[str, Any], meta_here: dict[str, Any], may_end_here: bool) -> Iterator[Found]:
    for name in _NEXT:
        if name not in meta or name not in meta_here:
            continue
        if meta[name] and not meta_here[name] and not may_end_here:
            yield Found("paging", name, "leads on", "null")
        elif meta_here[name] and not meta[name]:
            yield Found("paging", name, "null", "leads on")


def _may_end_here(rows: list[Any], meta: dict[str, Any], request: Request, names: Names) -> bool:
    """Whether what leads on there may be records that the account had before the recording."""
    prefixes = {_sid(row)[:2] for row in rows}
    size, page = meta.get("page_size"), meta.get("page")
    if len(prefixes) != 1 or not isinstance(size, int) or not isinstance(page, int):
        return True
    if any(name not in _PAGING for name, _ in request.params):
        return True  # a filter: nobody knows how many pass it
    return names.made(prefixes.pop()) <= (page + 1) * size


def _sid(row: Any) -> str:
    sid = row.get("sid") if isinstance(row, dict) else None
    return sid if isinstance(sid, str) and SID.fullmatch(sid) else ""
