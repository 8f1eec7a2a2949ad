"""Puts the contract together: documents, structure, patches and sources, to one file per API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from localloop.contract.derive import documents, structure
from localloop.contract.derive.documents import Described
from localloop.contract.derive.filters import with_filter
from localloop.contract.derive.kinds import Kinds, families
from localloop.contract.derive.links import Addresses, Shown, link_templates, own_address
from localloop.contract.derive.patches import FieldPatch, Patch, Patches, set_members
from localloop.contract.derive.schemas import field as field_of
from localloop.contract.derive.schemas import request_params, snake
from localloop.contract.derive.sources import Records, fields_by_param, sourced
from localloop.contract.derive.structure import Place
from localloop.contract.files import ApiFile, OperationFile, PathFile, ResourceFile
from localloop.contract.model import Field, Param


def derive(folder: Path, patches: Patches) -> list[ApiFile]:
    """Every API that the documents in `folder` describe, corrected by the patches."""
    found = structure.places(documents.read(folder))
    kinds = Kinds(found, patches)
    addresses = Addresses(found)
    by_api: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        by_api[place.api].append(place)
    return [_ApiBuilder(group, kinds, patches, addresses).build() for _, group in sorted(by_api.items())]


class _ApiBuilder:
    """Builds the file of one API."""

    def __init__(self, group: list[Place], kinds: Kinds, patches: Patches, addresses: Addresses) -> None:
        self._group = group
        self._kinds = kinds
        self._patches = patches
        self._addresses = addresses
        self._models: dict[str, tuple[Field, ...]] = {}
        self._users: dict[str, set[str]] = defaultdict(set)
        for place in group:
            for operation in place.operations:
                self._users[operation.model].add(place.kind)

    def build(self) -> ApiFile:
        kinds = sorted(families(self._group).items(), key=lambda item: _resource_name(item[0]))
        resources = tuple(self._resource(kind, places) for kind, places in kinds)
        first = self._group[0]
        return ApiFile(
            product=first.product,
            version=first.version,
            prefix=first.api,
            style=first.operations[0].style,
            models=dict(sorted(self._models.items())),
            resources=resources,
        )

    def _resource(self, kind: str, group: list[Place]) -> ResourceFile:
        records = self._records(kind, group)
        ordered = sorted(group, key=lambda place: (place.role in ("view", "action"), place.template))
        kin = self._kinds.kin[kind]
        made = ResourceFile(
            name=_resource_name(kind),
            kind=kind,
            home=self._kinds.homes[kind] in group,
            prefixes=records.prefixes,
            id_field=records.id_field,
            id_source=records.id_source,
            id_param=records.id_param,
            unique=_unique(kin),
            made_by="client" if _is_made_by_client(kin) else "activity",
            paths=tuple(self._path(place, records) for place in ordered),
        )
        for patch in self._patches.for_kind(kind):
            made = self._patches.apply(
                patch,
                made,
                made_by=patch.made_by,
                upsert=patch.upsert,
                attaches=patch.attaches,
                unique=patch.unique,
            )
        return made

    def _records(self, kind: str, group: list[Place]) -> Records:
        records = self._kinds.identify(kind, group)
        records.fields = fields_by_param(records.operations, self._renamed(kind, records))
        for param, name in records.fields.items():
            records.params.setdefault(name, param)
        for operation in records.operations:
            records.types |= {param.name: param.type for param in request_params(operation)}
        for place in group:
            for name, parent in place.parents:
                records.parents.setdefault(snake(name), name)
                if parent:
                    found = structure.prefixes_of([self._kinds.homes[parent]], "sid")
                    records.parent_prefixes |= dict.fromkeys(found, name)
        for prefix in records.prefixes:
            records.parent_prefixes.pop(prefix, None)
        if records.id_field and records.id_source != "param":
            records.parents.pop(records.id_field, None)
        return records

    def _renamed(self, kind: str, records: Records) -> dict[str, str]:
        """Parameters whose field has another name, by patch."""
        names = {name for operation in records.operations for name in operation.schema.get("properties", {})}
        renamed = {}
        for operation in records.operations:
            for patch in self._patches.for_operation(kind, operation.id):
                for name, change in patch.params.items():
                    sent = operation.verb != "list" and name in operation.body_schema.get("properties", {})
                    if sent and isinstance(change.field, str) and snake(name) not in names:
                        renamed[name] = change.field
                        self._patches.spend(patch)
        return renamed

    def _path(self, place: Place, records: Records) -> PathFile:
        operations = sorted(place.operations, key=lambda operation: operation.id)
        params = [self._params(operation, place, records) for operation in operations]
        for operation in operations:
            self._add_model(operation, place, records)
        sets: dict[str, bool | str] = {}
        for patch in self._patches.for_path(place.key):
            if patch.sets:
                sets |= patch.sets
                self._patches.spend(patch)
        return PathFile(
            template=place.template,
            role=place.role,
            kind=place.kind,
            id_param=place.id_param,
            parents=tuple(place.parents),
            sets=tuple(sets.items()),
            params=tuple(param for param in params[0] if param.location == "path"),
            operations=tuple(
                self._operation(
                    operation, place, records, [param for param in own if param.location != "path"]
                )
                for operation, own in zip(operations, params, strict=True)
            ),
        )

    def _operation(
        self, operation: Described, place: Place, records: Records, params: list[Param]
    ) -> OperationFile:
        made = OperationFile(
            id=operation.verb.capitalize() + operation.name,
            method=operation.method,
            verb=operation.verb,
            body=operation.body,
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
        for patch in self._patches.for_operation(place.kind, operation.id):
            made = self._patches.apply(patch, made, status=patch.status)
        return made

    def _params(self, operation: Described, place: Place, records: Records) -> list[Param]:
        schemas = operation.schema.get("properties", {}).items()
        fields = {name: field_of(name, schema) for name, schema in schemas}
        found = []
        for param in request_params(operation):
            if operation.verb == "list":
                param = with_filter(param, fields)
            elif param.location == "body":
                param = replace(param, field=records.fields.get(param.name))
            for patch in self._patches.for_operation(place.kind, operation.id):
                if param.name in patch.params:
                    param = self._patches.apply(patch, param, **set_members(patch.params[param.name]))
            found.append(param)
        return found

    def _add_model(self, operation: Described, place: Place, records: Records) -> None:
        name = self._model(operation, records)
        if not name or name in self._models:
            return
        users = [other for other in records.operations if other.model == operation.model]
        shown = Shown(self._shows(place, records), frozenset(operation.schema.get("properties", {})), users)
        fields = []
        for key, schema in operation.schema.get("properties", {}).items():
            typed = self._corrected(field_of(key, schema), place.kind, users, ("type", "format", "enum"))
            field = self._addressed(sourced(typed, records, operation.model), place, shown)
            fields.append(self._corrected(field, place.kind, users))
        self._models[name] = tuple(fields)

    def _model(self, operation: Described, records: Records) -> str:
        """The model's name in the file: with the kind's, where several kinds share a schema."""
        if not operation.model or len(self._users[operation.model]) == 1:
            return operation.model
        return f"{operation.model}@{_resource_name(records.places[0].kind)}"

    def _addressed(self, field: Field, place: Place, shown: Shown) -> Field:
        """The field with its link templates, or with the template of its own address where that is elsewhere."""
        if field.source == "links":
            return replace(field, links=link_templates(field.name, shown, self._addresses))
        if field.source != "url":
            return field
        address = own_address(field.name, shown, self._addresses) or shown.place.template
        here = place.template in (address, address.rpartition("/")[0])
        return replace(field, source_name="" if here else address)

    def _shows(self, place: Place, records: Records) -> Place:
        """Where a record has its address: the path itself, the instance path below, or one with its parents."""
        if place.id_param or place.role not in ("collection", "view"):
            return place
        instances = [other for other in (*records.places, *self._kinds.kin[place.kind]) if other.id_param]
        below = [other for other in instances if other.template.rpartition("/")[0] == place.template]
        alike = [other for other in instances if other.params[:-1] == place.params]
        return next(iter((*below, *alike)), place)

    def _corrected(
        self,
        field: Field,
        kind: str,
        users: list[Described],
        only: Sequence[str] = FieldPatch.__struct_fields__,
    ) -> Field:
        for operation in users:
            for patch in self._patches.for_operation(kind, operation.id):
                for name, change in patch.fields.items():
                    head, _, member = name.partition(".")
                    if head == field.name:
                        given = {key: value for key, value in set_members(change).items() if key in only}
                        field = self._apply(patch, field, member, given)
        return field

    def _apply(self, patch: Patch, field: Field, member: str, given: dict[str, Any]) -> Field:
        """The field, or the member of it that a dotted name in a patch means, changed."""
        if not member:
            return self._patches.apply(patch, field, **given)
        head, _, rest = member.partition(".")
        members = (self._apply(patch, m, rest, given) if m.name == head else m for m in field.fields)
        return replace(field, fields=tuple(members))


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
