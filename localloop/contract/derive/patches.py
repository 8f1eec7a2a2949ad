"""Corrections of Twilio's documents, and what they leave unsaid, as data: each with its reason.

A patch names what it corrects (by `resources`, `kinds`, `paths` or `operations`; `*` is a wildcard) and says what is
true instead. A patch that corrects nothing any more fails the build, so the documents' own repairs are noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from localloop.contract.model import Role, Source

T = TypeVar("T", bound=Struct)


class FieldPatch(Struct, forbid_unknown_fields=True, omit_defaults=True):
    source: Source | UnsetType = UNSET
    source_name: str | UnsetType = UNSET
    initial: Any | UnsetType = UNSET
    type: str | UnsetType = UNSET
    format: str | UnsetType | None = UNSET
    enum: tuple[str, ...] | UnsetType = UNSET
    filled: bool | UnsetType = UNSET
    links: tuple[tuple[str, str], ...] | UnsetType = UNSET


class ParamPatch(Struct, forbid_unknown_fields=True, omit_defaults=True):
    field: str | UnsetType | None = UNSET
    required: bool | UnsetType = UNSET
    type: str | UnsetType = UNSET
    format: str | UnsetType | None = UNSET
    comparison: Literal["=", "<", "<=", ">", ">="] | UnsetType = UNSET


class Patch(Struct, forbid_unknown_fields=True, kw_only=True):
    reason: str
    resources: list[str] = []  # by the names that the documents give: "conversations.v1.ServiceConversation"
    kinds: list[str] = []
    paths: list[str] = []  # "sync.v1 /v1/Services/{Sid}"
    operations: list[str] = []

    kind: str | None = None  # "chat/*" keeps the name
    role: Role | None = None
    id_param: str | UnsetType = UNSET
    parents: dict[
        str, str | None
    ] = {}  # path parameter -> kind; "" = nothing to check, null = no parent at all
    sets: dict[str, bool | str] = {}

    made_by: Literal["client", "activity", "catalogue"] | UnsetType = UNSET
    upsert: bool | UnsetType = UNSET
    unique: tuple[str, ...] | UnsetType = UNSET
    id_source: Literal["sid", "param", "opaque"] | UnsetType = UNSET
    attaches: str | UnsetType = UNSET

    fields: dict[str, FieldPatch] = {}
    params: dict[str, ParamPatch] = {}
    status: int | UnsetType = UNSET


class Patches:
    """All patches, and which of them have changed something."""

    def __init__(self, patches: list[Patch]) -> None:
        self._patches = patches
        self._spent: set[int] = set()

    def for_resource(self, key: str) -> Iterator[Patch]:
        return self._matching("resources", key)

    def for_kind(self, kind: str) -> Iterator[Patch]:
        return self._matching("kinds", kind)

    def for_path(self, key: str) -> Iterator[Patch]:
        return self._matching("paths", key)

    def for_operation(self, kind: str, operation_id: str) -> Iterator[Patch]:
        """Patches for every operation of a kind, then those for this one."""
        yield from self.for_kind(kind)
        yield from self._matching("operations", operation_id)

    def apply(self, patch: Patch, value: T, **changes: Any) -> T:
        """The value with what is set among `changes`; a patch that changes something is spent."""
        changed = msgspec.structs.replace(value, **{k: v for k, v in changes.items() if v is not UNSET})
        if changed != value:
            self.spend(patch)
        return changed

    def spend(self, patch: Patch) -> None:
        self._spent.add(id(patch))

    def unspent(self) -> list[Patch]:
        return [patch for patch in self._patches if id(patch) not in self._spent]

    def _matching(self, target: str, name: str) -> Iterator[Patch]:
        for patch in self._patches:
            if any(pattern == name or fnmatchcase(name, pattern) for pattern in getattr(patch, target)):
                yield patch


def set_members(change: Struct) -> dict[str, Any]:
    return {name: getattr(change, name) for name in change.__struct_fields__}


def read(folder: Path) -> Patches:
    decoder = msgspec.json.Decoder(list[Patch])
    found: list[Patch] = []
    for file in sorted(folder.glob("*.json")):
        found += decoder.decode(file.read_bytes())
    return Patches(found)
