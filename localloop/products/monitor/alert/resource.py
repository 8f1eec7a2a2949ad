"""Alerts as Monitor's API shows them. A list leaves out what the request and the response held; one alert has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from msgspec import Struct

from localloop.core import errors, sids
from localloop.products.monitor.alert import queries
from localloop.products.monitor.alert.queries import Filters, Row
from localloop.rest.request import Binding, Item, Items, PageRequest, Request
from localloop.rest.values import span_of
from localloop.store import Database

KEPT: Final = timedelta(days=30)


class Shown(Struct, frozen=True, kw_only=True):
    """The fields of one alert's answer; the house tests hold them against the contract."""

    sid: str
    account_sid: str
    alert_text: str
    date_created: datetime
    date_generated: datetime
    date_updated: datetime
    error_code: str
    log_level: str
    more_info: str
    request_headers: str | None
    request_method: str | None
    request_url: str | None
    request_variables: str | None
    resource_sid: str | None
    response_body: str | None
    response_headers: str | None
    service_sid: str | None


class Alerts(Struct, frozen=True):
    """What Monitor may be asked of alerts."""

    database: Database

    async def fetch(self, request: Request) -> Item:
        sid = request.ids["Sid"]
        row = None
        if sids.is_sid(sid, "NO"):
            since = request.now - KEPT
            row = await queries.get(self.database, request.account_sid, sids.uuid_of(sid), since)
        if row is None:
            raise errors.not_found(request.address)
        return Item(fields={**_listed(row), **_exchanged(row)})

    async def page(self, request: Request) -> Items:
        """Newest first, of thirty days at most (Twilio: "Alerts", retention); dates are inclusive."""
        asked = request.page or PageRequest()
        cursor = _cursor(asked.after), _cursor(asked.before)
        found = await queries.page(
            self.database, request.account_sid, _filters(request), cursor, asked.size + 1
        )
        is_backward = asked.before is not None and asked.after is None
        is_cut = len(found) > asked.size
        kept = found if not is_cut else found[1:] if is_backward else found[:-1]
        return Items(
            items=[_listed(row) for row in kept],
            more=is_backward or is_cut,
            earlier=is_cut if is_backward else asked.after is not None,
        )


def bindings(database: Database) -> tuple[Binding, ...]:
    alerts = Alerts(database)
    return (
        Binding(
            resource="monitor.v1.Alert",
            operations={"ListAlert": alerts.page, "FetchAlert": alerts.fetch},
            record=Shown,
        ),
    )


def _filters(request: Request) -> Filters:
    params = request.params
    since = request.now - KEPT
    start, end = params.get("StartDate"), params.get("EndDate")
    return Filters(
        since=max(since, span_of(start)[0]) if start is not None else since,
        until=span_of(end)[1] if end is not None else None,
        log_level=params.get("LogLevel") or None,
    )


def _listed(row: Row) -> dict[str, Any]:
    moment = row["date_generated"]
    return {
        "sid": sids.from_uuid("NO", row["id"]),
        "account_sid": row["account_sid"],
        "alert_text": urlencode(row["facts"]),
        "date_created": moment,
        "date_generated": moment,
        "date_updated": moment,
        "error_code": str(row["error_code"]),
        "log_level": row["log_level"],
        "more_info": f"{errors.MORE_INFO}{row['error_code']}",
        "request_method": row["request_method"],
        "request_url": row["request_url"],
        "resource_sid": row["resource_sid"],
        "service_sid": row["service_sid"],
    }


def _exchanged(row: Row) -> dict[str, Any]:
    """Names and values as a form, as Twilio shows them."""
    exchange: Mapping[str, Any] = row["exchange"] or {}
    request, response = exchange.get("request") or {}, exchange.get("response") or {}
    return {
        "request_headers": _form(request.get("headers")),
        "request_variables": _form(request.get("parameters")),
        "response_headers": _form(response.get("headers")),
        "response_body": response.get("body"),
    }


def _form(pairs: Mapping[str, Any] | None) -> str | None:
    return None if pairs is None else urlencode(pairs, doseq=True)


def _cursor(token: str | None) -> UUID | None:
    if token is None:
        return None
    if not sids.is_sid(token, "NO"):
        raise errors.invalid_page_token()
    return sids.uuid_of(token)
