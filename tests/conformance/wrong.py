"""Requests that must be refused, and how: a parameter left out, a value outside its enum, an id of somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from localloop.contract.model import Operation
from tests.conformance import judges, special
from tests.conformance.walk import ACCOUNT_NAMES, Place, foreign

INVALID = 20001
NOT_FOUND = 20404


class Wrong(Struct, frozen=True):
    """One request that must not pass."""

    name: str
    params: dict[str, Any]
    code: int


def requests(operation: Operation, params: Mapping[str, Any]) -> Iterator[Wrong]:
    """Each required parameter left out, each enum with a value that it has not."""
    codes = special.CODES.get(operation.id, {})
    for param in operation.params:
        if param.location not in ("body", "query"):
            continue
        code = codes.get(param.name, INVALID)
        if param.required:
            rest = {name: value for name, value in params.items() if name != param.name}
            yield Wrong(f"without {param.name}", rest, code)
        if judges.is_enum(param):
            bad: Any = ["no-such-value"] if param.type == "array" else "no-such-value"
            yield Wrong(f"bad {param.name}", {**params, param.name: bad}, code)
    for group in operation.one_of:
        rest = {name: value for name, value in params.items() if name not in group}
        yield Wrong(f"without any of {group}", rest, codes.get(group[0], INVALID))


def strange_ids(place: Place, ids: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The same path with one id, of the record or of a parent, that is well-formed and nobody's."""
    path = place[2]
    named = [param for param, kind in path.parents if kind and param not in ACCOUNT_NAMES]
    if path.id_param and not _makes_what_it_names(place) and path.id_param not in named:
        named.append(path.id_param)
    for param in named:
        if param in ids:
            yield param, {**ids, param: foreign(ids[param])}


def _makes_what_it_names(place: Place) -> bool:
    _, resource, path, operation = place
    return (resource.upsert and operation.verb != "delete") or (
        operation.verb == "create" and path.role != "action" and not resource.attaches
    )
