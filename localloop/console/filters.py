"""From the terms of a search to conditions in SQL. Values travel as parameters, never in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from localloop.console.search import SearchError, Term, moment, parse
from localloop.core import sids

MESSAGE_TERMS: Final = {
    "to": "a number, or how it begins",
    "from": "a number, or how it begins",
    "status": "queued, sent, delivered, undelivered, failed, received …; several with commas",
    "direction": "inbound, outbound, outbound-api or outbound-reply",
    "since": "30m, 1h, 2d, a date or a moment",
    "until": "30m, 1h, 2d, a date or a moment",
    "body": "some of the text",
    "sid": "a message's SID, or how it begins",
    "error": "an error code, any or none",
    "account": "the SID of a subaccount",
}
CALL_TERMS: Final = {
    "to": "a number, or how it begins",
    "from": "a number, or how it begins",
    "status": "queued, ringing, in-progress, completed, busy, failed, no-answer or canceled; several with commas",
    "direction": "inbound, outbound, outbound-api or outbound-dial",
    "since": "30m, 1h, 2d, a date or a moment",
    "until": "30m, 1h, 2d, a date or a moment",
    "sid": "a call's SID, or how it begins",
    "parent": "the SID of the call that dialled it",
    "account": "the SID of a subaccount",
}
DELIVERY_TERMS: Final = {
    "url": "some of the address",
    "status": "failed, ok, a status code like 500, or 5xx",
    "kind": "notification or instruction",
    "resource": "the SID of the message or call that it is about",
    "error": "an error code, any or none",
    "since": "30m, 1h, 2d, a date or a moment",
    "until": "30m, 1h, 2d, a date or a moment",
}
_STATUSES: Final = frozenset(
    "accepted scheduled queued sending sent delivered undelivered failed read canceled receiving received".split()
)
_DIRECTIONS: Final = frozenset({"inbound", "outbound", "outbound-api", "outbound-reply", "outbound-call"})
_CALL_STATUSES: Final = frozenset(
    "queued initiated ringing in-progress completed busy failed no-answer canceled".split()
)
_CALL_DIRECTIONS: Final = frozenset({"inbound", "outbound", "outbound-api", "outbound-dial"})
_KINDS: Final = frozenset({"notification", "instruction"})
_PUNCTUATION: Final = re.compile(r"[\s().-]")
_COMPLETE: Final = re.compile(r"\+1[2-9][0-9]{9}")  # a number of North America
_PART_OF_A_SID: Final = re.compile(r"([A-Z]{2})?([0-9a-f]{0,32})", re.IGNORECASE)
_CLOCKS_APART: Final = timedelta(minutes=5)  # two machines may be
_FIRST_VALUE: Final = 3  # $1 is the account, $2 the limit
_OK: Final = "coalesce({alias}.status_code between 200 and 299, false)"


class Conditions:
    """Clauses on one table, by its alias, and the values of their parameters."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.values: list[Any] = []
        self.clauses: list[str] = []
        self.account_clauses: list[str] = []

    def value(self, value: Any) -> str:
        """The parameter that stands for a value."""
        self.values.append(value)
        return f"${_FIRST_VALUE + len(self.values) - 1}"

    def add(self, clause: str) -> None:
        self.clauses.append(clause)

    def contains(self, column: str, text: str) -> str:
        pattern = re.sub(r"([\\%_])", r"\\\1", text)
        return f"{self.alias}.{column} ilike {self.value(f'%{pattern}%')}"

    def one_of(self, column: str, values: Sequence[str]) -> str:
        return f"{self.alias}.{column} = any ({self.value(list(values))}::text[])"


Narrow = Callable[[Conditions, Term], None]


def of_messages(text: str, now: datetime) -> Conditions:
    """Raises SearchError."""
    return _conditions("m", text, MESSAGE_TERMS, {**_MESSAGE, **_times(now)})


def of_calls(text: str, now: datetime) -> Conditions:
    """Raises SearchError."""
    return _conditions("c", text, CALL_TERMS, {**_CALL, **_times(now)})


def of_deliveries(text: str, now: datetime) -> Conditions:
    """Raises SearchError."""
    return _conditions("d", text, DELIVERY_TERMS, {**_DELIVERY, **_times(now)})


def _conditions(
    alias: str, text: str, known: Mapping[str, str], narrowing: Mapping[str, Narrow]
) -> Conditions:
    conditions = Conditions(alias)
    for term in parse(text, known):
        narrowing[term.name](conditions, term)
    return conditions


def _times(now: datetime) -> dict[str, Narrow]:
    def since(conditions: Conditions, term: Term) -> None:
        conditions.add(f"{conditions.alias}.date_created >= {conditions.value(moment(term, now))}")

    def until(conditions: Conditions, term: Term) -> None:
        conditions.add(f"{conditions.alias}.date_created < {conditions.value(moment(term, now))}")

    return {"since": since, "until": until}


def _choice(term: Term, allowed: frozenset[str]) -> tuple[str, ...]:
    values = tuple(value.lower() for value in term.values)
    for value in values or ("",):
        if value not in allowed:
            raise SearchError(term.position, f"{term.name}: is one of {', '.join(sorted(allowed))}.")
    return values


# Messages --------------------------------------------------------------------------------------------------------


def _address(column: str) -> Narrow:
    return lambda conditions, term: conditions.add(_is_address(conditions, column, term.value))


def _is_address(conditions: Conditions, column: str, value: str) -> str:
    """How a number begins (`+1555`, also behind `whatsapp:`), else any part of an address."""
    text, column = _PUNCTUATION.sub("", value) or value, f"{conditions.alias}.{column}"
    if _COMPLETE.fullmatch(text):  # nothing goes on behind it, so an index finds it
        return f"{column} = any ({conditions.value([text, f'whatsapp:{text}'])}::text[])"
    if text.startswith("+"):
        among = f"strpos({column}, {conditions.value(f':{text}')}) > 0"
        return f"(starts_with({column}, {conditions.value(text)}) or {among})"
    if not any(character.isalpha() for character in text):
        return f"strpos({column}, {conditions.value(text)}) > 0"
    return conditions.contains(column.partition(".")[2], text)


def _status(conditions: Conditions, term: Term) -> None:
    conditions.add(conditions.one_of("status", _choice(term, _STATUSES)))


def _direction(conditions: Conditions, term: Term) -> None:
    _begins(conditions, _choice(term, _DIRECTIONS))


def _begins(conditions: Conditions, directions: Sequence[str]) -> None:
    prefixes = [f"{value}%" for value in directions]
    conditions.add(f"{conditions.alias}.direction like any ({conditions.value(prefixes)}::text[])")


def _body(conditions: Conditions, term: Term) -> None:
    conditions.add(conditions.contains("body", term.value))


def _error(conditions: Conditions, term: Term) -> None:
    column = f"{conditions.alias}.error_code"
    if term.value.lower() in ("any", "none"):
        conditions.add(f"{column} is {'not ' if term.value.lower() == 'any' else ''}null")
        return
    if not all(value.isascii() and value.isdigit() and len(value) < 7 for value in term.values):
        raise SearchError(term.position, "error: wants a code like 30003, any or none.")
    conditions.add(f"{column} = any ({conditions.value([int(value) for value in term.values])}::integer[])")


def _sid(conditions: Conditions, term: Term) -> None:
    lowest, highest = _span(term)
    conditions.add(
        f"{conditions.alias}.id between {conditions.value(lowest)} and {conditions.value(highest)}"
    )


def _span(term: Term) -> tuple[UUID, UUID]:
    """The ids that begin like this SID."""
    part = _PART_OF_A_SID.fullmatch(term.value)
    if part is None:
        raise SearchError(term.position, f"{term.name}: wants a SID, or how it begins.")
    return UUID(hex=part[2].ljust(32, "0")), UUID(hex=part[2].ljust(32, "f"))


def _account(conditions: Conditions, term: Term) -> None:
    if not sids.is_sid(term.value, "AC"):
        raise SearchError(term.position, "account: wants the SID of an account, AC and 32 hex digits.")
    conditions.account_clauses.append(f"a.sid = {conditions.value(term.value)}")


def _message_word(conditions: Conditions, term: Term) -> None:
    if sids.is_sid(term.value):
        return _sid(conditions, term)
    found = [conditions.contains("body", term.value), _is_address(conditions, "from_address", term.value)]
    if any(character.isdigit() for character in term.value):  # a recipient always has some
        found.append(_is_address(conditions, "to_address", term.value))
    return conditions.add(f"({' or '.join(found)})")


_MESSAGE: Final[Mapping[str, Narrow]] = {
    "to": _address("to_address"),
    "from": _address("from_address"),
    "status": _status,
    "direction": _direction,
    "body": _body,
    "sid": _sid,
    "error": _error,
    "account": _account,
    "": _message_word,
}


# Calls -----------------------------------------------------------------------------------------------------------


def _call_status(conditions: Conditions, term: Term) -> None:
    """What is shown as queued may have left the queue already."""
    chosen = _choice(term, _CALL_STATUSES)
    conditions.add(
        conditions.one_of("status", [*chosen, "initiated"] if "queued" in chosen else list(chosen))
    )


def _call_direction(conditions: Conditions, term: Term) -> None:
    _begins(conditions, _choice(term, _CALL_DIRECTIONS))


def _parent(conditions: Conditions, term: Term) -> None:
    if not sids.is_sid(term.value, "CA"):
        raise SearchError(term.position, "parent: wants the SID of a call, CA and 32 hex digits.")
    conditions.add(f"{conditions.alias}.parent_id = {conditions.value(sids.uuid_of(term.value))}")


def _call_word(conditions: Conditions, term: Term) -> None:
    if sids.is_sid(term.value):
        return _sid(conditions, term)
    found = [_is_address(conditions, column, term.value) for column in ("from_address", "to_address")]
    return conditions.add(f"({' or '.join(found)})")


_CALL: Final[Mapping[str, Narrow]] = {
    "to": _address("to_address"),
    "from": _address("from_address"),
    "status": _call_status,
    "direction": _call_direction,
    "sid": _sid,
    "parent": _parent,
    "account": _account,
    "": _call_word,
}


# Deliveries ------------------------------------------------------------------------------------------------------


def _url(conditions: Conditions, term: Term) -> None:
    conditions.add(conditions.contains("url", term.value))


def _outcome(conditions: Conditions, term: Term) -> None:
    found = [_is_outcome(conditions, term, value.lower()) for value in term.values]
    conditions.add(f"({' or '.join(found) or 'false'})")


def _is_outcome(conditions: Conditions, term: Term, value: str) -> str:
    ok = _OK.format(alias=conditions.alias)
    if value in ("ok", "failed"):
        return ok if value == "ok" else f"not {ok}"
    if re.fullmatch(r"[1-5]xx", value):
        first = int(value[0]) * 100
        return f"{conditions.alias}.status_code between {first} and {first + 99}"
    if re.fullmatch(r"[1-5][0-9][0-9]", value):
        return f"{conditions.alias}.status_code = {conditions.value(int(value))}"
    raise SearchError(term.position, "status: wants failed, ok, a status code like 500, or 5xx.")


def _kind(conditions: Conditions, term: Term) -> None:
    conditions.add(conditions.one_of("kind", _choice(term, _KINDS)))


def _resource(conditions: Conditions, term: Term) -> None:
    column = f"{conditions.alias}.resource_sid"
    if not sids.is_sid(term.value):
        return conditions.add(f"starts_with({column}, {conditions.value(term.value)})")
    conditions.add(f"{column} = {conditions.value(term.value)}")
    if (
        sids.uuid_of(term.value).version == 7
    ):  # it was made before anybody was told of it: a look back to then will do
        made = sids.bound(sids.at(term.value) - _CLOCKS_APART)
        conditions.add(f"{conditions.alias}.id >= {conditions.value(made)}")
    return None


def _delivery_word(conditions: Conditions, term: Term) -> None:
    if sids.is_sid(term.value, "WH"):
        return _sid(conditions, term)
    found = [conditions.contains(column, term.value) for column in ("url", "error", "resource_sid")]
    return conditions.add(f"({' or '.join(found)})")


_DELIVERY: Final[Mapping[str, Narrow]] = {
    "url": _url,
    "status": _outcome,
    "kind": _kind,
    "resource": _resource,
    "error": _error,
    "": _delivery_word,
}
