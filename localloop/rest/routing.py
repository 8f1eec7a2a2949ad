"""From a host and a path to one path of the contract: a trie, built once.

The product is named by the host (`verify.twilio.com`, `verify.dublin.ie1.twilio.com`, a configured domain) or by the
first path segment (`/verify/v2/…`); `/2010-04-01/…` alone is the `api` product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from localloop.contract.model import Api, Operation, Path, Resource
from localloop.core import errors

# Regions and edges: facts from Twilio's "Global infrastructure" pages and the SDKs' host rewriting.
REGIONS = frozenset({"us1", "ie1", "au1", "jp1", "sg1", "br1", "de1"})
EDGES = frozenset(
    "ashburn dublin frankfurt roaming sao-paulo singapore sydney tokyo umatilla "
    "ashburn-ix frankfurt-ix london-ix san-jose-ix singapore-ix".split()
)
HOME_REGION = "us1"
_REMEMBERED: Final = 1024  # paths: programs ask for the same ones again and again
SUFFIXES = (".json", ".xml", ".csv")
VERSION_2010 = "2010-04-01"
# Accepted where the path has no such method itself; PUT is an update, and creates nothing.
OTHER_METHODS = {"PUT": "POST", "HEAD": "GET"}


class Route(Struct, frozen=True):
    """A path of the contract with everything that serving it needs."""

    api: Api
    resource: Resource
    path: Path
    operations: dict[str, Operation]


class Place(Struct, frozen=True):
    """Which product and region a host names. `product` is None when the path has to say it."""

    product: str | None
    region: str
    by_host: bool


class Match(Struct, frozen=True):
    route: Route
    ids: Mapping[str, str]
    suffix: str  # "", ".json", ".xml", ".csv": the 2010 representation that was asked for


class _Node:
    __slots__ = ("literal", "param", "routes")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.param: _Node | None = None
        self.routes: list[tuple[Route, tuple[str, ...]]] = []


class Router:
    """Holds every path of the given APIs; knows nothing of requests."""

    def __init__(self, apis: Iterable[Api], *, domains: Iterable[str] = ()) -> None:
        self._roots: dict[str, _Node] = {}
        self._domains = ("twilio.com", *domains)
        self._found = lru_cache(_REMEMBERED)(self._find_path)
        for api in apis:
            root = self._roots.setdefault(api.product, _Node())
            for resource in api.resources:
                for path in resource.paths:
                    self._add(root, api, resource, path)

    @staticmethod
    def _add(root: _Node, api: Api, resource: Resource, path: Path) -> None:
        node, names = root, []
        for segment in path.template.strip("/").split("/"):
            if segment.startswith("{") and segment.endswith("}"):
                names.append(segment[1:-1])
                node.param = node.param or _Node()
                node = node.param
            else:
                node = node.literal.setdefault(segment, _Node())
        operations = {operation.method: operation for operation in path.operations}
        known = next((route for route, _ in node.routes if route.path.template == path.template), None)
        if known is not None:  # two documents describe one path: the first to name a method has it
            for method, operation in operations.items():
                known.operations.setdefault(method, operation)
            return
        node.routes.append((Route(api, resource, path, operations), tuple(names)))

    @property
    def products(self) -> Iterable[str]:
        return self._roots.keys()

    def place(self, host: str) -> Place:
        """What a `Host` header (without port) says. Raises 404 for an unknown label under a served domain."""
        for domain in self._domains:
            if host.endswith(f".{domain}"):
                return self._labels(host[: -len(domain) - 1].split("."), host)
        return Place(None, HOME_REGION, False)

    def _labels(self, labels: list[str], host: str) -> Place:
        product, *rest = labels
        region, edges = (rest[-1], rest[:-1]) if rest else (HOME_REGION, [])
        known = product in self._roots and region in REGIONS and len(edges) <= 1 and EDGES.issuperset(edges)
        if not known:
            raise errors.not_found(f"{host}")
        return Place(product, region, True)

    def match(self, place: Place, path: str) -> Match:
        """The route of a path as it came (still percent-encoded). Raises 404 / 20404."""
        found = self._found(place.product, path)
        if found is None:
            product, segments = self._split(place.product, path)
            raise errors.not_found(path, hint=self._hint(segments) if product is None else "")
        return found

    def _find_path(self, named: str | None, path: str) -> Match | None:
        product, segments = self._split(named, path)
        root = self._roots.get(product) if product else None
        return self._find(root, segments) if root else None

    def _split(self, named: str | None, path: str) -> tuple[str | None, list[str]]:
        segments = path[1:].split("/")
        if named is not None:
            return named, segments
        if segments[0] == VERSION_2010:
            return "api", segments
        if segments[0] in self._roots and len(segments) > 1:
            return segments[0], segments[1:]
        return None, segments

    def _find(self, root: _Node, segments: list[str]) -> Match | None:
        if any("%" in segment for segment in segments):
            try:
                segments = [_decoded(segment) for segment in segments]
            except ValueError:  # what is no text names nothing
                return None
        last = segments[-1]
        above = _reached(root, segments)
        for suffix in ("", *(suffix for suffix in SUFFIXES if last.endswith(suffix))):
            name = last.removesuffix(suffix)
            for route, names, values in _ends(above, name):
                is_2010 = route.api.style == "2010"
                if is_2010 if suffix else not (is_2010 and _has_suffix(last, route)):
                    return Match(route, dict(zip(names, values, strict=True)), suffix)
        return None

    def _hint(self, segments: list[str]) -> str:
        forms = [product for product, root in self._roots.items() if self._find(root, segments) is not None]
        return ", ".join(f"/{product}/{'/'.join(segments)}" for product in sorted(forms))


def _decoded(segment: str) -> str:
    """Raises ValueError for what is not UTF-8, and for NUL, which no text in the database may hold."""
    text = unquote(segment, errors="strict")
    if "\0" in text:
        raise ValueError("NUL")
    return text


def _has_suffix(last: str, route: Route) -> bool:
    return last.endswith(SUFFIXES) and not route.path.template.endswith(last)


def _reached(root: _Node, segments: list[str]) -> list[tuple[_Node, tuple[str, ...]]]:
    """The nodes above the last segment with the values on the way, literal segments before parameters."""
    reached: list[tuple[_Node, tuple[str, ...]]] = [(root, ())]
    for segment in segments[:-1]:
        further = []
        for node, values in reached:
            literal = node.literal.get(segment)
            if literal is not None:
                further.append((literal, values))
            if node.param is not None and segment:
                further.append((node.param, (*values, segment)))
        reached = further
    return reached


def _ends(
    above: list[tuple[_Node, tuple[str, ...]]], name: str
) -> Iterator[tuple[Route, tuple[str, ...], tuple[str, ...]]]:
    """Every route whose last segment may be `name`, with the names and values of its parameters."""
    for node, values in above:
        literal = node.literal.get(name)
        if literal is not None:
            for route, names in literal.routes:
                yield route, names, values
        if node.param is not None and name:
            for route, names in node.param.routes:
                yield route, names, (*values, name)


def operation_of(match: Match, method: str) -> Operation:
    """The operation that a method names on a path. Raises 405 / 20004."""
    operations = match.route.operations
    found = operations.get(method) or operations.get(OTHER_METHODS.get(method, ""))
    if found is None or (method == "PUT" and found.verb == "create"):
        raise errors.method_not_allowed()
    return found


def allowed_methods(match: Match) -> list[str]:
    return sorted({*match.route.operations, "OPTIONS"})
