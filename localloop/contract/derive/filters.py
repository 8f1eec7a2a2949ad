"""Which response field a list's query parameter filters, and how it compares."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from msgspec.structs import replace

from localloop.contract.derive.schemas import snake
from localloop.contract.model import Field, Param

Comparison: TypeAlias = Literal["=", "<", "<=", ">", ">="]

# `StartTime>=2009-07-06` is the parameter `StartTime>`: at or after (facts: messaging §1.8).
_SIGNS: dict[str, Comparison] = {"<": "<=", ">": ">="}
_AFTER = re.compile(r"^(\w+?)_(?:on_or_)?(?:after|from|since)$|^after_(\w+)$")
_BEFORE = re.compile(r"^(\w+?)_(?:on_or_)?(?:before|to)$|^before_(\w+)$")
_RANGE_STARTS = frozenset({"start_date", "start_time", "start_date_time", "start"})
_RANGE_ENDS = frozenset({"end_date", "end_time", "end_date_time", "end"})
_MOMENTS = ("date_created", "timestamp", "date_generated", "event_date", "start_time", "created_at", "date")


def with_filter(param: Param, fields: dict[str, Field]) -> Param:
    """The parameter with the field that it filters, when there is one."""
    if param.location != "query":
        return param
    found = _filtered(param.name, fields)
    if found is None:
        return param
    return replace(param, field=found[0], comparison=found[1], format=_format(param, fields[found[0]]))


def _format(param: Param, field: Field) -> str | None:
    """Some documents leave out that a bound of a record's own dates is a date. (Of others they may mean it: Insights
    takes `4h`.)
    """
    is_untold = param.format is None and param.type == "string" and not param.enum
    return "date-time" if is_untold and field.name in ("date_created", "date_updated") else param.format


def _filtered(name: str, fields: dict[str, Field]) -> tuple[str, Comparison] | None:
    plain = snake(name.rstrip("<>"))
    for candidate in (plain, f"{plain}_sid", plain.removesuffix("_date")):
        if candidate in fields:
            return candidate, _SIGNS.get(name[-1], "=")
    after, before = _AFTER.match(plain), _BEFORE.match(plain)
    found = after or before
    if found:
        comparison: Comparison = ">=" if after else "<="
        for candidate in _moments(found.group(1) or found.group(2)):
            if candidate in fields:
                return candidate, comparison
    return _range(plain, fields)


def _moments(stem: str) -> tuple[str, ...]:
    """Names of the moment that `CreatedAfter` or `AfterStartTime` speaks of."""
    created = ("date_created", "create_time") if stem == "created" else ()
    return (stem, f"date_{stem}", f"{stem}_at", f"{stem}_date", f"{stem}_time", f"media_{stem}", *created)


def _range(plain: str, fields: dict[str, Field]) -> tuple[str, Comparison] | None:
    """`StartDate`/`EndDate` without fields of that name: the moment that the records have."""
    comparison: Comparison = ">=" if plain in _RANGE_STARTS else "<="
    if plain not in _RANGE_STARTS and plain not in _RANGE_ENDS:
        return None
    moment = next((name for name in _MOMENTS if name in fields), None)
    return (moment, comparison) if moment else None
