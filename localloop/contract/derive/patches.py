"""Corrections of Twilio's documents, and what they leave unsaid, as data: each with its reason.

A patch names what it corrects (by `resources`, `kinds`, `paths` or `operations`; `*` is a wildcard) and says what is
true instead. A patch that corrects nothing any more fails the build, so the documents' own repairs are noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from localloop.contract.model import Role, Source


class FieldPatch(Struct, forbid_unknown_fields=True, omit_defaults=True):
    source: Source | UnsetType = UNSET
    source_name: str | UnsetType = UNSET
    initial: Any | UnsetType = UNSET
    type: str | UnsetType = UNSET
    format: str | None | UnsetType = UNSET
    enum: tuple[str, ...] | UnsetType = UNSET
    filled: bool | UnsetType = UNSET
    links: tuple[tuple[str, str], ...] | UnsetType = UNSET


class ParamPatch(Struct, forbid_unknown_fields=True, omit_defaults=True):
    field: str | None | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    type: str | UnsetType = UNSET
    format: str | None | UnsetType = UNSET
    comparison: Literal["=", "<", "<=", ">", ">="] | UnsetType = UNSET


class Patch(Struct, forbid_unknown_fields=True, kw_only=True):
    reason: str
    resources: list[str] = []  # by the names that the documents give: "conversations.v1.ServiceConversation"
    kinds: list[str] = []
    paths: list[str] = []  # "sync.v1 /v1/Services/{Sid}"
    operations: list[str] = []

    kind: str | None = None  # "chat/*" keeps the name
    role: Role | None = None
    id_param: str | None = None
    parents: dict[str, str | None] = {}  # path parameter -> kind; "" = nothing to check, null = no parent at all
    sets: dict[str, bool | str] = {}

    made_by: Literal["client", "activity", "catalogue"] | None = None
    upsert: bool | None = None
    unique: list[str] | None = None
    id_field: str | None = None
    id_source: Literal["sid", "param", "opaque"] | None = None
    prefixes: list[str] | None = None
    home: str | None = None  # path
    attaches: str | None = None

    fields: dict[str, FieldPatch] = {}
    params: dict[str, ParamPatch] = {}
    status: int | None = None


class Patches:
    """All patches, and which of them have been of use."""

    def __init__(self, patches: list[Patch]) -> None:
        self._patches = patches
        self._used: set[int] = set()

    def for_resource(self, key: str) -> Iterator[Patch]:
        return self._matching("resources", key)

    def for_kind(self, kind: str) -> Iterator[Patch]:
        return self._matching("kinds", kind)

    def for_path(self, key: str) -> Iterator[Patch]:
        return self._matching("paths", key)

    def for_operation(self, operation_id: str) -> Iterator[Patch]:
        return self._matching("operations", operation_id)

    def unused(self) -> list[Patch]:
        return [patch for at, patch in enumerate(self._patches) if at not in self._used]

    def _matching(self, target: str, name: str) -> Iterator[Patch]:
        for at, patch in enumerate(self._patches):
            if any(pattern == name or fnmatchcase(name, pattern) for pattern in getattr(patch, target)):
                self._used.add(at)
                yield patch


def read(folder: Path) -> Patches:
    decoder = msgspec.json.Decoder(list[Patch])
    found: list[Patch] = []
    for file in sorted(folder.glob("*.json")):
        found += decoder.decode(file.read_bytes())
    return Patches(found)
