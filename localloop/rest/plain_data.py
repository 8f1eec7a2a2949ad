"""What a plain record holds and shows: the contract's word on where each field of an answer comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from localloop.contract.model import Field, Operation
from localloop.core import sids
from localloop.rest.addresses import pieces, snake
from localloop.rest.render import iso8601
from localloop.rest.request import Request
from localloop.rest.values import refuse_nul
from localloop.store.plain import Record

NOT_KEPT = frozenset({"sid", "account", "created", "updated", "version", "url", "links"})
ATTACHED_SID = "\x00sid"  # beside the fields of an attached record: its SID, whatever field shows it
_CAPABILITIES = {"voice": "Voice", "sms": "SMS", "mms": "MMS", "fax": "Fax"}
DATES = frozenset(
    {"created", "updated"}
)  # shown as kept where a client may set them (imported conversations)


def shown(record: Record, request: Request) -> dict[str, Any]:
    """A record as the fields of one operation's answer."""
    fields = dict(record.data)
    for field in request.operation.fields:
        if field.source == "sid":
            fields[field.name] = record.sid
        elif field.source == "account":
            fields[field.name] = record.account_sid
        elif field.source == "created":
            fields[field.name] = record.data.get(field.name) or record.date_created
        elif field.source == "updated":
            fields[field.name] = record.data.get(field.name) or record.date_updated
        elif field.source == "version":
            fields[field.name] = revision(field, record.version)
        elif field.source == "parent" and fields.get(field.name) is None:
            fields[field.name] = _path_value(request, {}, field.source_name)
    return fields


def attached(found: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """What a resource shows of the record that it attaches: the fields of equal name that no client sets here."""
    shared = [field for field in request.operation.fields if field.source in ("initial", "param")]
    return {
        field.name: _capable(found[field.name]) if field.type == "array" else found[field.name]
        for field in shared
        if found.get(field.name) is not None
    }


def _capable(value: Any) -> Any:
    """Capabilities are an object of booleans on a number, and the list of those that are true in a sender pool."""
    if isinstance(value, dict):
        return [_CAPABILITIES.get(name, name) for name, able in value.items() if able]
    return value


def revision(field: Field, version: int) -> int | str:
    """The counter as the field writes it: `version` updates after its initial value."""
    first = int(field.initial or 0)
    return first + version if field.type in ("integer", "number") else str(first + version)


def new_data(request: Request, parents: Sequence[str], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What a new record keeps: parents, parameters, secrets, initial values; server-set fields are not stored."""
    resolved = {param: sid for (param, _), sid in zip(request.path.parents, parents, strict=False)}
    sent = from_params(request.operation, request.params)
    data: dict[str, Any] = {}
    for field in fields_of(request):
        if field.source in NOT_KEPT and not (field.source in DATES and field.name in sent):
            continue
        value = (
            overrides[field.name] if field.name in overrides else _new_value(field, request, resolved, sent)
        )
        data[field.name] = storable(value)
    return data | _linked(request, data)


def _linked(request: Request, data: Mapping[str, Any]) -> dict[str, Any]:
    """Ids of other records that only the links show (`AvailableAddOnSid` of an add-on that is installed)."""
    linked = {
        param
        for field in request.operation.fields
        for _, template in field.links
        for _, param in pieces(template)
        if param in request.params
    }
    return {snake(param): request.params[param] for param in linked if snake(param) not in data}


def changed_data(request: Request, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What an update writes: the parameters that were sent, in their fields' types, and `overrides`.

    A date of update that a client once set gives way to the update's own.
    """
    known = {field.name: field for field in fields_of(request)}
    sent = from_params(request.operation, request.params)
    for field in known.values():
        if field.source == "param" and field.name not in sent and field.source_name in request.params:
            sent[field.name] = request.params[field.source_name]
    fitted = {
        name: fitting(known[name], value) if name in known else value
        for name, value in sent.items()
        if name not in known or known[name].source not in ("parent", "sid", "account")
    }
    for field in known.values():
        if field.source == "updated":
            fitted.setdefault(field.name, None)
    return {name: storable(value) for name, value in {**fitted, **overrides}.items()}


def merged(kept: Any, change: Any) -> Any:
    """A change of some members of an object leaves its others alone."""
    if not (isinstance(kept, dict) and isinstance(change, Members)):
        return dict(change) if isinstance(change, Members) else change
    return {**kept, **{name: merged(kept.get(name), value) for name, value in change.items()}}


def server_fields(fields: Sequence[Field], sid: str, request: Request) -> dict[str, Any]:
    """The fields that no client sets, of an answer that is not kept."""
    values: dict[str, Any] = {}
    for field in fields:
        if field.source == "sid":
            values[field.name] = sid
        elif field.source == "account":
            values[field.name] = request.account_sid
        elif field.source in ("created", "updated"):
            values[field.name] = request.now
        elif field.source == "version":
            values[field.name] = revision(field, 0)
    return values


class Members(dict[str, Any]):
    """Members of an object that were sent one by one (`Passkeys.RelyingParty.Id`)."""


def from_params(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that are also fields, by field name; dotted fields become members of an object."""
    sent: dict[str, Any] = {}
    for param in operation.params:
        if param.location == "path" or param.field is None or param.name not in params:
            continue
        *above, last = param.field.split(".")
        at: dict[str, Any] = sent
        for name in above:
            if not isinstance(at.get(name), Members):
                at[name] = Members()
            at = at[name]
        at[last] = params[param.name]
    return sent


def fields_of(request: Request) -> tuple[Field, ...]:
    """Every field of the resource that any of its operations shows: a create may answer less than a fetch."""
    fields = {field.name: field for field in request.operation.fields}
    for path in request.resource.paths:
        for operation in path.operations:
            if path.kind == request.path.kind:
                for field in operation.fields:
                    fields.setdefault(field.name, field)
    return tuple(fields.values())


def _parsed(text: str) -> Any:
    """What the text says in JSON; the text where it is none, or names a NUL, which PostgreSQL keeps only escaped."""
    try:
        value = orjson.loads(text)
        if "\\u0000" in text:
            refuse_nul(value)
    except ValueError:
        return text
    return value


def fitting(field: Field, value: Any) -> Any:
    """The value in the field's own type: text for text, a parsed object for an object."""
    if isinstance(value, Members):
        inner = {member.name: member for member in field.fields}
        return Members(
            {name: fitting(inner[name], part) if name in inner else part for name, part in value.items()}
        )
    if field.type == "string":
        return _text(value)
    if field.type in ("object", "array", "any") and isinstance(value, str) and value[:1] in ("{", "["):
        return _parsed(value)
    if field.type == "array" and value is not None and not isinstance(value, list | tuple):
        return [value] if value != "" else []
    if field.type in ("integer", "number") and isinstance(value, str):
        return _number(value)
    if field.type == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def storable(value: Any) -> Any:
    """JSON's own types: dates as ISO 8601, decimals as text, bytes never."""
    if isinstance(value, datetime):
        return iso8601(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return type(value)({name: storable(member) for name, member in value.items()})
    if isinstance(value, list | tuple):
        return [storable(member) for member in value]
    return value


def _new_value(field: Field, request: Request, resolved: Mapping[str, str], sent: Mapping[str, Any]) -> Any:
    if field.source == "parent":
        return _path_value(request, resolved, field.source_name)
    if field.name in sent:
        value = fitting(field, sent[field.name])
        return merged(_initial(field), value) if isinstance(value, Members) else value
    if field.source == "param" and field.source_name in request.params:
        return fitting(field, request.params[field.source_name])
    if field.source == "secret":
        return sids.new(field.sid[0]) if field.sid else sids.new_secret()
    return _initial(field)


def _initial(field: Field) -> Any:
    """The documented initial value; an object that is always filled is built from its declared members."""
    if field.initial is not None or not field.fields or field.type != "object":
        return field.initial
    members = {member.name: _initial(member) for member in field.fields}
    return members if field.filled or any(value is not None for value in members.values()) else None


def _path_value(request: Request, resolved: Mapping[str, str], name: str) -> Any:
    found = resolved.get(name, request.ids.get(name))
    return request.params.get(name) if found is None else found


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float | Decimal):
        return str(value)
    return orjson.dumps(storable(value)).decode() if isinstance(value, dict | list) else value


def _number(value: str) -> Any:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return value
