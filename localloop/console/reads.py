"""The page's reads: lists with search and keyset paging, details, phones. Each answers plain data for one session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from localloop.console import filters, queries, shapes
from localloop.console.curl import curl_of, curl_of_request
from localloop.console.queries import Row, Scope
from localloop.console.queries_calls import calls_by_id
from localloop.console.reading import MAX_LIMIT, id_of, listed, searched, slice_of
from localloop.console.shapes import Json
from localloop.console.timeline import Told, timeline
from localloop.core import clock, e164, errors, sids
from localloop.store import Database
from localloop.webhooks import history
from localloop.webhooks.replay import NotKept, notification_of

_REDACTED_WITHIN: Final = timedelta(
    minutes=2
)  # how long after a message its attempts are looked for by their time
_LATELY: Final = timedelta(hours=1)


class Reads:
    def __init__(self, database: Database) -> None:
        self._database = database

    # Messages

    async def messages(self, scope: Scope, params: Mapping[str, str]) -> Json:
        conditions = searched(filters.of_messages, filters.MESSAGE_TERMS, scope, params)
        part = slice_of(params)
        rows = await queries.messages(self._database, scope, conditions, part)
        return listed("messages", rows, part, shapes.message)

    async def message(self, scope: Scope, sid: str) -> Json:
        row = await queries.message(self._database, scope, id_of(sid, "SM", "MM"))
        if row is None:
            raise errors.not_found(sid)
        media = await queries.media(self._database, row["account_sid"], [row["id"]])
        until = sids.bound(sids.at(sid) + _REDACTED_WITHIN) if row["id"].version == 7 else row["id"]
        calls = await queries.deliveries_of(self._database, row["account_sid"], sid, until)
        return {
            "message": shapes.message(row),
            "media": [
                {
                    "sid": sids.from_uuid("ME", item["id"]),
                    "content_type": item["content_type"],
                    "url": item["url"],
                }
                for item in media
            ],
            "timeline": timeline(
                row,
                Told(
                    await queries.copy_of(self._database, scope, row),
                    calls,
                    await queries.requests_of(self._database, scope, sid),
                    await queries.faults_of(self._database, scope, sid),
                ),
            ),
        }

    # Deliveries

    async def deliveries(self, scope: Scope, params: Mapping[str, str]) -> Json:
        conditions = searched(filters.of_deliveries, filters.DELIVERY_TERMS, scope, params)
        part = slice_of(params)
        rows = await queries.deliveries(self._database, scope, conditions, part)
        return listed("deliveries", rows, part, shapes.delivery)

    async def delivery(self, scope: Scope, sid: str) -> Json:
        row = await queries.delivery(self._database, scope, id_of(sid, "WH"))
        if row is None:
            raise errors.not_found(sid)
        detail = row["detail"] or None
        attempts = await history.attempts_of(self._database, row)
        alerts = await history.alerts_of(self._database, attempts)
        return {
            **shapes.delivery(row),
            "detail": _detail(detail),
            "curl": curl_of(row, detail),
            "attempts": [shapes.delivery(each) for each in attempts],
            "alerts": [shapes.alert(each) for each in alerts],
            "unrepeatable": _unrepeatable(row),
        }

    # Requests

    async def requests(self, scope: Scope, params: Mapping[str, str]) -> Json:
        """Those that were refused, and how many of the last hour are not on record."""
        part = slice_of(params)
        rows = await queries.refused(self._database, scope, part)
        lately = sids.bound(clock.now() - _LATELY)
        unrecorded = await queries.unrecorded(self._database, scope, lately)
        return {**listed("requests", rows, part, shapes.request), "unrecorded": unrecorded}

    async def request(self, scope: Scope, sid: str) -> Json:
        row = await queries.request(self._database, scope, id_of(sid, "RQ"))
        if row is None:
            raise errors.not_found(sid)
        code = row["error_code"]
        return {
            **shapes.request(row),
            "more_info": f"{errors.MORE_INFO}{code}" if code else None,
            "detail": _detail(row["detail"]),
            "curl": curl_of_request(row["detail"]),
        }

    # Phones

    async def phones(self, scope: Scope, params: Mapping[str, str]) -> Json:
        part = slice_of(params)
        rows = await queries.phones(self._database, scope, part)
        shown = rows[: part.limit]
        last = await self._last(scope, shown)
        called = await self._called(scope, shown)
        listed = [
            {**_phone(row), "last": last.get(row["number"]), "last_call": called.get(row["number"])}
            for row in shown
        ]
        more = len(rows) > part.limit
        if not more and scope.account_sid == scope.world_sid:
            silent = await queries.silent_phones(self._database, scope, MAX_LIMIT)
            known = {phone["number"] for phone in listed}
            listed += [
                {**_phone(row), "last": None, "last_call": None}
                for row in silent
                if row["number"] not in known
            ]
        return {"phones": listed, "before": sids.from_uuid("PM", shown[-1]["id"]) if more else None}

    async def _last(self, scope: Scope, rows: list[Row]) -> dict[str, Json]:
        """The latest text of each phone whose latest activity is one, by its number."""
        on_phones = [(row["number"], row["id"]) for row in rows if row["kind"] == "text"]
        elsewhere = [row["id"] for row in rows if row["kind"] == "missed"]
        found = await queries.texts_by_id(self._database, scope, on_phones) if on_phones else []
        last = {row["number"]: shapes.phone_message(row) for row in found}
        for row in await queries.messages_by_id(self._database, scope, elsewhere) if elsewhere else []:
            last[row["to_address"]] = shapes.missed(row)
        return last

    async def _called(self, scope: Scope, rows: list[Row]) -> dict[str, Json]:
        """The same of calls."""
        ids = [row["id"] for row in rows if row["kind"] == "call"]
        found = map(shapes.call, await calls_by_id(self._database, scope, ids))
        return {call["phone"]: call for call in found}

    async def phone(self, scope: Scope, number: str, params: Mapping[str, str]) -> Json:
        parsed = e164.parse(number)
        if parsed is None or not parsed.is_possible:
            raise errors.invalid_to(number)
        part = slice_of(params)
        phone = await queries.phone(self._database, scope, parsed.e164)
        texts = await queries.texts(self._database, scope, parsed.e164, part)
        # What did not arrive is looked for between the same moments, so that the look is as short as the page.
        oldest = texts[part.limit]["id"] if len(texts) > part.limit else None
        missed = await queries.missed(
            self._database, scope, parsed.e164, (oldest, part.before), part.limit + 1
        )
        urls = await self._urls(missed)
        merged = [(row["id"], shapes.phone_message(row)) for row in texts]
        merged += [(row["id"], shapes.missed(row, urls.get(row["id"]))) for row in missed]
        merged.sort(key=lambda found: found[0], reverse=True)
        shown = [text for _, text in merged[: part.limit]]
        before = shown[-1]["sid"] if len(merged) > part.limit else None
        last = shown[0] if shown and part.before is None else None
        return {
            "phone": {**_phone(phone), "last": last, "last_call": None},
            "messages": shown,
            "before": before,
        }

    async def _urls(self, rows: list[Row]) -> Mapping[UUID, list[str]]:
        """The media of messages that did not arrive."""
        urls: dict[UUID, list[str]] = {}
        with_media = [row for row in rows if row["num_media"]]
        for account_sid in {row["account_sid"] for row in with_media}:
            ids = [row["id"] for row in with_media if row["account_sid"] == account_sid]
            for item in await queries.media(self._database, account_sid, ids):
                urls.setdefault(item["message_id"], []).append(item["url"])
        return urls


def _phone(row: Row) -> Json:
    return {
        "number": row["number"],
        "behavior": row["behavior"],
        "delay": row["delay"],
        "owned": row["owned"],
    }


def _unrepeatable(row: Row) -> str | None:
    """Why the delivery cannot be sent again; None when it can."""
    try:
        notification_of(row)
    except NotKept as reason:
        return str(reason)
    return None


def _detail(detail: Mapping[str, Any] | None) -> Json | None:
    """Headers as lists of pairs: their order and repetitions count."""
    if detail is None:
        return None
    return {
        "request": detail.get("request"),
        "response": detail.get("response"),
        "timings": detail.get("timings"),
    }
