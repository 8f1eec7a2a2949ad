"""`/Notifications`, of the account and of a call: the Debugger's alerts of calls, in the older form.

Log 0 is an error, 1 a warning. A list leaves out what the request and the response held; one notification has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from msgspec import Struct

from localloop.core import errors, sids
from localloop.products.voice.calls import Calls
from localloop.rest.request import Binding, Item, Items, PageRequest, Request
from localloop.rest.windows import window
from localloop.store import Database

_COLUMNS: Final = (
    "account_sid, id, error_code, log_level, resource_sid, facts, request_method, request_url, exchange,"
    " date_generated"
)
_OF_CALLS: Final = f"select {_COLUMNS} from alerts where account_sid = $1 and starts_with(resource_sid, 'CA')"
_LEVELS: Final = {0: "error", 1: "warning"}
_API_VERSION: Final = "2008-08-01"  # as Twilio's notifications have it


class Shown(Struct, frozen=True, kw_only=True):
    """The fields of one notification's answer; the house tests hold them against the contract."""

    sid: str
    account_sid: str
    api_version: str
    call_sid: str
    error_code: str
    log: str
    message_date: datetime
    message_text: str
    more_info: str
    request_method: str | None
    request_url: str | None
    request_variables: str | None
    response_headers: str | None
    response_body: str | None
    date_created: datetime
    date_updated: datetime


class Notifications(Struct, frozen=True):
    database: Database
    calls: Calls

    async def page(self, request: Request) -> Items:
        """Newest first."""
        await self._check_call(request)
        asked = request.page or PageRequest()
        is_backward = asked.before is not None
        sql, values = _selection(request, asked, is_backward=is_backward)
        rows = list(await self.database.fetch(sql, *values))
        is_cut = len(rows) > asked.size
        kept = rows[: asked.size][::-1] if is_backward else rows[: asked.size]
        return Items(
            items=[_listed(row) for row in kept],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else asked.after is not None,
        )

    async def fetch(self, request: Request) -> Item:
        await self._check_call(request)
        sid, row = request.ids["Sid"], None
        if sids.is_sid(sid, "NO"):
            row = await self.database.fetchrow(
                f"{_OF_CALLS} and id = $2", request.account_sid, sids.uuid_of(sid)
            )
        if row is None or row["resource_sid"] != request.ids.get("CallSid", row["resource_sid"]):
            raise errors.not_found(request.address)
        return Item(fields={**_listed(row), **_exchanged(row)})

    async def _check_call(self, request: Request) -> None:
        call_sid = request.ids.get("CallSid")
        if call_sid is not None and not await self.calls.exists(request.account_sid, call_sid):
            raise errors.not_found(request.address)


def _selection(request: Request, asked: PageRequest, *, is_backward: bool) -> tuple[str, list[Any]]:
    values: list[Any] = [request.account_sid]
    clauses: list[str] = []

    def where(clause: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            clauses.append(clause.format(f"${len(values)}"))

    log = request.params.get("Log")
    start, end = window(request.params, "MessageDate")
    where("resource_sid = {}", request.ids.get("CallSid"))
    where("log_level = {}", None if log is None else _LEVELS.get(log, ""))
    where("date_generated >= {}", start)
    where("date_generated < {}", end)
    where("id < {}", _id(asked.after))
    where("id > {}", _id(asked.before))
    narrowed = " ".join(f"and {clause}" for clause in clauses)
    order = "asc" if is_backward else "desc"
    return f"{_OF_CALLS} {narrowed} order by id {order} limit {asked.size + 1:d}", values


def _id(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    if not sids.is_sid(cursor, "NO"):
        raise errors.invalid_page_token()
    return sids.uuid_of(cursor)


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    moment = row["date_generated"]
    return {
        "sid": sids.from_uuid("NO", row["id"]),
        "account_sid": row["account_sid"],
        "api_version": _API_VERSION,
        "call_sid": row["resource_sid"],
        "error_code": str(row["error_code"]),
        "log": "0" if row["log_level"] == "error" else "1",
        "message_date": moment,
        "message_text": urlencode(row["facts"]),
        "more_info": f"{errors.MORE_INFO}{row['error_code']}",
        "request_method": row["request_method"],
        "request_url": row["request_url"],
        "date_created": moment,
        "date_updated": moment,
    }


def _exchanged(row: Mapping[str, Any]) -> dict[str, Any]:
    exchange: Mapping[str, Any] = row["exchange"] or {}
    request, response = exchange.get("request") or {}, exchange.get("response") or {}
    return {
        "request_variables": _form(request.get("parameters")),
        "response_headers": _form(response.get("headers")),
        "response_body": response.get("body"),
    }


def _form(pairs: Mapping[str, Any] | None) -> str | None:
    return None if pairs is None else urlencode(pairs, doseq=True)


def binding(database: Database, calls: Calls) -> Binding:
    notifications = Notifications(database, calls)
    return Binding(
        resource="api.v2010.Notification",
        operations={
            "ListNotification": notifications.page,
            "FetchNotification": notifications.fetch,
            "ListCallNotification": notifications.page,
            "FetchCallNotification": notifications.fetch,
        },
        record=Shown,
    )
