"""From JSON schemas to the contract's `Param` and `Field`: types, formats, enums, SID prefixes, limits."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

from localloop.contract.derive.documents import PAGING_PARAMS, Described, Json
from localloop.contract.model import Field, Param

_SID_PATTERN = re.compile(r"^\^?\(?([A-Z]{2}(?:\|[A-Z]{2})*)\)?\[[0-9a-fA-FzZ-]+\]\{32\}\$?$")
_ANY_SID_PATTERN = re.compile(r"^\^?\[[a-zA-Z-]+\]\{2\}\[[0-9a-fA-F]+\]\{32\}\$?$")
_SHOWN_SID = re.compile(r"^([A-Z]{2})[0-9a-fA-FxX]{32}$")
_PREFIXED_MAP = "prefixed-collapsible-map"
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@cache
def snake(name: str) -> str:
    """`AWSCredentials` → `aws_credentials`, `Configuration.Url` → `configuration.url`."""
    return _WORDS.sub("_", name).lower().replace("-", "_")


def sid_prefixes(schema: Json) -> tuple[str, ...]:
    found = _SID_PATTERN.match(schema.get("pattern", ""))
    return tuple(found.group(1).split("|")) if found else ()


def shown_prefix(value: Any) -> str | None:
    """The prefix of a SID in an example."""
    found = _SHOWN_SID.match(value) if isinstance(value, str) else None
    return found.group(1) if found else None


def _enum(schema: Json) -> tuple[str, ...]:
    return tuple(str(value) for value in schema.get("enum", ()) if value is not None)


def _type(schema: Json) -> str:
    kind = schema.get("type")
    if kind:
        return str(kind)
    if "properties" in schema:
        return "object"
    return "string" if schema.get("enum") else "any"


def field(name: str, schema: Json) -> Field:
    """One member of an answer, its sources not yet known."""
    items = schema.get("items")
    return Field(
        name=name,
        type=_type(schema),
        format=schema.get("format"),
        sid=sid_prefixes(schema),
        enum=_enum(schema),
        nullable=bool(schema.get("nullable", False)),
        initial=schema.get("default"),
        items=field("", items) if items else None,
        fields=tuple(field(key, member) for key, member in schema.get("properties", {}).items()),
    )


def request_params(operation: Described) -> list[Param]:
    """Everything a request of this operation may carry; paging is described by the operation itself."""
    found = [
        _param(raw["name"], raw["in"], raw["schema"], required=bool(raw.get("required")))
        for raw in operation.params
        if not (operation.verb == "list" and raw["name"] in PAGING_PARAMS) and raw["name"] != "Authorization"
    ]
    required = set(operation.body_schema.get("required", ()))
    for name, schema in operation.body_schema.get("properties", {}).items():
        found.append(_param(name, "body", schema, required=name in required))
    return found


def _param(
    name: str, location: Literal["path", "query", "header", "body"], schema: Json, *, required: bool
) -> Param:
    prefixes = sid_prefixes(schema)
    pattern = schema.get("pattern")
    kind, form = _type(schema), schema.get("format")
    prefix = ""
    if pattern and _ANY_SID_PATTERN.match(pattern):
        pattern, form = None, "sid"
    if form and form.startswith(_PREFIXED_MAP):
        prefix, form = form.removeprefix(_PREFIXED_MAP).strip("-"), "prefixed-map"
    items = schema.get("items")
    return Param(
        name=name,
        location=location,
        type=kind,
        format=form,
        enum=_enum(schema),
        sid=prefixes,
        required=required,
        pattern=None if prefixes else pattern,
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        min_length=None if prefixes or form == "sid" else schema.get("minLength"),
        max_length=None if prefixes or form == "sid" else schema.get("maxLength"),
        items=_param("", location, items, required=False) if items else None,
        prefix=prefix,
    )
