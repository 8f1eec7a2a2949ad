"""The table of what serves each operation: a product's behaviour where one is bound, the plain engine elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import Struct

from localloop.contract.model import Operation, Resource
from localloop.rest.decode import Decoder
from localloop.rest.limits import Limit, Limits
from localloop.rest.plain import Plain
from localloop.rest.render import Renderer
from localloop.rest.request import Binding, Exists, Operate
from localloop.rest.routing import Route

Coverage = Literal["behaves", "plain"]


class Serving(Struct, frozen=True):
    operate: Operate
    renderer: Renderer
    coverage: Coverage
    decode: Decoder
    limits: tuple[Limit, ...] = ()
    counted: bool = True  # takes one of the account's places while it runs
    noted: bool = (
        False  # takes none, and is under way nevertheless, for whoever wants its world to stand still
    )
    is_public: bool = False  # without a suffix it needs no credentials
    keeps: bool = False  # writes the answer that is kept for an idempotency key with its work


def short_id(operation: Operation) -> str:
    """`CreateMessage` of `api.v2010.CreateMessage`."""
    return operation.id.rpartition(".")[2]


class Table:
    """Compiled on first use of an operation, so that 1,541 of them cost nothing at start."""

    def __init__(self, plain: Plain, bindings: Iterable[Binding], limits: Limits | None = None) -> None:
        self._plain = plain
        self._limits = limits or Limits()
        self._bindings = {binding.resource: binding for binding in bindings}
        self._servings: dict[str, Serving] = {}

    def serving(self, route: Route, operation: Operation) -> Serving:
        found = self._servings.get(operation.id)
        if found is None:
            found = self._servings[operation.id] = self._compile(route, operation)
        return found

    def coverage(self, resource_key: str, operation: Operation) -> Coverage:
        binding = self._bindings.get(resource_key)
        return "behaves" if binding and short_id(operation) in binding.operations else "plain"

    def _compile(self, route: Route, operation: Operation) -> Serving:
        binding = self._bindings.get(route.resource.key)
        behaviour = binding.operations.get(short_id(operation)) if binding else None
        renderer = Renderer(route.api, route.resource, route.path, operation)
        counted = self._limits.counts(route.api.product)
        is_alone = binding is not None and short_id(operation) in binding.alone
        return Serving(
            behaviour or self._plain.operate_for(route.path, operation),
            renderer,
            "behaves" if behaviour else "plain",
            Decoder(operation, binding.errors if binding and _refuses(route.resource, operation) else None),
            self._limits.of(route.api.product, operation.id),
            counted,
            not counted and not is_alone and operation.method != "GET",
            binding is not None and short_id(operation) in binding.public,
            behaviour is None or (binding is not None and short_id(operation) in binding.keeps),
        )


def _refuses(resource: Resource, operation: Operation) -> bool:
    """What refuses a value that is written does not refuse a filter of the same name."""
    return operation.verb != "list" or not any(
        other.verb in ("create", "update") for path in resource.paths for other in path.operations
    )


def existence(bindings: Iterable[Binding], kind_of: Callable[[str], str]) -> dict[str, Exists]:
    """Who knows whether a parent of a kind exists, for kinds that a product keeps in tables of its own."""
    return {kind_of(binding.resource): binding.exists for binding in bindings if binding.exists is not None}
