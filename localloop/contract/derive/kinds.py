"""Which paths show the same records, which path owns them, and what names a record."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from msgspec.structs import replace

from localloop.contract.derive import structure
from localloop.contract.derive.documents import version_label
from localloop.contract.derive.patches import Patches
from localloop.contract.derive.schemas import request_params, snake
from localloop.contract.derive.sources import Records
from localloop.contract.derive.structure import Place

_ROLES = {"instance": 0, "collection": 1, "view": 2, "singleton": 3, "action": 4}


class Kinds:
    """Every kind of record with its paths in all APIs. Completes the given places: kinds, parents, views."""

    def __init__(self, places: list[Place], patches: Patches) -> None:
        self._patches = patches
        for place in places:
            self._correct(place)
        self.kin = families(places)
        structure.find_parents(places, self._by_prefix())
        for place in places:
            self._correct_parents(place)
        self.homes = {kind: self._home(kind, group) for kind, group in self.kin.items()}
        for place in places:
            home = self.homes[place.kind]
            if place.role in ("collection", "instance") and _parent_kinds(place) != _parent_kinds(home):
                place.role = "view"

    def identify(self, kind: str, group: list[Place]) -> Records:
        """What names the records at these paths of a kind. Paths without an instance path follow their kin."""
        records = self._identify(kind, group)
        if any(place.id_param for place in group) or not any(place.id_param for place in self.kin[kind]):
            return records
        other = self._identify(kind, self.kin[kind])
        shown = any(other.id_field in o.schema.get("properties", {}) for o in records.operations)
        return replace(other, places=group) if shown else records

    def _correct(self, place: Place) -> None:
        key = f"{place.api}.{place.name}"
        for patch in (*self._patches.for_resource(key), *self._patches.for_path(place.key)):
            before = place.kind, place.role, place.id_param
            if patch.kind:
                place.kind = patch.kind.replace("*", place.name)
            if patch.role:
                place.role, place.id_param = patch.role, None
            if patch.id_param:
                place.id_param = patch.id_param
            if before != (place.kind, place.role, place.id_param):
                self._patches.spend(patch)

    def _correct_parents(self, place: Place) -> None:
        for patch in self._patches.for_path(place.key):
            named = [(name, patch.parents.get(name, kind)) for name, kind in place.parents]
            if named != place.parents:
                self._patches.spend(patch)
            place.parents = [(name, kind) for name, kind in named if kind is not None]

    def _by_prefix(self) -> dict[str, str]:
        """The kind of each SID prefix that belongs to one kind only."""
        owners: dict[str, set[str]] = defaultdict(set)
        for kind, group in self.kin.items():
            if any(place.role == "instance" for place in group):
                records = self._identify(kind, group)
                for prefix in records.prefixes if records.id_source == "sid" else ():
                    owners[prefix].add(kind)
        return {prefix: kinds.pop() for prefix, kinds in owners.items() if len(kinds) == 1}

    def _home(self, kind: str, group: list[Place]) -> Place:
        """The path that owns a kind: where its own product makes it, in its newest version, with the fewest parents."""
        product = kind.partition("/")[0]
        versions = sorted({version_label(place.version) for place in group})
        makers = {place.api for place in group if place.operation("create")}

        def rank(place: Place) -> tuple[Any, ...]:
            elsewhere = place.product != product, place.api not in makers
            newest = -versions.index(version_label(place.version))
            return *elsewhere, _ROLES[place.role], len(place.parents), newest, place.template

        return min(group, key=rank)

    def _identify(self, kind: str, group: list[Place]) -> Records:
        alone = all(place.role == "singleton" for place in group)
        id_field = None if alone else structure.id_field_of(group)
        records = Records(places=group, id_field=id_field, prefixes=structure.prefixes_of(group, id_field))
        chosen = _chosen_by_client(records)
        if chosen:
            records.id_source, records.id_param = "param", chosen
        elif not records.prefixes:
            records.id_source = "opaque"
        for patch in self._patches.for_kind(kind):
            records = self._patches.apply(patch, records, id_source=patch.id_source, id_param=patch.id_param)
        if records.id_source == "param" and records.id_param is None:
            records.id_param = next((place.id_param for place in group if place.id_param), None)
        return records


def families(places: list[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        found[place.kind].append(place)
    return found


def _parent_kinds(place: Place) -> list[str]:
    return [kind for _, kind in place.parents]


def _chosen_by_client(records: Records) -> str | None:
    """The parameter of a create that is the id: a name or key, or the SID of a record that it attaches."""
    creates = [place.operation("create") for place in records.places if place.role != "action"]
    for create in filter(None, creates):
        for param in request_params(create):
            named = snake(param.name) == records.id_field
            attached = param.name.endswith("Sid") and param.required and param.sid == records.prefixes != ()
            if param.location == "body" and (named or attached):
                return param.name
    return None
