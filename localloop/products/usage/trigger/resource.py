"""`/Usage/Triggers`: kept by the plain engine; how much was used is summed up when somebody asks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.usage.record.source import Source
from localloop.products.usage.record.sums import Sum
from localloop.products.usage.trigger import watch
from localloop.products.usage.trigger.trigger import (
    By,
    Trigger,
    friendly_name,
    record_uri,
    text_of,
    trigger_of,
    value_of,
    wanted_value,
)
from localloop.products.usage.trigger.watch import RECORD
from localloop.rest.plain import Plain
from localloop.rest.request import Binding, Item, Items, Request
from localloop.store import Database

LIMIT: Final = 1000
_COUNT: Final = "select count(*) from resources where account_sid = $1 and kind = $2"
_CATEGORY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Triggers(Struct, frozen=True):
    database: Database
    plain: Plain
    sources: Sequence[Source]

    async def create(self, request: Request) -> Item:
        """Raises 20001 for a value, a category or a number of triggers that cannot be."""
        params = request.params
        category, written = str(params["UsageCategory"]), str(params["TriggerValue"]).replace(" ", "+")
        by: By = params.get("TriggerBy") or "usage"
        recurring = params.get("Recurring") or None
        if not _CATEGORY.fullmatch(category):
            raise errors.invalid_parameter("UsageCategory", "it is no category of usage")
        if await self.database.fetchval(_COUNT, request.account_sid, RECORD) >= LIMIT:
            raise errors.invalid_parameter("UsageCategory", f"an account has at most {LIMIT} triggers")
        known: dict[str, Any] = {
            "callback_url": params["CallbackUrl"],
            "callback_method": params.get("CallbackMethod") or "POST",
            "usage_category": category,
            "trigger_by": by,
            "recurring": recurring,
            "usage_record_uri": record_uri(request.account_sid, category, recurring),
        }
        trigger = trigger_of(request.account_sid, "", {**known, "trigger_value": "0"})
        [current] = await self._current(request, [trigger])
        wanted = wanted_value(written, value_of(current, trigger.trigger_by))
        if wanted is None:
            raise errors.invalid_parameter("TriggerValue", "it is a positive number, or + and one")
        known |= {
            "trigger_value": format(wanted, "f"),
            "current_value": text_of(value_of(current, trigger.trigger_by)),
            "friendly_name": params.get("FriendlyName") or friendly_name(category, by, written),
        }
        item = await self.plain.create(request, fields=known)
        async with self.database.unit() as unit:
            await watch.plan(unit, request.account_sid, request.world_sid)
        return item

    async def fetch(self, request: Request) -> Item:
        return await self._shown(request, await self.plain.fetch(request))

    async def update(self, request: Request) -> Item:
        return await self._shown(request, await self.plain.update(request))

    async def _shown(self, request: Request, found: Item) -> Item:
        [fields] = await self._with_current(request, [found.fields])
        return Item(fields=fields, version=found.version)

    async def page(self, request: Request) -> Items:
        found = await self.plain.page(request)
        return Items(
            items=await self._with_current(request, found.items),
            more=found.more,
            earlier=found.earlier,
            first_cursor=found.first_cursor,
            last_cursor=found.last_cursor,
        )

    async def _with_current(
        self, request: Request, records: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        triggers = [trigger_of(request.account_sid, each["sid"], each) for each in records]
        used = await self._current(request, triggers)
        return [
            {
                **fields,
                "current_value": text_of(value_of(total, trigger.trigger_by)),
                "date_fired": trigger.date_fired,
            }
            for fields, trigger, total in zip(records, triggers, used, strict=True)
        ]

    async def _current(self, request: Request, triggers: Sequence[Trigger]) -> list[Sum]:
        today = request.now.astimezone(UTC).date()
        spans = [each.span(today) for each in triggers]
        used = await watch.totals(self.database, self.sources, request.account_sid, spans)
        return [
            used[days].get(each.usage_category, Sum()) for each, days in zip(triggers, spans, strict=True)
        ]


def binding(triggers: Triggers) -> Binding:
    return Binding(
        resource="api.v2010.UsageTrigger",
        operations={
            "CreateUsageTrigger": triggers.create,
            "FetchUsageTrigger": triggers.fetch,
            "ListUsageTrigger": triggers.page,
            "UpdateUsageTrigger": triggers.update,
            "DeleteUsageTrigger": triggers.plain.delete,
        },
    )
