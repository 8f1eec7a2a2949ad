"""What products say of what was used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from localloop.store import Executor


class Days(Struct, frozen=True):
    """From a day to a day, both included; None is without end."""

    first: date | None = None
    last: date | None = None


class Used(Struct, frozen=True):
    """On one day (GMT, of the world), of one category that has none below it."""

    day: date
    category: str
    count: int
    price: Decimal  # what it cost, not negative
    amount: int | None = None  # in the category's unit of usage; None: as many as were counted


class Source(Protocol):
    async def __call__(self, reader: Executor, account_sids: Sequence[str], days: Days) -> Sequence[Used]:
        """What these accounts used of the product."""
        ...
