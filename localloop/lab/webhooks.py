"""Webhooks over the lab's REST surface: an account's settings, its deliveries, and replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from localloop.core import errors, sids
from localloop.core.errors import ApiError
from localloop.rest.request import Binding, Item, Items, PageRequest, Request
from localloop.store import Database, Unit
from localloop.webhooks import Webhooks, history, preferences, replay
from localloop.webhooks.history import Filters, Part
from localloop.webhooks.replay import NotKept, Span

PREFIX: Final = "WH"
NOT_KEPT: Final = 20409  # our own code
_URL_LENGTH: Final = 4_000
_IN_WORLD: Final = "select sid from accounts where sid = $1 or owner_account_sid = $1"


class Hooks(Struct, frozen=True):
    database: Database
    webhooks: Webhooks


def bindings(hooks: Hooks) -> tuple[Binding, ...]:
    return (
        Binding(
            resource="lab.v1.WebhookSettings",
            operations={
                "FetchWebhookSettings": partial(fetch_settings, hooks),
                "UpdateWebhookSettings": partial(choose, hooks),
            },
        ),
        Binding(
            resource="lab.v1.Delivery",
            operations={
                "ListDelivery": partial(list_deliveries, hooks),
                "FetchDelivery": partial(fetch, hooks),
            },
        ),
        Binding(
            resource="lab.v1.DeliveryReplay",
            operations={"CreateDeliveryReplay": partial(create_replay, hooks)},
        ),
    )


async def fetch_settings(hooks: Hooks, request: Request) -> Item:
    """What holds for the account: its own choice, its main account's, or the default."""
    held = await hooks.webhooks.preferences(request.account_sid, request.world_sid)
    return Item(
        fields={
            "account_sid": request.account_sid,
            "retries": held.retries,
            "record": held.record,
            "debugger_url": held.debugger_url,
            "debugger_method": held.debugger_method,
        }
    )


async def choose(hooks: Hooks, request: Request) -> Item:
    """Keep a choice; "" gives it back. The debugger's address is the main account's."""
    params = request.params
    if "DebuggerUrl" in params and request.account_sid != request.world_sid:
        raise errors.invalid_parameter("DebuggerUrl", "The main account's serves its subaccounts, too.")
    url = params.get("DebuggerUrl")
    if url and (not url.lower().startswith(("http://", "https://")) or len(url) > _URL_LENGTH):
        raise errors.invalid_parameter("DebuggerUrl", "It is an absolute URL.")
    wish = preferences.Wish(
        retries=params.get("Retries"),
        record=params.get("Record"),
        debugger_url=url,
        debugger_method=params.get("DebuggerMethod"),
    )
    async with hooks.database.unit() as unit:
        await preferences.change(unit, request.account_sid, wish, request.now)
        unit.after_commit(hooks.webhooks.forget_preferences)
    return await fetch_settings(hooks, request)


async def list_deliveries(hooks: Hooks, request: Request) -> Items:
    """Newest first, of the account and its subaccounts."""
    asked = request.page or PageRequest()
    part = Part(after=_cursor(asked.after), before=_cursor(asked.before), limit=asked.size + 1)
    params = request.params
    status = params.get("Status")
    filters = Filters(
        url=params.get("Url"),
        failed=None if status is None else status == "failed",
        kind=params.get("Kind"),
        resource_sid=params.get("ResourceSid"),
        replay_of=_delivery_id(params["ReplayOf"], "ReplayOf") if "ReplayOf" in params else None,
        since=params.get("Since"),
        until=params.get("Until"),
    )
    found = await history.page(hooks.database, await _accounts(hooks, request), filters, part)
    is_backward = part.before is not None and part.after is None
    is_cut = len(found) > asked.size
    kept = found if not is_cut else found[1:] if is_backward else found[:-1]
    return Items(
        items=[_compact(row) for row in kept],
        more=is_backward or is_cut,
        earlier=is_cut if is_backward else part.after is not None,
    )


async def fetch(hooks: Hooks, request: Request) -> Item:
    """One delivery, what was kept of it, all attempts at the same webhook, and the alerts that they raised."""
    row = await _find(hooks, request, request.ids["Sid"])
    attempts = await history.attempts_of(hooks.database, row)
    alerts = await history.alerts_of(hooks.database, attempts)
    detail = row["detail"] or {}
    return Item(
        fields={
            **_compact(row),
            **{name: detail.get(name) for name in ("request", "response", "timings")},
            "attempts": [_attempt(each) for each in attempts],
            "alerts": [_alert(each) for each in alerts],
        }
    )


async def create_replay(hooks: Hooks, request: Request) -> Item:
    """One delivery by its SID, to another `Url` if one is given; without, all that failed at `Url` or in a span."""
    params = request.params
    sid = params.get("Sid")
    async with hooks.database.unit() as unit:
        if sid:
            return await _replay_one(hooks, request, unit)
        span = Span(url=params.get("Url") or None, since=params.get("Since"), until=params.get("Until"))
        done = await replay.replay_failed(unit, await _accounts(hooks, request), request.world_sid, span)
        return Item(fields={"replayed": done.replayed, "skipped": done.skipped, "more": done.more})


async def _replay_one(hooks: Hooks, request: Request, unit: Unit) -> Item:
    params = request.params
    if "Since" in params or "Until" in params:
        raise errors.invalid_parameter("Sid", "It names one delivery; Since and Until name many.")
    row = await _find(hooks, request, params["Sid"])
    try:
        queued = await replay.replay(unit, row, request.world_sid, params.get("Url") or "")
    except NotKept as reason:
        raise ApiError(
            409, NOT_KEPT, f"The delivery {params['Sid']} cannot be sent again: {reason}."
        ) from None
    return Item(
        fields={
            "replayed": 1,
            "idempotency_token": queued.idempotency_token,
            "replay_of": queued.replay_of,
        }
    )


async def _find(hooks: Hooks, request: Request, sid: str) -> history.Row:
    if not sids.is_sid(sid, PREFIX):
        raise errors.not_found(sid)
    row = await history.get(hooks.database, await _accounts(hooks, request), sids.uuid_of(sid))
    if row is None:
        raise errors.not_found(sid)
    return row


async def _accounts(hooks: Hooks, request: Request) -> Sequence[str]:
    """A main account sees its subaccounts' deliveries, too."""
    if request.account_sid != request.world_sid:
        return [request.account_sid]
    return [row["sid"] for row in await hooks.database.fetch(_IN_WORLD, request.account_sid)]


def _delivery_id(sid: str, name: str) -> UUID:
    if not sids.is_sid(sid, PREFIX):
        raise errors.invalid_parameter(name, "It is the SID of a delivery.")
    return sids.uuid_of(sid)


def _cursor(token: str | None) -> UUID | None:
    if token is None:
        return None
    if not sids.is_sid(token, PREFIX):
        raise errors.invalid_page_token()
    return sids.uuid_of(token)


def _compact(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sid": sids.from_uuid(PREFIX, row["id"]),
        "account_sid": row["account_sid"],
        "kind": row["kind"],
        "resource_sid": row["resource_sid"],
        "method": row["method"],
        "request_url": row["url"],
        "attempt": row["attempt"],
        "status_code": row["status_code"],
        "error_code": row["error_code"],
        "error": row["error"],
        "duration_ms": row["duration_ms"],
        "idempotency_token": str(row["token"]) if row["token"] else None,
        "replay_of": sids.from_uuid(PREFIX, row["replay_of"]) if row["replay_of"] else None,
        "date_created": row["date_created"],
    }


def _attempt(row: Mapping[str, Any]) -> dict[str, Any]:
    """Within another record, so dates are text."""
    compact = _compact(row)
    return {**compact, "date_created": row["date_created"].isoformat().replace("+00:00", "Z")}


def _alert(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sid": sids.from_uuid("NO", row["id"]),
        "error_code": str(row["error_code"]),
        "error_title": errors.title(row["error_code"]),
        "log_level": row["log_level"],
        "delivery_sid": sids.from_uuid(PREFIX, row["delivery_id"]),
    }
