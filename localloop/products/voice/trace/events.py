"""`/Calls/{Sid}/Events`: each request to the application and its answer, as the record of deliveries has them.

An exchange of which only the outcome was kept (see the setting `record_deliveries`) is not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from msgspec import Struct

from localloop.core import errors
from localloop.products.voice.calls import Calls
from localloop.rest.request import Binding, Items, PageRequest, Request
from localloop.store import Database

_OLDEST_FIRST: Final = """
select id, method, url, detail, duration_ms from deliveries
where account_sid = $1 and resource_sid = $2 and detail is not null and ($3::uuid is null or id > $3)
order by id limit $4
"""
_BACK: Final = """
select id, method, url, detail, duration_ms from deliveries
where account_sid = $1 and resource_sid = $2 and detail is not null and id < $3 order by id desc limit $4
"""


class Events(Struct, frozen=True):
    database: Database
    calls: Calls

    async def page(self, request: Request) -> Items:
        """In the order in which they happened."""
        call_sid = request.ids["CallSid"]
        if not await self.calls.exists(request.account_sid, call_sid):
            raise errors.not_found(request.address)
        asked = request.page or PageRequest()
        is_backward = asked.before is not None
        edge = _id(asked.before if is_backward else asked.after)
        sql = _BACK if is_backward else _OLDEST_FIRST
        rows = await self.database.fetch(sql, request.account_sid, call_sid, edge, asked.size + 1)
        is_cut = len(rows) > asked.size
        kept = list(rows[: asked.size])[::-1] if is_backward else list(rows[: asked.size])
        return Items(
            items=[_shown(row) for row in kept],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else asked.after is not None,
            first_cursor=str(kept[0]["id"]) if kept else None,
            last_cursor=str(kept[-1]["id"]) if kept else None,
        )


def _id(cursor: str | None) -> UUID | None:
    try:
        return UUID(cursor) if cursor is not None else None
    except ValueError:
        raise errors.invalid_page_token() from None


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    detail: Mapping[str, Any] = row["detail"]
    request, response = detail.get("request") or {}, detail.get("response")
    url = str(request.get("url") or row["url"])
    form = urlsplit(url).query if row["method"] == "GET" else str(request.get("body") or "")
    parameters = {name: values[-1] for name, values in parse_qs(form, keep_blank_values=True).items()}
    return {
        "request": {"method": row["method"], "url": url, "parameters": parameters},
        "response": _answered(response, row["duration_ms"]) if response else {},
    }


def _answered(response: Mapping[str, Any], duration_ms: int | None) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in response.get("headers") or ()}
    return {
        "response_code": response.get("status"),
        "response_body": response.get("body"),
        "content_type": headers.get("content-type"),
        "request_duration": duration_ms,
    }


def binding(database: Database, calls: Calls) -> Binding:
    return Binding(resource="api.v2010.CallEvent", operations={"ListCallEvent": Events(database, calls).page})
