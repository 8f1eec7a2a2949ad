"""Puts the contract together: documents, structure, patches and sources, to one file per API."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from localloop.contract.derive import documents, structure
from localloop.contract.derive.documents import Described, version_label
from localloop.contract.derive.filters import with_filter
from localloop.contract.derive.links import Addresses, Shown, link_templates, own_address
from localloop.contract.derive.patches import Patches
from localloop.contract.derive.schemas import field as field_of
from localloop.contract.derive.schemas import request_params, snake
from localloop.contract.derive.sources import Records, fields_by_param, sourced
from localloop.contract.derive.structure import Place
from localloop.contract.files import ApiFile, OperationFile, PathFile, ResourceFile
from localloop.contract.model import Field, Param


def derive(folder: Path, patches: Patches) -> list[ApiFile]:
    """Every API that the documents in `folder` describe, corrected by the patches."""
    found = structure.places(documents.read(folder))
    for place in found:
        _patch_place(place, patches)
    families = _families(found)
    structure.find_parents(found, _kinds_by_prefix(families, patches))
    for place in found:
        for patch in patches.for_path(place.key):
            named = [(name, patch.parents.get(name, kind)) for name, kind in place.parents]
            place.parents = [(name, kind) for name, kind in named if kind is not None]
    homes = {kind: _home(kind, group, patches) for kind, group in families.items()}
    for place in found:
        _mark_view(place, homes[place.kind])
    builder = _Builder(patches, families, homes)
    by_api: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        by_api[place.api].append(place)
    return [builder.api(group) for _, group in sorted(by_api.items())]


def _patch_place(place: Place, patches: Patches) -> None:
    for patch in (*patches.for_resource(f"{place.api}.{place.name}"), *patches.for_path(place.key)):
        if patch.kind:
            place.kind = patch.kind.replace("*", place.name)
        if patch.role:
            place.role, place.id_param = patch.role, None
        place.id_param = patch.id_param or place.id_param


def _families(found: list[Place]) -> dict[str, list[Place]]:
    families: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        families[place.kind].append(place)
    return families


def _kinds_by_prefix(families: dict[str, list[Place]], patches: Patches) -> dict[str, str]:
    """The kind of each SID prefix that belongs to one kind only."""
    owners: dict[str, set[str]] = defaultdict(set)
    for kind, group in families.items():
        if not any(place.role == "instance" for place in group):
            continue
        records = _identified(kind, group, patches)
        if records.id_source == "sid":
            for prefix in records.prefixes:
                owners[prefix].add(kind)
    return {prefix: kinds.pop() for prefix, kinds in owners.items() if len(kinds) == 1}


def _home(kind: str, group: list[Place], patches: Patches) -> Place:
    """The path that owns a kind: its own product's newest, with the fewest parents, unless a patch names it."""
    named = {patch.home for patch in patches.for_kind(kind) if patch.home}
    candidates = [place for place in group if place.key in named] or group
    product = kind.partition("/")[0]

    def rank(place: Place) -> tuple[Any, ...]:
        order = {"instance": 0, "collection": 0, "view": 1, "singleton": 2, "action": 3}
        return (
            place.product != product,
            order[place.role],
            len(place.parents),
            _age(place, group),
            place.template,
        )

    return min(candidates, key=rank)


def _age(place: Place, group: list[Place]) -> int:
    versions = sorted({version_label(other.version) for other in group if other.product == place.product})
    return -versions.index(version_label(place.version))


def _mark_view(place: Place, home: Place) -> None:
    if place.role in ("collection", "instance") and _parent_kinds(place) != _parent_kinds(home):
        place.role = "view"


def _parent_kinds(place: Place) -> list[str]:
    return [kind for _, kind in place.parents]


def _identified(kind: str, group: list[Place], patches: Patches) -> Records:
    """What names the records of a kind: their id's field, where it comes from, its SID prefixes."""
    alone = all(place.role == "singleton" for place in group)
    id_field = None if alone else structure.id_field_of(group)
    renamed = {p.id_field for p in patches.for_kind(kind) if p.id_field}
    id_field = next(iter(renamed), id_field)
    records = Records(places=group, id_field=id_field, prefixes=structure.prefixes_of(group, id_field))
    creates = [place.operation("create") for place in group if place.role != "action"]
    for create in filter(None, creates):
        for param in request_params(create):
            attached = (
                param.name.endswith("Sid") and param.required and param.sid and param.sid == records.prefixes
            )
            if param.location == "body" and (snake(param.name) == id_field or attached):
                records.id_source, records.id_param = "param", param.name
    if records.id_source == "sid" and not records.prefixes:
        records.id_source = "opaque"
    for patch in patches.for_kind(kind):
        records.id_source = patch.id_source or records.id_source
        records.id_param = patch.id_param or records.id_param
        if patch.prefixes is not None:
            records.prefixes = tuple(patch.prefixes)
    if records.id_source == "param" and records.id_param is None:
        records.id_param = next((place.id_param for place in group if place.id_param), None)
    return records


class _Builder:
    """Builds the files; holds what all of them share."""

    def __init__(self, patches: Patches, kin: dict[str, list[Place]], homes: dict[str, Place]) -> None:
        """`kin`: every path of a kind, in any API."""
        self._patches = patches
        self._kin = kin
        self._homes = homes
        self._users: dict[tuple[str, str], set[str]] = defaultdict(set)
        for kind, group in kin.items():
            for operation in (operation for place in group for operation in place.operations):
                self._users[operation.api, operation.model].add(kind)
        self._addresses = Addresses(place for group in kin.values() for place in group)

    def api(self, group: list[Place]) -> ApiFile:
        models: dict[str, tuple[Field, ...]] = {}
        families = sorted(_families(group).items(), key=lambda item: _resource_name(item[0]))
        resources = tuple(self._resource(kind, places, models) for kind, places in families)
        first = group[0]
        return ApiFile(
            product=first.product,
            version=first.version,
            prefix=first.api,
            style=group[0].operations[0].style,
            models=dict(sorted(models.items())),
            resources=resources,
        )

    def _resource(self, kind: str, group: list[Place], models: dict[str, tuple[Field, ...]]) -> ResourceFile:
        records = self._records(kind, group)
        home = self._homes[kind]
        ordered = sorted(group, key=lambda place: (place.role in ("view", "action"), place.template))
        paths = tuple(self._path(place, records, models) for place in ordered)
        made = ResourceFile(
            name=_resource_name(kind),
            kind=kind,
            home=home in group,
            prefixes=records.prefixes,
            id_field=records.id_field,
            id_source="param"
            if records.id_source == "param"
            else "opaque"
            if records.id_source == "opaque"
            else "sid",
            id_param=records.id_param,
            unique=_unique(self._kin[kind]),
            made_by="client" if _is_made_by_client(self._kin[kind]) else "activity",
            paths=paths,
        )
        for patch in self._patches.for_kind(kind):
            made = _patched_resource(made, patch)
        return made

    def _records(self, kind: str, group: list[Place]) -> Records:
        records = _identified(kind, group, self._patches)
        if not any(place.id_param for place in group):
            records = self._identified_by_kin(kind, group, records)
        renamed = {
            name: change.field
            for operation in records.operations
            for patch in (*self._patches.for_kind(kind), *self._patches.for_operation(operation.id))
            for name, change in patch.params.items()
            if isinstance(change.field, str)
        }
        records.fields = fields_by_param(records.operations, renamed)
        for param, name in records.fields.items():
            records.params.setdefault(name, param)
        for place in group:
            for name, parent in place.parents:
                records.parents.setdefault(snake(name), name)
                home = self._homes.get(parent)
                if home is not None:
                    found = structure.prefixes_of([home], "sid")
                    records.parent_prefixes |= dict.fromkeys(found, name)
        for prefix in records.prefixes:
            records.parent_prefixes.pop(prefix, None)
        if records.id_field and records.id_source != "param":
            records.parents.pop(records.id_field, None)
        return records

    def _identified_by_kin(self, kind: str, group: list[Place], records: Records) -> Records:
        """Without an instance path of their own, records are named as the rest of their kind, if they show it."""
        other = _identified(kind, self._kin[kind], self._patches)
        shown = any(other.id_field in o.schema.get("properties", {}) for o in records.operations)
        return replace(other, places=group) if shown and any(p.id_param for p in self._kin[kind]) else records

    def _path(self, place: Place, records: Records, models: dict[str, tuple[Field, ...]]) -> PathFile:
        operations = sorted(place.operations, key=lambda operation: operation.id)
        params = [self._params(operation, place, records) for operation in operations]
        shared = [param for param in params[0] if param.location == "path"] if params else []
        for operation in operations:
            self._add_model(operation, place, records, models)
        sets = [pair for patch in self._patches.for_path(place.key) for pair in patch.sets.items()]
        return PathFile(
            template=place.template,
            role=place.role,
            kind=place.kind,
            id_param=place.id_param,
            parents=tuple(place.parents),
            sets=tuple(sets),
            params=tuple(shared),
            operations=tuple(
                self._operation(operation, records, [param for param in own if param.location != "path"])
                for operation, own in zip(operations, params, strict=True)
            ),
        )

    def _operation(self, operation: Described, records: Records, params: list[Param]) -> OperationFile:
        made = OperationFile(
            id=operation.verb.capitalize() + operation.name,
            method=operation.method,
            verb=operation.verb,
            body=operation.body,  # type: ignore[arg-type]
            status=operation.status,
            model=self._model(operation, records),
            list_key=operation.list_key,
            paging=operation.paging,
            default_page_size=operation.page_size,
            max_page_size=operation.max_page_size,
            if_match=operation.etag or any(param.name == "If-Match" for param in params),
            one_of=tuple(tuple(_wire(name, params) for name in group) for group in operation.one_of),
            content_type=operation.content_type,
            params=tuple(sorted(params, key=lambda param: (param.location, param.name))),
        )
        for patch in self._patches.for_operation(operation.id):
            if patch.status is not None:
                made = replace(made, status=patch.status)
        return made

    def _params(self, operation: Described, place: Place, records: Records) -> list[Param]:
        fields = {
            name: field_of(name, schema) for name, schema in operation.schema.get("properties", {}).items()
        }
        found = []
        for param in request_params(operation):
            if operation.verb == "list":
                param = with_filter(param, fields)
            elif param.location == "body":
                param = replace(param, field=records.fields.get(param.name))
            for patch in (*self._patches.for_kind(place.kind), *self._patches.for_operation(operation.id)):
                if param.name in patch.params:
                    param = _patched(param, patch.params[param.name])
            found.append(param)
        return found

    def _add_model(
        self, operation: Described, place: Place, records: Records, models: dict[str, tuple[Field, ...]]
    ) -> None:
        name = self._model(operation, records)
        if not name or name in models:
            return
        fields = []
        for key, schema in operation.schema.get("properties", {}).items():
            field = sourced(field_of(key, schema), records, operation.model)
            fields.append(
                self._patched_field(self._addressed(field, operation, place, records), place, operation)
            )
        models[name] = tuple(fields)

    def _model(self, operation: Described, records: Records) -> str:
        """The model's name in the file: with the kind's, where several kinds share a schema."""
        kinds = self._users[operation.api, operation.model]
        kind = records.places[0].kind
        if not operation.model or len(kinds) == 1:
            return operation.model
        return f"{operation.model}@{_resource_name(kind)}"

    def _addressed(self, field: Field, operation: Described, place: Place, records: Records) -> Field:
        """The field with its link templates, or with the template of its own address where that is another path."""
        if field.source not in ("links", "url"):
            return field
        used = [other for other in records.operations if other.model == operation.model]
        fields = frozenset(operation.schema.get("properties", {}))
        shown = Shown(self._shows(place, records), fields, used)
        if field.source == "links":
            return replace(field, links=link_templates(field.name, shown, self._addresses))
        address = own_address(field.name, shown, self._addresses)
        return replace(field, source_name=address if address and address != shown.place.template else "")

    def _shows(self, place: Place, records: Records) -> Place:
        """The instance path where a record has its address: the path's own, the one below, or one with its parents."""
        if place.id_param or place.role not in ("collection", "view"):
            return place
        instances = [other for other in (*records.places, *self._kin[place.kind]) if other.id_param]
        below = [other for other in instances if other.template.rpartition("/")[0] == place.template]
        alike = [other for other in instances if other.params[:-1] == place.params]
        return next(iter((*below, *alike)), place)

    def _patched_field(self, field: Field, place: Place, operation: Described) -> Field:
        for patch in (*self._patches.for_kind(place.kind), *self._patches.for_operation(operation.id)):
            if field.name in patch.fields:
                field = _patched(field, patch.fields[field.name])
        return field


def _resource_name(kind: str) -> str:
    return kind.partition("/")[2]


def _unique(group: list[Place]) -> tuple[str, ...]:
    operations = [operation for place in group for operation in place.operations]
    takes = any("UniqueName" in operation.body_schema.get("properties", {}) for operation in operations)
    shows = any("unique_name" in operation.schema.get("properties", {}) for operation in operations)
    return ("unique_name",) if takes and shows else ()


def _is_made_by_client(group: list[Place]) -> bool:
    verbs = {operation.verb for place in group for operation in place.operations}
    lone = all(place.role in ("singleton", "action") for place in group)
    return "create" in verbs or lone


def _wire(name: str, params: list[Param]) -> str:
    return next((param.name for param in params if snake(param.name) == name), name)


def _patched(value: Any, change: msgspec.Struct) -> Any:
    given = {name: getattr(change, name) for name in change.__struct_fields__}
    return replace(value, **{name: what for name, what in given.items() if what is not UNSET})


def _patched_resource(made: ResourceFile, patch: Any) -> ResourceFile:
    changes: dict[str, Any] = {}
    for name in ("made_by", "upsert", "attaches"):
        value = getattr(patch, name)
        if value is not None:
            changes[name] = value
    if patch.unique is not None:
        changes["unique"] = tuple(patch.unique)
    return replace(made, **changes)
