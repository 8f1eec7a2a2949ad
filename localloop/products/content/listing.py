"""The second version's lists of contents: which they keep, and in what order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from localloop.core import errors
from localloop.products.content import approval
from localloop.products.content.render import NoSuchType, type_for
from localloop.rest.request import Items, PageRequest
from localloop.rest.values import span_of

_ORDERS = ("asc", "desc")


def sift(contents: Sequence[dict[str, Any]], params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that every filter keeps, in the order that was asked for: newest first where none was."""
    found = [each for each in contents if _fits(each, params)]
    if order := _order(params, "SortByContentName"):
        found.sort(key=lambda each: str(each.get("friendly_name") or "").lower(), reverse=order == "desc")
    elif _order(params, "SortByDate") == "asc":
        found.reverse()
    return found


def cut(found: Sequence[dict[str, Any]], page: PageRequest) -> Items:
    """One page. Raises 21481 for a cursor that names none of them."""
    at = {each["sid"]: number for number, each in enumerate(found)}
    cursor = page.before or page.after
    if cursor is not None and cursor not in at:
        raise errors.invalid_page_token()
    if page.before is not None and page.after is None:
        end = at[page.before]
        start = max(0, end - page.size)
    else:
        start = 0 if page.after is None else at[page.after] + 1
        end = start + page.size
    return Items(items=list(found[start:end]), more=end < len(found), earlier=start > 0)


def _fits(content: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    types = content.get("types") or {}
    name = str(params.get("ContentName") or "").lower()
    text = str(params.get("Content") or "").lower()
    return (
        name in str(content.get("friendly_name") or "").lower()
        and (not text or text in orjson.dumps(types).decode().lower())
        and _any(params.get("ContentType"), types)
        and _any(params.get("Language"), (content.get("language"),))
        and _eligible(params.get("ChannelEligibility"), content)
        and _between(content["date_created"], params.get("DateCreatedAfter"), params.get("DateCreatedBefore"))
    )


def _any(wanted: Sequence[str] | None, there: Any) -> bool:
    return not wanted or any(each in there for each in wanted)


def _eligible(wanted: Sequence[str] | None, content: Mapping[str, Any]) -> bool:
    """`whatsapp:approved`, or a channel alone."""
    if not wanted:
        return True
    for each in wanted:
        channel, _, status = each.lower().partition(":")
        try:
            type_for(content.get("types") or {}, channel)
        except NoSuchType:
            continue
        if not status or (channel == "whatsapp" and approval.status_of(content) == status):
            return True
    return False


def _between(created: datetime, after: date | None, before: date | None) -> bool:
    """Bounds are days or seconds, inclusive."""
    is_late = after is None or created >= span_of(after)[0]
    return is_late and (before is None or created < span_of(before)[1])


def _order(params: Mapping[str, Any], name: str) -> str | None:
    order = params.get(name)
    if order and str(order).lower() not in _ORDERS:
        raise errors.invalid_parameter(name, "It is asc or desc.")
    return str(order).lower() if order else None
