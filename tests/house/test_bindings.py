"""What is bound to behaviour stands in the contract, and its typed record has the contract's fields."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from localloop import contract
from localloop.contract.model import Operation, Resource
from localloop.lab import surface
from localloop.rest.request import Binding
from tests.house import exemptions, tree


@pytest.fixture(scope="module")
def bindings() -> list[Binding]:
    from localloop import server

    return list(server.bindings())


@pytest.fixture(scope="module")
def resources() -> dict[str, Resource]:
    from localloop import server

    apis = (*contract.load().apis, *server.BESIDES, surface.API)
    return {resource.key: resource for api in apis for resource in api.resources}


def _operations(resource: Resource) -> dict[str, Operation]:
    """By the names that bindings use: without the API's prefix."""
    return {each.id.rpartition(".")[2]: each for path in resource.paths for each in path.operations}


def test_something_behaves(bindings: list[Binding]) -> None:
    assert bindings


def test_bound_resources_stand_in_the_contract(
    bindings: list[Binding], resources: dict[str, Resource]
) -> None:
    tree.forbid(bound.resource for bound in bindings if bound.resource not in resources)


def test_bound_operations_stand_in_the_contract(
    bindings: list[Binding], resources: dict[str, Resource]
) -> None:
    tree.forbid(
        f"{bound.resource}: {name}"
        for bound in bindings
        if bound.resource in resources
        for name in set(bound.operations) - set(_operations(resources[bound.resource]))
    )


def test_no_operation_is_bound_twice(bindings: list[Binding]) -> None:
    named = [f"{bound.resource}: {name}" for bound in bindings for name in bound.operations]
    tree.forbid(name for name in set(named) if named.count(name) > 1)


def test_typed_fields_agree_with_the_contract(
    bindings: list[Binding], resources: dict[str, Resource]
) -> None:
    """A record may keep more than it shows, and leave out what the contract gives an initial value."""
    found = {
        (bound.resource, name): f"{bound.resource}: {bound.record.__name__} has no {name}"
        for bound in bindings
        if bound.record is not None and bound.resource in resources
        for name in _not_typed(bound, resources[bound.resource])
    }
    tree.forbid(told for place, told in found.items() if place not in exemptions.FIELDS_WITHOUT_A_RECORD)
    assert set(exemptions.FIELDS_WITHOUT_A_RECORD) <= set(found)


def _not_typed(bound: Binding, resource: Resource) -> Iterator[str]:
    assert bound.record is not None
    kept = msgspec.structs.fields(bound.record)
    computed = {name for name, value in vars(bound.record).items() if isinstance(value, property)}
    typed = computed.union(*({field.name, field.encode_name} for field in kept))
    operations = _operations(resource)
    shown = {
        field.name
        for name in bound.operations
        if name in operations
        for field in operations[name].fields
        if field.source not in ("url", "links") and not field.initial
    }
    yield from (name for name in sorted(shown) if bound.aliases.get(name, name) not in typed)
    yield from (f"{name} (an alias)" for name in sorted(bound.aliases) if name not in shown)
