"""What is bound to behaviour stands in the contract, and its typed record has the contract's fields."""

from __future__ import annotations

import msgspec
import pytest

from localloop import contract
from tests.house import tree


@pytest.fixture(scope="module")
def bindings() -> list:
    from localloop import server

    return list(server.bindings())


def test_bindings_exist(bindings: list) -> None:
    assert bindings


def test_every_bound_resource_stands_in_the_contract(bindings: list) -> None:
    known = {resource.key for api in contract.load().apis for resource in api.resources}
    tree.forbid(bound.resource for bound in bindings if bound.resource not in known)


def test_typed_fields_agree_with_the_contract(bindings: list) -> None:
    """A record may keep more than it shows; what it shows must be spelled as the contract spells it."""
    wrong = []
    for bound in bindings:
        if bound.record is None:
            continue
        resource = contract.load().resource(bound.resource)
        shown = {
            field.name
            for path in resource.paths
            for operation in path.operations
            for field in operation.fields
            if field.source not in ("url", "links")
        }
        typed = {field.name for field in msgspec.structs.fields(bound.record)}
        wrong += [f"{bound.resource}: no field {name}" for name in bound.aliases if name not in shown]
        wrong += [
            f"{bound.resource}: {bound.record.__name__} lacks {name}"
            for name in shown
            if bound.aliases.get(name, name) not in typed
        ]
    tree.forbid(wrong)
