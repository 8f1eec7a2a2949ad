"""A list's SELECT: the account's records of a kind, filtered, from a position on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import Struct

from localloop.core import sids

Comparison = Literal["=", "<", "<=", ">", ">="]
Column = Literal["date_created", "date_updated"]

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)  # dates are shown to the second


class BadCursor(ValueError):
    """A page token that names no position."""


class Filter(Struct, frozen=True):
    """What a list keeps: a field of the data (dots reach into objects) or, with `column`, a date of the record.

    With `settable` the field of the data comes before the column, where a client has set it. A date without a time
    means the whole day. A list of values means any of them.
    """

    name: str
    comparison: Comparison
    value: Any
    column: Column | None = None
    settable: bool = False
    initial: Any = None  # what a record without the field shows


class Listing(Struct, frozen=True, kw_only=True):
    """One page of one list. `after` and `before` are a row's position or SID, exclusive, in the order of the list.

    `home`: the parent is the innermost one, else any of the parents.
    """

    account_sid: str
    kind: str
    parent: str | None = None
    home: bool = True
    filters: tuple[Filter, ...] = ()
    after: str | None = None
    before: str | None = None
    limit: int = 50
    descending: bool = True


def position_of(cursor: str) -> UUID:
    """The position that a page token names. Raises BadCursor."""
    try:
        return sids.uuid_of(cursor) if sids.is_sid(cursor) else UUID(cursor)
    except ValueError:
        raise BadCursor(f"{cursor!r} is no position") from None


class Select:
    """The statement under construction; its text depends on the shape of the filters only, so it is planned once."""

    def __init__(self, listing: Listing) -> None:
        self._args: list[Any] = [listing.account_sid, listing.kind]
        self._conditions = ["account_sid = $1", "kind = $2"]
        if listing.parent is not None:
            self._under(listing.parent, listing.home)
        for wanted in listing.filters:
            self._keep(wanted)

    def beyond(self, position: UUID, ascending: bool) -> None:
        """Start after this position."""
        self._conditions.append(f"position {'>' if ascending else '<'} {self._bind(position)}")

    def statement(self, columns: str, ascending: bool, limit: int) -> tuple[str, list[Any]]:
        """The text and its arguments."""
        order = "asc" if ascending else "desc"
        sql = (
            f"select {columns} from resources where {' and '.join(self._conditions)} "
            f"order by position {order} limit {self._bind(limit)}"
        )
        return sql, self._args

    def _bind(self, value: Any) -> str:
        self._args.append(value)
        return f"${len(self._args)}"

    def _under(self, parent: str, home: bool) -> None:
        if home:
            self._conditions.append(f"parent_sid = {self._bind(parent)}")
        else:
            # The second condition is the index's own, which the planner cannot conclude from the first.
            self._conditions.append(f"parents @> array[{self._bind(parent)}::text] and parents <> '{{}}'")

    def _keep(self, wanted: Filter) -> None:
        values = wanted.value if isinstance(wanted.value, list | tuple) else [wanted.value]
        test = self._column_test if wanted.column else self._data_test
        alternatives = [test(wanted, value) for value in values] or ["false"]
        self._conditions.append(f"({' or '.join(alternatives)})")

    def _column_test(self, wanted: Filter, value: Any) -> str:
        column, comparison = str(wanted.column), wanted.comparison
        if wanted.settable:
            column = (
                f"coalesce((data #>> {self._bind(wanted.name.split('.'))}::text[])::timestamptz, {column})"
            )
        start = value if isinstance(value, datetime) else _midnight(value)
        end = start + (_SECOND if isinstance(value, datetime) else _DAY)
        if comparison == "=":
            return f"({column} >= {self._bind(start)} and {column} < {self._bind(end)})"
        if comparison in ("<", ">="):
            return f"{column} {comparison} {self._bind(start)}"
        return f"{column} {'<' if comparison == '<=' else '>='} {self._bind(end)}"

    def _data_test(self, wanted: Filter, value: Any) -> str:
        path = f"{self._bind(wanted.name.split('.'))}::text[]"
        is_day = isinstance(value, date) and not isinstance(value, datetime)
        text = f"left(data #>> {path}, 10)" if is_day else f"(data #>> {path})"
        if wanted.initial is not None:
            text = f"coalesce({text}, {self._bind(_text(wanted.initial))})"
        if wanted.comparison == "=":
            wanted_text = self._bind(_text(value))
            member = f"jsonb_typeof(data #> {path}) = 'array' and data #> {path} ? {wanted_text}"
            return f"({text} = {wanted_text} or {member})"
        if isinstance(value, int | float | Decimal):
            return (
                f"case when jsonb_typeof(data #> {path}) = 'number' then (data #>> {path})::numeric "
                f"{wanted.comparison} {self._bind(Decimal(str(value)))}::numeric else false end"
            )
        return f'{text} collate "C" {wanted.comparison} {self._bind(_text(value))}'


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _text(value: Any) -> str:
    """How the data writes this value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
