"""Which paths belong together: names, kinds, roles, ids and parents of every path."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from localloop.contract.derive.documents import Described
from localloop.contract.derive.schemas import shown_prefix, sid_prefixes, snake
from localloop.contract.model import Role

_PARAM = re.compile(r"\{(\w+)\}")
_NAME_ORDER = {"fetch": 0, "list": 1, "update": 2, "delete": 3, "create": 4}


class Place(Struct, kw_only=True):
    """One path with its operations, as far as it is understood."""

    product: str
    version: str
    api: str
    template: str
    operations: list[Described]
    name: str = ""
    kind: str = ""
    role: Role = "collection"
    id_param: str | None = None
    parents: list[tuple[str, str]] = []

    @property
    def key(self) -> str:
        """How patches name this path: `sync.v1 /v1/Services/{Sid}`."""
        return f"{self.api} {self.template}"

    @property
    def params(self) -> list[str]:
        return _PARAM.findall(self.template)

    def operation(self, verb: str) -> Described | None:
        return next((operation for operation in self.operations if operation.verb == verb), None)


def places(operations: Iterable[Described]) -> list[Place]:
    """Every path, named and with its role; kinds are the names until patches say otherwise."""
    grouped: dict[tuple[str, str], list[Described]] = defaultdict(list)
    for operation in operations:
        grouped[operation.product, operation.template].append(operation)
    found = [_place(group) for group in grouped.values()]
    instances = {
        (place.product, place.template.rpartition("/")[0]): place for place in found if _is_instance(place)
    }
    for place in found:
        place.role = _role(place, has_instance=(place.product, place.template) in instances)
        place.id_param = place.params[-1] if place.role == "instance" else None
    for place in found:
        below = instances.get((place.product, place.template))
        if below is not None and place.role == "collection":
            place.name = below.name
    for place in found:
        place.kind = f"{place.product}/{place.name}"
    return sorted(found, key=lambda place: (place.product, place.version, place.template))


def _place(group: list[Described]) -> Place:
    first = group[0]
    named = min(group, key=lambda operation: _NAME_ORDER[operation.verb])
    return Place(
        product=first.product,
        version=first.version,
        api=first.api,
        template=first.template,
        operations=group,
        name=named.name,
    )


def _is_instance(place: Place) -> bool:
    return place.template.endswith("}")


def _role(place: Place, *, has_instance: bool) -> Role:
    if _is_instance(place):
        return "instance"
    verbs = {operation.verb for operation in place.operations}
    if "list" in verbs or (has_instance and "create" in verbs):
        return "collection"
    return "singleton" if "fetch" in verbs else "action"


def find_parents(found: list[Place], prefixes: dict[str, str]) -> None:
    """Sets `parents`. `prefixes` names the kind of a SID prefix, for parents that no path of the API shows."""
    shown = {
        (place.product, _blank(place.template)): place.kind for place in found if place.role == "instance"
    }
    for place in found:
        patterns = {param["name"]: param["schema"] for o in place.operations for param in o.params}
        place.parents = []
        for match in _PARAM.finditer(place.template):
            name = match.group(1)
            if name == place.id_param or (name == "AccountSid" and place.product == "api"):
                continue
            kind = shown.get((place.product, _blank(place.template[: match.end()])))
            if kind is None:
                sids = sid_prefixes(patterns.get(name, {}))
                kind = prefixes.get(sids[0], "") if len(sids) == 1 else ""
            place.parents.append((name, kind))


def _blank(template: str) -> str:
    return _PARAM.sub("{}", template)


def id_field_of(group: list[Place]) -> str | None:
    """The field that holds the id of the records shown at these paths."""
    models = [o.schema.get("properties", {}) for place in group for o in place.operations if o.schema]
    names = {name for model in models for name in model}
    wanted = [snake(place.id_param) for place in group if place.id_param]
    return next((name for name in (*wanted, "sid", "id") if name in names), None)


def prefixes_of(group: list[Place], id_field: str | None) -> tuple[str, ...]:
    """The SID prefixes of these records: from the schema, else from the path's parameter, else from examples."""
    operations = [operation for place in group for operation in place.operations]
    declared = [sid_prefixes(o.schema.get("properties", {}).get(id_field, {})) for o in operations]
    for place in group:
        for operation in place.operations:
            declared += [sid_prefixes(p["schema"]) for p in operation.params if p["name"] == place.id_param]
    for found in declared:
        if found:
            return found
    shown = {shown_prefix(row.get(id_field)) for o in operations for _, row in o.records() if id_field}
    known = sorted(prefix for prefix in shown if prefix)
    return (known[0],) if len(known) == 1 else ()
