"""What is wrong with an answer: each judge returns a line per fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from localloop.contract.model import Field, Operation, Param, Path
from tests.conformance.exceptions import OUTCOMES
from tests.conformance.walk import Asked, Place

_DATE_2010 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
EMPTY = (None, "", [], {})


def shape(operation: Operation, record: Mapping[str, Any]) -> Iterator[str]:
    """Every declared field is there."""
    missing = [field.name for field in operation.fields if field.name not in record]
    if missing:
        yield f"missing fields {missing}"
    if operation.fields and all(record.get(field.name) is None for field in operation.fields):
        yield "every field is null"


def filled(operation: Operation, record: Mapping[str, Any]) -> dict[str, bool]:
    """The fields that Twilio's examples always fill, and whether they are."""
    return {field.name: record.get(field.name) not in EMPTY for field in operation.fields if field.filled}


def own(place: Place, ids: Mapping[str, str], record: Mapping[str, Any], account_sid: str) -> Iterator[str]:
    """Own SID, account, parents, dates and address are set and of their form."""
    _, _, path, operation = place
    for field in operation.fields:
        value = record.get(field.name)
        fault = _own_fault(field, value, path, ids, account_sid)
        if fault:
            yield f"{field.name} is {value!r}: {fault}"


def _own_fault(field: Field, value: Any, path: Path, ids: Mapping[str, str], account_sid: str) -> str:
    if field.source == "sid" and not field.sid:
        return "" if value else "no id"
    if field.source == "sid":
        return "" if isinstance(value, str) and _SID.fullmatch(value) and value[:2] in field.sid else "no SID"
    if field.source == "account":
        return "" if value == account_sid else "not the account"
    if field.source == "parent" and field.source_name in dict(path.parents) | {path.id_param: ""}:
        return "" if value == ids.get(field.source_name) else "not the parent"
    if field.source in ("created", "updated") and field.type == "string" and field.format != "date":
        form = _DATE_2010 if field.format == "date-time-rfc-2822" else _DATE
        return "" if isinstance(value, str) and form.fullmatch(value) else "no date"
    if field.source == "url":
        return "" if isinstance(value, str) and value else "no address"
    return ""


def echo(operation: Operation, asked: Asked) -> Iterator[str]:
    """What was accepted and is a field reads back equal."""
    shown = {field.name: field for field in operation.fields}
    for param in operation.params:
        if param.name not in asked.params or (operation.id, param.name) in OUTCOMES:
            continue
        outer, *inner = (param.field or _WORDS.sub("_", param.name).lower()).split(".")
        if outer not in shown or shown[outer].source in ("account", "parent"):
            continue
        value: Any = asked.record.get(outer)
        for name in inner:
            value = value.get(name) if isinstance(value, dict) else None
        if not same(asked.params[param.name], value):
            yield f"{param.name} was {asked.params[param.name]!r} and reads {value!r}"


# What Twilio shows in the answer of a create alone.
TOLD_ONCE: dict[str, tuple[str, ...]] = {"api.v2010.CreateParticipant": ("queue_time",)}


def kept(operation: Operation, answer: Mapping[str, Any], fetched: Mapping[str, Any]) -> Iterator[str]:
    """What a create or an update answered is what its own address shows. Secrets are shown once."""
    for field in operation.fields:
        if (
            field.source != "links"
            and field.name not in TOLD_ONCE.get(operation.id, ())
            and field.name in fetched
            and fetched[field.name] != answer.get(field.name)
        ):
            yield f"{field.name} was {answer.get(field.name)!r} and is fetched as {fetched[field.name]!r}"


def as_left(operation: Operation, left: Mapping[str, Any], shown: Mapping[str, Any]) -> Iterator[str]:
    """What activity left in a record is what it shows. Dates are rendered, addresses computed."""
    for field in operation.fields:
        value = left.get(field.name)
        rendered = field.source in ("url", "links", "created", "updated") or "date" in (field.format or "")
        if value not in EMPTY and not rendered and not same(value, shown.get(field.name)):
            yield f"{field.name} was left as {value!r} and reads {shown.get(field.name)!r}"


def refused(asked: Asked, status: int, code: int) -> Iterator[str]:
    """A request that must not pass is answered with this status and Twilio's code."""
    found = asked.record.get("code")
    if asked.reply.status != status or found != code:
        yield f"{asked.reply.status}/{found} in place of {status}/{code}: {asked.reply.body[:100]!r}"


def same(sent: Any, read: Any) -> bool:
    """Whether a value reads back as it was sent, in the field's own type."""
    if sent == read or str(sent) == str(read):
        return True
    if isinstance(sent, bool):
        return str(sent).lower() == str(read).lower()
    if isinstance(sent, dict | list) and isinstance(read, str):
        try:
            return bool(orjson.loads(read) == sent)
        except orjson.JSONDecodeError:
            return False
    if isinstance(sent, str) and isinstance(read, str):
        return read == sent.removesuffix("T00:00:00Z")
    if isinstance(sent, list) and len(sent) == 1:
        return bool(sent[0] == read)
    return isinstance(read, list) and read == [sent]


def addresses(record: Mapping[str, Any], operation: Operation) -> Iterator[str]:
    """Every address of or below this record, as the answer writes it."""
    for field in operation.fields:
        value = record.get(field.name)
        if field.source == "url" and isinstance(value, str):
            yield value
        elif field.source == "links" and isinstance(value, dict):
            yield from (link for link in value.values() if isinstance(link, str))


def own_address(record: Mapping[str, Any], operation: Operation) -> str | None:
    name = next((field.name for field in operation.fields if field.source == "url"), "")
    value = record.get(name)
    return value if isinstance(value, str) else None


def is_enum(param: Param) -> bool:
    return bool(param.enum or (param.items and param.items.enum))
