"""The loaded contract, and ways to find things in it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files as package_files

from localloop.contract import files
from localloop.contract.model import Api, Operation, Path, Resource


class Contract:
    """Every API version of Twilio's surface. Lookups raise KeyError for what the contract does not have."""

    def __init__(self, apis: tuple[Api, ...], homes: dict[str, str]) -> None:
        """`homes`: kind → key of the resource that owns it."""
        self.apis = apis
        self._homes = homes

    def resources(self) -> Iterator[Resource]:
        for api in self.apis:
            yield from api.resources

    def operations(self) -> Iterator[tuple[Api, Resource, Path, Operation]]:
        for api in self.apis:
            for resource in api.resources:
                for path in resource.paths:
                    for operation in path.operations:
                        yield api, resource, path, operation

    def resource(self, key: str) -> Resource:
        """By key: `sync.v1.Document`."""
        return self._by_key[key]

    def kind(self, name: str) -> Resource:
        """The resource whose home path owns the records of a kind: `sync/Document`."""
        return self._by_key[self._homes[name]]

    def operation(self, operation_id: str) -> tuple[Api, Resource, Path, Operation]:
        """By id: `sync.v1.CreateDocument`."""
        return self._by_operation[operation_id]

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(self._homes)

    @cached_property
    def _by_key(self) -> dict[str, Resource]:
        return {resource.key: resource for resource in self.resources()}

    @cached_property
    def _by_operation(self) -> dict[str, tuple[Api, Resource, Path, Operation]]:
        return {found[3].id: found for found in self.operations()}


@cache
def load() -> Contract:
    """The whole contract, read once per process."""
    collecting = gc.isenabled()
    gc.disable()  # tens of thousands of values that all stay: collecting while they are made only costs time
    try:
        return _load()
    finally:
        if collecting:
            gc.enable()


def _load() -> Contract:
    apis: list[Api] = []
    homes: dict[str, str] = {}
    data = package_files(__package__) / "data"
    for file in sorted(data.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            api, owned = files.read(file.read_bytes())
            apis.append(api)
            homes.update(
                (resource.kind, resource.key) for resource in api.resources if resource.kind in owned
            )
    return Contract(tuple(apis), homes)
