"""Where each field of an answer comes from, by default rules; patches decide where the rules are wrong or silent.

No content is invented: of an example only enums, booleans, counts and containers are taken as initial values,
never names, numbers, prices or foreign ids; a status only from an example of a create.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from localloop.contract.derive.documents import Described, Json
from localloop.contract.derive.schemas import snake
from localloop.contract.derive.structure import Place
from localloop.contract.model import Field, Source

CREATED = frozenset(
    {"date_created", "created_at", "dateCreated", "createdAt", "created_date", "date_created_at"}
)
UPDATED = frozenset({"date_updated", "updated_at", "dateUpdated", "updatedAt", "updated_date", "modified_at"})
_ACCOUNT = frozenset({"account_sid", "accountSid"})
_STATUS = re.compile(r"(^|_)(status|state)$")
_COUNT = re.compile(r"^num_|_count$|^count$|^(total|size|duration|attempts)$")
_MEASURED = re.compile(
    r"price|cost|amount|latitude|longitude|probability|percentage"
)  # zero would be a claim
_OWN_ADDRESS = re.compile(r"^(https?://[\w.-]+\.twilio\.com)?/(v\d|2010-04-01|\w+/)")


class Records(Struct, kw_only=True):
    """What the rules know of the records of one kind in one API."""

    places: list[Place]
    id_field: str | None
    id_source: Literal["sid", "param", "opaque"] = "sid"
    id_param: str | None = None
    prefixes: tuple[str, ...] = ()
    params: dict[str, str] = {}  # dotted field name -> the parameter that sets it
    fields: dict[str, str] = {}  # parameter -> the dotted field name that it sets
    types: dict[str, str] = {}  # parameter -> its JSON type
    parents: dict[str, str] = {}  # field name -> path parameter
    parent_prefixes: dict[str, str] = {}  # SID prefix -> path parameter

    @property
    def operations(self) -> list[Described]:
        return [operation for place in self.places for operation in place.operations]

    def creates(self) -> list[Described]:
        return [operation for operation in self.operations if operation.verb == "create"]

    @property
    def single(self) -> bool:
        """One record per parent, there before anybody writes it."""
        return all(place.role == "singleton" for place in self.places)


def sourced(field: Field, records: Records, model: str) -> Field:
    """The field with its source, initial value and `filled`; members of objects too."""
    examples = list(_values(records, model, field.name))
    created = list(_created_values(records, field.name))
    source, name = _source(field, records, [value for _, value in examples])
    members = _members(field, records, examples)
    initial = _initial(field, source, created, [value for _, value in examples], records)
    if members and any(member.source != "initial" or member.initial is not None for member in members):
        initial = None
    return replace(
        field,
        type="object" if members and field.type == "any" else field.type,
        source=source,
        source_name=name,
        initial=initial,
        fields=members or field.fields,
        filled=bool(examples) and all(_is_filled(value) for _, value in examples),
    )


def _is_filled(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != {}


def _values(records: Records, model: str, name: str) -> Iterator[tuple[str, Any]]:
    """The field in every published example of this model."""
    for operation in records.operations:
        if operation.model == model:
            yield from ((example, row[name]) for example, row in operation.records() if name in row)


def _created_values(records: Records, name: str) -> Iterator[tuple[Any, bool]]:
    """The field in every example of a create, and whether the request of that example could have set it."""
    wire = {param for field, param in records.params.items() if field.partition(".")[0] == name}
    for operation in records.creates():
        for example, row in operation.records():
            if name in row:
                request = operation.body_examples.get(example, {})
                yield row[name], bool(wire & request.keys())


def _source(field: Field, records: Records, examples: list[Any]) -> tuple[Source, str]:
    name = field.name
    if name == records.id_field and records.id_source != "param":
        return "sid", ""
    if name in records.parents:
        return "parent", records.parents[name]
    if name == records.id_field and records.id_param:
        return _chosen_id(records, records.id_param)
    if name in _ACCOUNT:
        return "account", ""
    if name in CREATED:
        return "created", ""
    if name in UPDATED:
        return "updated", ""
    if name in ("links", "subresource_uris") or field.format == "uri-map":
        return "links", ""
    if name in ("url", "uri") and _is_own_address(examples, records, name):
        return "url", ""
    if name in records.params:
        return "param", records.params[name]
    return _silent_source(field, records)


def _chosen_id(records: Records, param: str) -> tuple[Source, str]:
    """An id that the client chooses: in the body of a create, or as the last part of the path."""
    sent = any(param in create.body_schema.get("properties", {}) for create in records.creates())
    return ("param", param) if sent else ("parent", param)


def _silent_source(field: Field, records: Records) -> tuple[Source, str]:
    """Sources that only the field's kind tells."""
    if len(field.sid) == 1 and field.sid[0] in records.parent_prefixes and field.name.endswith("_sid"):
        return "parent", records.parent_prefixes[field.sid[0]]
    if field.name == "revision" and field.type in ("string", "integer", "number"):
        return "version", ""
    if field.name == "secret" and field.type == "string":
        return "secret", ""
    if field.name == "sid" and len(field.sid) == 1 and records.id_field != "sid":
        return "secret", ""  # a SID beside the name that is the id: drawn once, kept
    return "initial", ""


def _is_own_address(examples: list[Any], records: Records, name: str) -> bool:
    shown = [value for value in examples if isinstance(value, str)]
    if not shown:
        return name not in records.params
    return all(_OWN_ADDRESS.match(value) for value in shown)


def _members(field: Field, records: Records, examples: list[tuple[str, Any]]) -> tuple[Field, ...]:
    """The members of an object that parameters with dotted names set (`Configuration.Url`)."""
    below = {path: wire for path, wire in records.params.items() if path.startswith(f"{field.name}.")}
    if not below:
        return ()
    shown = [value for _, value in examples if isinstance(value, dict)]
    declared = {member.name: member for member in field.fields}
    return tuple(_tree(field.name, below, shown, declared, records.types))


def _tree(
    prefix: str, params: dict[str, str], shown: list[Json], declared: dict[str, Field], types: dict[str, str]
) -> Iterator[Field]:
    names = dict.fromkeys([*declared, *(key for value in shown for key in value)])
    names |= dict.fromkeys(path[len(prefix) + 1 :].partition(".")[0] for path in params)
    for name in names:
        path = f"{prefix}.{name}"
        values = [value[name] for value in shown if name in value]
        base = declared.get(name) or Field(name=name, type=_shown_type(values))
        below = {other: wire for other, wire in params.items() if other.startswith(f"{path}.")}
        if below:
            nested = [value for value in values if isinstance(value, dict)]
            members = {member.name: member for member in base.fields}
            yield replace(base, type="object", fields=tuple(_tree(path, below, nested, members, types)))
        elif path in params:
            kind = types[params[path]] if base.type == "any" else base.type
            yield replace(
                base, type=kind, source="param", source_name=params[path], initial=_harmless(values)
            )
        else:
            yield replace(base, initial=_harmless(values))


def _shown_type(values: list[Any]) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    found = {kinds[type(value)] for value in values if value is not None}
    return found.pop() if len(found) == 1 else "any"


def _harmless(values: list[Any]) -> Any:
    """A default that claims nothing: what kind of value stands there, empty."""
    empty: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0, "array": [], "object": {}}
    return empty.get(_shown_type(values)) if values and None not in values else None


def _initial(
    field: Field, source: Source, created: list[tuple[Any, bool]], examples: list[Any], records: Records
) -> Any:
    if source == "version":
        return 0
    if source not in ("initial", "param"):
        return None
    if field.initial is not None:
        return field.initial
    unset = [value for value, set_by_request in created if not set_by_request]
    if source == "param" and created and not unset:
        return _empty(field, examples) if field.type in ("boolean", "array", "object") else None
    if source == "initial" and records.single and field.type in ("any", "object") and _counts(examples):
        return _zeroed(examples[0])
    return _allowed(field, _most_common(unset), examples)


def _allowed(field: Field, shown: Any, examples: list[Any]) -> Any:
    """What an example of a create may say about a field that the request did not set."""
    if _STATUS.search(field.name):
        return shown if isinstance(shown, str) else None
    if field.enum:
        return shown if shown in field.enum else None
    if field.type == "boolean" or (field.type == "any" and isinstance(shown, bool)):
        return shown if isinstance(shown, bool) else False
    if field.name == "api_version" and examples:
        return _most_common(examples)
    if field.type == "string" and _COUNT.search(field.name) and isinstance(shown, str) and shown.isdigit():
        return shown
    return _empty(field, examples)


def _empty(field: Field, examples: list[Any]) -> Any:
    """The emptiest value of the field's type, where examples do not show null."""
    if any(value is None for value in examples) or (not examples and field.nullable):
        return False if field.type == "boolean" else None
    if _MEASURED.search(field.name) and field.type in ("integer", "number", "string"):
        return None
    empties: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0, "array": [], "object": {}}
    if field.type == "any" and examples:
        return [] if isinstance(examples[0], list) else {} if isinstance(examples[0], dict) else None
    return empties.get(field.type)


def _counts(examples: list[Any]) -> bool:
    """Whether the object holds counts (statistics)."""
    return bool(examples) and isinstance(examples[0], dict) and _has_number(examples[0])


def _has_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_number, value.values()))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _zeroed(value: Any) -> Any:
    """The same members, nothing counted yet."""
    if isinstance(value, dict):
        return {key: _zeroed(member) for key, member in value.items()}
    if isinstance(value, bool):
        return False
    return 0 if isinstance(value, int | float) else [] if isinstance(value, list) else None


def _most_common(values: Iterable[Any]) -> Any:
    plain = [value for value in values if isinstance(value, str | int | float | bool)]
    return Counter(plain).most_common(1)[0][0] if plain else None


def fields_by_param(operations: Iterable[Described], renamed: dict[str, str]) -> dict[str, str]:
    """Parameter of a create or update → the field that it sets, dotted below an object. `renamed` goes before."""
    operations = list(operations)
    known = {snake(name): name for operation in operations for name in operation.schema.get("properties", {})}
    found: dict[str, str] = {}
    for operation in operations:
        if operation.verb not in ("create", "update"):
            continue
        for name in _body_names(operation):
            head, dot, rest = snake(name).partition(".")
            if name in renamed:
                found[name] = renamed[name]
            elif head in known:
                found[name] = known[head] + dot + rest
    return found


def _body_names(operation: Described) -> Iterator[str]:
    yield from operation.body_schema.get("properties", {})
    for body in operation.body_examples.values():
        if operation.body == "json":
            yield from body
