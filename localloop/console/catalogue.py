"""The API explorer's catalogue: every operation of the contract, what it takes, and whether it behaves here.

Made once per process, when it is first asked for, and kept compressed.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from localloop import contract
from localloop.contract.model import Api, Operation, Param, Path, Resource

Coverage = Callable[[str, Operation], str]  # (resource key, operation) → "behaves" or "plain"
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-_]")
_VERBS: Final = {"create": "Create", "fetch": "Fetch", "list": "List", "update": "Update", "delete": "Delete"}
_LOCATIONS: Final = {"path": "path", "query": "query", "body": "form", "header": "header"}
_TITLES: Final = {
    "api": "Core API",
    "flex-api": "Flex",
    "iam": "IAM",
    "ip-messaging": "IP Messaging",
    "oauth": "OAuth",
    "preview-iam": "IAM (preview)",
    "supersim": "Super SIM",
    "taskrouter": "TaskRouter",
    "trusthub": "Trust Hub",
}


class Catalogue:
    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._made: asyncio.Task[tuple[bytes, str]] | None = None

    async def answer(self, request: Request) -> Response:
        """All of it; 304 when the browser has it already."""
        if self._made is None:
            self._made = asyncio.create_task(asyncio.to_thread(_packed, self._coverage))
        packed, etag = await asyncio.shield(self._made)
        headers = {"etag": etag, "cache-control": "no-cache, private", "vary": "accept-encoding"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(packed, headers=headers, media_type="application/json")
        return Response(gzip.decompress(packed), headers=headers, media_type="application/json")


def _packed(coverage: Coverage) -> tuple[bytes, str]:
    plain = orjson.dumps({"products": list(_products(coverage))})
    return gzip.compress(plain, 9, mtime=0), f'"{sha256(plain).hexdigest()[:32]}"'


def _products(coverage: Coverage) -> Iterator[dict[str, Any]]:
    """A product's versions are shown as one product, their resources by version."""
    products: dict[str, list[dict[str, Any]]] = {}
    for api in contract.load().apis:
        resources = products.setdefault(api.product, [])
        resources += [_resource(api, resource, coverage) for resource in api.resources]
    for name in sorted(products, key=lambda name: (name != "api", title_of(name).lower())):
        yield {"name": name, "title": title_of(name), "resources": products[name]}


def title_of(product: str) -> str:
    """`Conversations` of `conversations`."""
    return _TITLES.get(product) or product.replace("-", " ").title()


def _resource(api: Api, resource: Resource, coverage: Coverage) -> dict[str, Any]:
    return {
        "key": resource.key,
        "name": resource.name,
        "version": api.version,
        "path": address_of(api, resource.paths[0]) if resource.paths else "",
        "operations": [
            _operation(api, path, operation, coverage(resource.key, operation) == "behaves")
            for path in resource.paths
            for operation in path.operations
        ],
    }


def address_of(api: Api, path: Path) -> str:
    """The path as it is asked under the plain host: `/2010-04-01/….json`, `/verify/v2/Services`."""
    return f"{path.template}.json" if api.style == "2010" else f"/{api.product}{path.template}"


def _operation(api: Api, path: Path, operation: Operation, behaves: bool) -> dict[str, Any]:
    return {
        "id": operation.id,
        "method": operation.method,
        "path": address_of(api, path),
        "summary": summary_of(operation),
        "behaves": behaves,
        "body": "json" if operation.body == "scim" else operation.body,
        "params": [_param(param) for param in operation.params],
    }


def summary_of(operation: Operation) -> str:
    """`Create phone message` of `CreatePhoneMessage`."""
    name = operation.id.rpartition(".")[2]
    for verb in _VERBS.values():
        if name.startswith(verb) and len(name) > len(verb):
            words = [
                word if word.isupper() else word.lower() for word in _WORDS.split(name[len(verb) :]) if word
            ]
            return " ".join([verb, *words])
    return " ".join(word for word in _WORDS.split(name) if word)


def _param(param: Param) -> dict[str, Any]:
    inner = param.items
    enum = param.enum or (inner.enum if inner is not None else ())
    shown: dict[str, Any] = {
        "name": param.name,
        "in": _LOCATIONS[param.location],
        "type": param.type,
        "required": param.required,
    }
    optional = {
        "enum": list(enum),
        "format": param.format,
        "prefix": param.prefix,
        "minimum": param.minimum,
        "maximum": param.maximum,
    }
    return shown | {name: value for name, value in optional.items() if value not in (None, [], "")}
