"""Each filter of a list by values that a row has, and by values that it has not: what must stay, what must go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from localloop.contract.model import Param
from tests.conformance import values
from tests.conformance.walk import foreign

_DAY = timedelta(days=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\w{3}, \d\d \w{3} \d{4} ")
PAGING = frozenset({"PageSize", "Page", "PageToken", "pageSize", "pageToken"})


class Trial(Struct, frozen=True):
    """One value of a filter, and whether the row passes."""

    name: str
    value: Any
    passes: bool


def trials(param: Param, row: Mapping[str, Any]) -> Iterator[Trial]:
    """The values to try a filter with. Nothing for a field that the row leaves empty: it has no value to pass by."""
    value = field_of(row, param.field or "")
    if isinstance(value, list) and value and param.comparison == "=":
        value = value[0]
    if value is None or value == "" or isinstance(value, dict | list):
        return
    moment = _moment(value)
    if moment is not None:
        yield from _dates(param, moment)
    elif param.comparison == "=":
        yield Trial(param.name, value, True)
        yield from (Trial(param.name, other, False) for other in _others(param, value))
    elif isinstance(value, int | float):
        sign = 1 if param.comparison == "<=" else -1
        yield from (Trial(param.name, value, True), Trial(param.name, value - sign, False))


def field_of(row: Mapping[str, Any], name: str) -> Any:
    value: Any = row
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _dates(param: Param, moment: datetime) -> Iterator[Trial]:
    exact = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    day = moment.strftime("%Y-%m-%d")
    before, after = (
        (moment + step).strftime("%Y-%m-%d" if param.format == "date" else "%Y-%m-%dT%H:%M:%SZ")
        for step in (-2 * _DAY, 2 * _DAY)
    )
    yield Trial(param.name, day, True)
    if param.format != "date":
        yield Trial(param.name, exact, True)
    yield Trial(param.name, before, param.comparison == ">=")
    yield Trial(param.name, after, param.comparison == "<=")


def _others(param: Param, value: Any) -> Iterator[Any]:
    inner = param.items or param
    if isinstance(value, bool) or param.type == "boolean":
        yield "false" if str(value).lower() == "true" else "true"
    elif inner.enum:
        yield from (other for other in inner.enum[:1] + inner.enum[-1:] if other != value)
    elif isinstance(value, int | float):
        yield value + 1
    elif inner.sid:
        yield foreign(str(value)) if str(value)[:2] in inner.sid else f"{inner.sid[0]}{values.HEX}"
    elif inner.format == "iso-country-code":
        yield "AQ"
    elif inner.pattern is None and inner.format in (None, "phone-number", "endpoint", "sid"):
        yield "+15005550009" if str(value).startswith("+") else f"{value}x"


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        found = datetime.fromisoformat(value) if value[:4].isdigit() else parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
