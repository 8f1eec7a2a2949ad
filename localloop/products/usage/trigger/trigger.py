"""A usage trigger as a value: what is to be reached, in which span, and what is told when it is. Pure.

Source: Twilio's UsageTrigger resource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, Final, Literal, TypeAlias, cast

from msgspec import Struct, convert

from localloop.payloads import usage as payloads
from localloop.products.usage.record import period
from localloop.products.usage.record.source import Days
from localloop.products.usage.record.sums import Sum

Recurring: TypeAlias = Literal["daily", "monthly", "yearly", "alltime"]
By: TypeAlias = Literal["count", "usage", "price"]

_VALUE: Final = re.compile(r"\+?[0-9]{1,15}(\.[0-9]{1,6})?")
_PLACES: Final = Decimal("0.000001")
_VIEWS: Final[Mapping[str | None, str]] = {
    None: "",
    "daily": "/Daily",
    "monthly": "/Monthly",
    "yearly": "/Yearly",
    "alltime": "/AllTime",
}
_SPANS: Final = {"daily": period.daily, "monthly": period.monthly, "yearly": period.yearly}
# On a 5xx Twilio tries three times more, quickly: the overrides of connections say so.
_INSISTS: Final = "#rc=3&rp=5xx,ct"


class Trigger(Struct, frozen=True, kw_only=True):
    """One record, by the names of its fields."""

    sid: str
    account_sid: str
    callback_url: str
    callback_method: Literal["GET", "POST"] = "POST"
    usage_category: str
    trigger_by: By = "usage"
    trigger_value: str
    recurring: Recurring | None = None
    usage_record_uri: str | None = None
    date_fired: datetime | None = None

    def span(self, today: date) -> Days:
        """The days that it counts."""
        of = _SPANS.get(self.recurring or "")
        return of(today) if of is not None else Days()

    def may_fire(self, today: date) -> bool:
        """Once in its span: for good where it does not recur."""
        if self.date_fired is None:
            return True
        span = self.span(today)
        return span.first is not None and self.date_fired.date() < span.first

    @property
    def is_spent(self) -> bool:
        """It never fires again."""
        return self.date_fired is not None and self.recurring not in _SPANS

    def reached(self, total: Sum) -> Decimal | None:
        """How much was used, if that is enough."""
        current = value_of(total, self.trigger_by)
        return current if current >= Decimal(self.trigger_value) else None

    @property
    def address(self) -> str:
        return self.callback_url if "#" in self.callback_url else f"{self.callback_url}{_INSISTS}"

    def told(self, current: Decimal, at: datetime) -> dict[str, str]:
        return payloads.TriggerFired(
            account_sid=self.account_sid,
            usage_trigger_sid=self.sid,
            date_fired=format_datetime(at),
            recurring=cast(Any, self.recurring or ""),
            usage_category=self.usage_category,
            trigger_by=self.trigger_by,
            trigger_value=self.trigger_value,
            current_value=text_of(current),
            usage_record_uri=self.usage_record_uri or "",
            idempotency_token=f"{self.account_sid}-FIRES-{self.sid}-{at:%Y-%m-%d}",
        ).params()


def trigger_of(account_sid: str, sid: str, data: Mapping[str, Any]) -> Trigger:
    return convert({**data, "account_sid": account_sid, "sid": sid}, Trigger)


def value_of(total: Sum, by: By) -> Decimal:
    return {"count": Decimal(total.count), "usage": Decimal(total.amount), "price": total.price}[by]


def wanted_value(written: str, current: Decimal) -> Decimal | None:
    """What is to be reached; with `+` it is so much more than now. None of what is no amount."""
    if not _VALUE.fullmatch(written):
        return None
    amount = Decimal(written.removeprefix("+"))
    wanted = amount + current if written.startswith("+") else amount
    return wanted.quantize(_PLACES) if amount > 0 else None


def friendly_name(category: str, by: By, written: str) -> str:
    """As Twilio names one: `Trigger for sms at usage of 1000`."""
    return f"Trigger for {category} at {by} of {written}"


def record_uri(account_sid: str, category: str, recurring: str | None) -> str:
    return f"/2010-04-01/Accounts/{account_sid}/Usage/Records{_VIEWS[recurring]}.json?Category={category}"


def text_of(amount: Decimal) -> str:
    return format(amount.normalize(), "f") if amount else "0"
