"""Lists in Twilio's four shapes, with addresses of the pages before and after.

The cursor is a row's id behind `PA` (forward) or `PB` (backward), so rows that are added while somebody pages
neither repeat nor hide any, and page 200 costs what page 1 costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from localloop.rest.decode import make_token
from localloop.rest.request import Items, PageRequest, Request

_CURSOR_KEYS = frozenset({"Page", "PageSize", "PageToken", "pageSize", "pageToken", "page", "pagesize"})


class Window(Struct, frozen=True):
    """What is around a page: tokens of its neighbours, None where there is none."""

    next_token: str | None
    previous_token: str | None


def window(answer: Items, id_field: str | None) -> Window:
    rows = answer.items
    if not rows:
        return Window(None, None)
    first = answer.first_cursor or _cursor(rows[0], id_field)
    last = answer.last_cursor or _cursor(rows[-1], id_field)
    return Window(
        make_token("after", last) if answer.more and last else None,
        make_token("before", first) if answer.earlier and first else None,
    )


def _cursor(row: Mapping[str, Any], id_field: str | None) -> str:
    return str(row.get(id_field or "sid") or row.get("sid") or "")


def list_payload(
    request: Request, answer: Items, rows: Sequence[dict[str, Any]], query: str
) -> dict[str, Any]:
    """The body of a list: `rows` are rendered already; `query` is the request's own query string."""
    operation = request.operation
    page = request.page or PageRequest()
    around = window(answer, request.resource.id_field)
    key = operation.list_key or "items"
    if operation.paging == "plain" or operation.paging == "none":
        return {key: rows}
    if operation.paging == "token":
        meta = {"next_token": around.next_token, "previous_token": around.previous_token}
        return {"meta": meta, key: rows}
    if operation.paging == "2010":
        start = page.number * page.size
        indexes = {"start": start, "end": start + len(rows) - 1} if rows else {"start": 0, "end": 0}
        return _body_2010(request, page, around, _pairs(query)) | indexes | {key: rows}
    return {"meta": _meta(request, page, around, _pairs(query)) | {"key": key}, key: rows}


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return [(name, value) for name, value in pairs if name not in _CURSOR_KEYS]


def _query(filters: list[tuple[str, str]], size: int, number: int, token: str | None) -> str:
    pairs = [*filters, ("PageSize", str(size)), ("Page", str(number))]
    if token:
        pairs.append(("PageToken", token))
    return urlencode(pairs)


def _body_2010(
    request: Request, page: PageRequest, around: Window, filters: list[tuple[str, str]]
) -> dict[str, Any]:
    base = request.address
    first = f"{base}?{_query(filters, page.size, 0, None)}"
    return {
        "first_page_uri": first,
        "next_page_uri": _neighbour(base, filters, page, 1, around.next_token),
        "previous_page_uri": _neighbour(base, filters, page, -1, around.previous_token),
        "page": page.number,
        "page_size": page.size,
        "uri": f"{base}?{_query(filters, page.size, page.number, None)}",
    }


def _meta(
    request: Request, page: PageRequest, around: Window, filters: list[tuple[str, str]]
) -> dict[str, Any]:
    base = request.urls.base(request.api.product) + request.address
    return {
        "page": page.number,
        "page_size": page.size,
        "first_page_url": f"{base}?{_query(filters, page.size, 0, None)}",
        "previous_page_url": _neighbour(base, filters, page, -1, around.previous_token),
        "url": f"{base}?{_query(filters, page.size, page.number, None)}",
        "next_page_url": _neighbour(base, filters, page, 1, around.next_token),
    }


def _neighbour(
    base: str, filters: list[tuple[str, str]], page: PageRequest, step: int, token: str | None
) -> str | None:
    if token is None:
        return None
    return f"{base}?{_query(filters, page.size, max(page.number + step, 0), token)}"
