"""`Usage/Records`: what was used, by category, over all time or a span, by day, month or year.

A main account's records have those of its subaccounts in them, unless it says otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date
from decimal import Decimal
from functools import partial
from typing import Any, Final

from msgspec import Struct

from localloop.core import errors
from localloop.products.usage.record import period
from localloop.products.usage.record.category import CATEGORIES, TOTAL, lineage
from localloop.products.usage.record.source import Days, Source
from localloop.products.usage.record.sums import Sum, with_subaccounts
from localloop.rest.request import Binding, Items, PageRequest, Request
from localloop.store import Database

_CREATED: Final = "select date_created from accounts where sid = $1"
_VIEWS: Final = {
    "all_time": "AllTime",
    "daily": "Daily",
    "last_month": "LastMonth",
    "monthly": "Monthly",
    "this_month": "ThisMonth",
    "today": "Today",
    "yearly": "Yearly",
    "yesterday": "Yesterday",
}
# Resource → the span that it has when nobody says which, and how that is divided.
_SPANS: Final[Mapping[str, Callable[[date], Days]]] = {
    "LastMonth": period.last_month,
    "ThisMonth": period.this_month,
    "Today": period.today,
    "Yesterday": period.yesterday,
}
_PERIODS: Final[Mapping[str, Callable[[date], Days]]] = {
    "Daily": period.daily,
    "Monthly": period.monthly,
    "Yearly": period.yearly,
}
_MOST: Final = 100_000  # rows of an answer, over all its pages


class Records(Struct, frozen=True):
    database: Database
    sources: Sequence[Source]

    async def page(self, name: str, request: Request) -> Items:
        """Newest first, and by category."""
        params, today = request.params, request.now.astimezone(UTC).date()
        categories = _categories(params.get("Category"))
        whole = await self._span(name, request, today)
        periods = period.each(_PERIODS[name], whole) if name in _PERIODS else [whole]
        if len(periods) * len(categories) > _MOST:
            raise errors.invalid_parameter("StartDate", "The span is too long.")
        sums = await self._sums(request, whole, periods)
        rows = [(days, category) for days in periods for category in categories]
        page = request.page or PageRequest()
        begin = int(page.after) + 1 if page.after is not None and page.after.isdecimal() else 0
        cut = rows[begin : begin + page.size]
        shown = [_shown(request, *row, sums.get(row, Sum())) for row in cut]
        end = begin + len(cut) - 1
        return Items(
            items=shown,
            more=end + 1 < len(rows),
            earlier=begin > 0,
            first_cursor=str(begin),
            last_cursor=str(end),
        )

    async def _span(self, name: str, request: Request, today: date) -> Days:
        params = request.params
        first = period.day_of(params.get("StartDate"), "StartDate", today)
        last = period.day_of(params.get("EndDate"), "EndDate", today)
        if name in _SPANS:
            return _SPANS[name](today)
        if first is None:
            created = await self.database.fetchval(_CREATED, request.account_sid)
            first = min(created.astimezone(UTC).date() if created else today, last or today)
        whole = Days(first, max(first, today) if last is None else last)
        if whole.last is not None and first > whole.last:
            raise errors.invalid_parameter("EndDate", "It is before StartDate.")
        return whole

    async def _sums(
        self, request: Request, whole: Days, periods: Sequence[Days]
    ) -> Mapping[tuple[Days, str], Sum]:
        accounts = [request.account_sid]
        if request.params.get("IncludeSubaccounts", True):
            accounts = await with_subaccounts(self.database, request.account_sid)
        sums: defaultdict[tuple[Days, str], Sum] = defaultdict(Sum)
        for source in self.sources:
            for used in await source(self.database, accounts, whole):
                days = _period_of(used.day, periods)
                for category in lineage(used.category) if days is not None else ():
                    sums[days, category].add(used.count, used.amount, used.price)  # type: ignore[index]
        return sums


def bindings(database: Database, sources: Sequence[Source]) -> tuple[Binding, ...]:
    records = Records(database, sources)
    return tuple(
        Binding(
            resource=f"api.v2010.UsageRecord{name}",
            operations={f"ListUsageRecord{name}": partial(records.page, name)},
        )
        for name in ("", *_VIEWS.values())
    )


def _categories(asked: str | None) -> Sequence[str]:
    """Those that a list is about: none where nothing is counted under the one that was asked for."""
    if not asked:
        return tuple(CATEGORIES)
    return (asked,) if asked in CATEGORIES else ()


def _period_of(day: date, periods: Sequence[Days]) -> Days | None:
    """Periods are newest first."""
    return next((days for days in periods if days.first is None or days.first <= day), None)


def _shown(request: Request, days: Days, category: str, total: Sum) -> dict[str, Any]:
    known = CATEGORIES[category]
    is_total = category == TOTAL
    base = f"/2010-04-01/Accounts/{request.account_sid}/Usage/Records"
    span = f"StartDate={days.first}&EndDate={days.last}"
    return {
        "account_sid": request.account_sid,
        "as_of": request.now.astimezone(UTC).replace(microsecond=0).isoformat(),
        "category": category,
        "count": "" if is_total else str(total.count),
        "count_unit": known.unit,
        "description": known.description,
        "start_date": days.first,
        "end_date": days.last,
        "price": _text(total.price),
        "price_unit": "usd",
        "usage": _text(total.price) if is_total else str(total.amount),
        "usage_unit": "usd" if is_total else known.usage_unit or known.unit,
        "uri": f"{request.address}?Category={category}&{span}",
        "subresource_uris": {
            name: f"{base}/{view}.json?Category={category}" for name, view in _VIEWS.items()
        },
    }


def _text(amount: Decimal) -> str:
    return format(amount.normalize(), "f") if amount else "0"
