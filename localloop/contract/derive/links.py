"""Templates of the addresses in `links` and `subresource_uris`, found from the examples' own addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from localloop.contract.derive.documents import Described
from localloop.contract.derive.schemas import snake
from localloop.contract.derive.structure import Place

_PARAM = re.compile(r"\{(\w+)\}")
_SUFFIX = re.compile(r"\.json$")


class Addresses:
    """Every path of the contract, to be recognised in an address."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._by_shape: dict[tuple[str, int], list[Place]] = {}
        for place in places:
            self._by_shape.setdefault((place.product, place.template.count("/")), []).append(place)

    def find(self, address: str, product: str) -> Place | None:
        """The path that an example's address points at; `product` where the address names no host."""
        parts = urlsplit(address)
        host = parts.hostname.partition(".")[0] if parts.hostname else product
        segments = unquote(_SUFFIX.sub("", parts.path)).split("/")
        fits = [
            place
            for place in self._by_shape.get((host, len(segments) - 1), ())
            if all(
                _fits(wanted, given)
                for wanted, given in zip(place.template.split("/"), segments, strict=True)
            )
        ]
        # `/Workers/Statistics` fits `/Workers/{Sid}` too: the path with fewer parameters is meant.
        return min(fits, key=lambda place: len(place.params), default=None)


def _fits(wanted: str, given: str) -> bool:
    return wanted == given or (wanted.startswith("{") and given != "")


def link_templates(
    name: str, operations: list[Described], place: Place, own: str | None, addresses: Addresses
) -> tuple[tuple[str, str], ...]:
    """(link name, template) for every link that an example shows or the document declares.

    `place` shows the records, `own` is the parameter of its path that names a record.
    """
    shown: dict[str, str] = {}
    for operation in operations:
        for _, row in operation.records():
            links = row.get(name)
            if isinstance(links, dict):
                shown |= {key: value for key, value in links.items() if isinstance(value, str)}
    if name == "subresource_uris":
        declared = place.operations[0].links
        shown = {key: value["resource_url"] for key, value in declared.items()} | shown
    found = []
    for key, address in sorted(shown.items()):
        target = addresses.find(address, place.product)
        template = _rewritten(target, place, own) if target else _by_name(key, place)
        found.append((key, template))
    return tuple(found)


def _rewritten(target: Place, place: Place, own: str | None) -> str:
    """The target's template with the parameters of `place` where the record's own path leads to it."""
    kinds = dict(target.parents)
    names = iter(place.params)
    common = _common_depth(target.template, place.template)
    written = []
    for depth, segment in enumerate(target.template.split("/")):
        if not segment.startswith("{"):
            written.append(segment)
            continue
        name = segment[1:-1]
        if depth < common:
            name = next(names)
        elif own and kinds.get(name) == place.kind:
            name = own
        written.append(f"{{{name}}}")
    return "/".join(written)


def _common_depth(one: str, other: str) -> int:
    depth = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right and not (left.startswith("{") and right.startswith("{")):
            break
        depth += 1
    return depth


def _by_name(key: str, place: Place) -> str:
    """No path of the contract is meant: the address that the name suggests, below the record."""
    words = "".join(part.capitalize() for part in snake(key).split("_"))
    return f"{place.template}/{words}"


def own_address(
    name: str, operations: list[Described], place: Place, own: str | None, addresses: Addresses
) -> str | None:
    """The template that the examples' `url` or `uri` points at."""
    for operation in operations:
        for _, row in operation.records():
            address = row.get(name)
            if isinstance(address, str) and (target := addresses.find(address, place.product)):
                return _rewritten(target, place, own)
    return None
