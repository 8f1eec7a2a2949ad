"""What accounts used, put together: by category, and for whoever asks for one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from localloop.products.usage.record.category import lineage
from localloop.products.usage.record.source import Days, Source
from localloop.store import Executor

_SUBACCOUNTS: Final = "select sid from accounts where sid = $1 or owner_account_sid = $1"


class Sum(Struct):
    """How much of a category; `amount` in its unit of usage."""

    count: int = 0
    amount: int = 0
    price: Decimal = Decimal(0)

    def add(self, count: int, amount: int | None, price: Decimal) -> None:
        self.count += count
        self.amount += count if amount is None else amount
        self.price += price


async def with_subaccounts(reader: Executor, account_sid: str) -> list[str]:
    return [row["sid"] for row in await reader.fetch(_SUBACCOUNTS, account_sid)]


async def by_category(
    reader: Executor, sources: Sequence[Source], account_sids: Sequence[str], days: Days
) -> dict[str, Sum]:
    """Of each category that something was used of, those above it included."""
    found: dict[str, Sum] = {}
    for source in sources:
        for used in await source(reader, account_sids, days):
            for category in lineage(used.category):
                found.setdefault(category, Sum()).add(used.count, used.amount, used.price)
    return found
