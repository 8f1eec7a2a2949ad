"""Templates of the addresses in `links` and `subresource_uris`, found from the examples' own addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from localloop.contract.derive.documents import Described, Json
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

    def children(self, place: Place) -> Iterator[tuple[str, str]]:
        """(name, template) of the paths one word below an instance path."""
        for below in self._by_shape.get((place.product, place.template.count("/") + 1), ()):
            parent, _, word = below.template.rpartition("/")
            if _PARAM.sub("{}", parent) == _PARAM.sub("{}", place.template) and not word.startswith("{"):
                yield snake(word), f"{place.template}/{word}"

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


class Shown(Struct, frozen=True):
    """Where records are shown that carry links, and what they carry."""

    place: Place  # the instance path, or the singleton's
    fields: frozenset[str]
    operations: list[Described]  # whose examples show the records

    @property
    def own(self) -> str | None:
        return self.place.id_param

    def rows(self) -> Iterator[Json]:
        for operation in self.operations:
            for _, row in operation.records():
                yield row


def link_templates(name: str, shown: Shown, addresses: Addresses) -> tuple[tuple[str, str], ...]:
    """(link name, template) for every link that an example shows or the document declares."""
    found: dict[str, str] = {}
    for row in shown.rows():
        links = row.get(name)
        if isinstance(links, dict):
            found |= {key: value for key, value in links.items() if isinstance(value, str)}
    if name == "subresource_uris":
        declared = shown.place.operations[0].links
        found = {key: value["resource_url"] for key, value in declared.items()} | found
    if not found:
        return tuple(sorted(addresses.children(shown.place)))
    return tuple((key, _template(key, address, shown, addresses)) for key, address in sorted(found.items()))


def own_address(name: str, shown: Shown, addresses: Addresses) -> str | None:
    """The template that the examples' `url` or `uri` points at."""
    for row in shown.rows():
        address = row.get(name)
        target = addresses.find(address, shown.place.product) if isinstance(address, str) else None
        if target is not None and (target.id_param or not shown.own):
            return _rewritten(target, shown)
    return None


def _template(key: str, address: str, shown: Shown, addresses: Addresses) -> str:
    target = addresses.find(address, shown.place.product)
    if target is not None:
        return _rewritten(target, shown, key)
    # No path of the contract is meant: below the record, the address's own words.
    depth = shown.place.template.count("/") + 1
    rest = _SUFFIX.sub("", urlsplit(address).path).split("/")[depth:]
    return "/".join([shown.place.template, *rest])


def _rewritten(target: Place, shown: Shown, key: str = "") -> str:
    """The target's template with the parameters of the record's own path where that leads to it; `key` is the link's
    name."""
    kinds = dict(target.parents)
    names = iter(shown.place.params)
    common = _common_depth(target.template, shown.place.template)
    written = []
    for depth, segment in enumerate(target.template.split("/")):
        if not segment.startswith("{"):
            written.append(segment)
            continue
        name = segment[1:-1]
        if depth < common:
            name = next(names)
        elif shown.own and kinds.get(name) == shown.place.kind:
            name = shown.own
        elif name == shown.own or (
            name not in shown.place.params and snake(name) not in shown.fields | {"account_sid"}
        ):
            name = _field_for(name, kinds.get(name, target.kind), shown, key)
        written.append(f"{{{name}}}")
    return "/".join(written)


def _field_for(name: str, kind: str, shown: Shown, key: str) -> str:
    """`{Sid}` of a conversation, in the links of something else: the field `conversation_sid`.

    The link's name says which (`assignment_activity`: the field `assignment_activity_sid`), else the kind does.
    """
    noun = kind.partition("/")[2]
    words = [f"{part}{name}" for part in reversed(re.findall(r"[A-Z][a-z]+", noun))]
    named = "".join(word.title() for word in key.split("_")) + name
    candidates = [named, *words, f"Default{name}", *(["Identity"] if noun == "User" else [])]
    return next((word for word in candidates if snake(word) in shown.fields), name)


def _common_depth(one: str, other: str) -> int:
    depth = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right and not (left.startswith("{") and right.startswith("{")):
            break
        depth += 1
    return depth
