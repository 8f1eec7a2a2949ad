"""How the contract lies on disk: one JSON file per API, models and path parameters written once and referred to.

`derive` writes these files, `load` reads them; nobody else knows their shape. One field, parameter or operation
stands on a line, so that a change of Twilio's surface reads as a diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from localloop.contract.model import Api, Field, Operation, Paging, Param, Path, Resource, Role, Style, Verb


class OperationFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str  # without the API: "CreateMessage"
    method: str
    verb: Verb
    body: Literal["form", "json", "scim", "none"] = "none"
    status: int = 200
    model: str = ""
    list_key: str | None = None
    paging: Paging = "none"
    default_page_size: int = 50
    max_page_size: int = 1000
    if_match: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    content_type: str = "application/json"
    params: tuple[Param, ...] = ()


class PathFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    template: str
    role: Role
    kind: str
    id_param: str | None = None
    parents: tuple[tuple[str, str], ...] = ()
    sets: tuple[tuple[str, bool | str], ...] = ()
    params: tuple[Param, ...] = ()
    operations: tuple[OperationFile, ...] = ()


class ResourceFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    kind: str
    home: bool = False
    prefixes: tuple[str, ...] = ()
    id_field: str | None = None
    id_source: Literal["sid", "param", "opaque"] = "sid"
    id_param: str | None = None
    unique: tuple[str, ...] = ()
    made_by: Literal["client", "activity", "catalogue"] = "client"
    upsert: bool = False
    attaches: str | None = None
    paths: tuple[PathFile, ...] = ()


class ApiFile(Struct, frozen=True, kw_only=True):
    product: str
    version: str
    prefix: str  # "api.v2010": how keys and operation ids of this API begin
    style: Style
    models: dict[str, tuple[Field, ...]]
    resources: tuple[ResourceFile, ...]


_decoder = msgspec.json.Decoder(ApiFile)


def read(content: bytes) -> tuple[Api, frozenset[str]]:
    """The API in a file, and the kinds that have their home in it."""
    raw = _decoder.decode(content)
    resources = tuple(_resource(raw, resource) for resource in raw.resources)
    homes = frozenset(resource.kind for resource in raw.resources if resource.home)
    return Api(product=raw.product, version=raw.version, style=raw.style, resources=resources), homes


def _resource(api: ApiFile, raw: ResourceFile) -> Resource:
    return Resource(
        key=f"{api.prefix}.{raw.name}",
        name=raw.name,
        kind=raw.kind,
        prefixes=raw.prefixes,
        id_field=raw.id_field,
        id_source=raw.id_source,
        id_param=raw.id_param,
        unique=raw.unique,
        made_by=raw.made_by,
        upsert=raw.upsert,
        attaches=raw.attaches,
        paths=tuple(_path(api, path) for path in raw.paths),
    )


def _path(api: ApiFile, raw: PathFile) -> Path:
    return Path(
        template=raw.template,
        role=raw.role,
        kind=raw.kind,
        id_param=raw.id_param,
        parents=raw.parents,
        sets=raw.sets,
        operations=tuple(_operation(api, raw, operation) for operation in raw.operations),
    )


def _operation(api: ApiFile, path: PathFile, raw: OperationFile) -> Operation:
    return Operation(
        id=f"{api.prefix}.{raw.id}",
        method=raw.method,
        verb=raw.verb,
        params=path.params + raw.params,
        body=raw.body,
        status=raw.status,
        fields=api.models[raw.model] if raw.model else (),
        list_key=raw.list_key,
        paging=raw.paging,
        default_page_size=raw.default_page_size,
        max_page_size=raw.max_page_size,
        if_match=raw.if_match,
        one_of=raw.one_of,
        content_type=raw.content_type,
    )


def write(api: ApiFile) -> bytes:
    """The file's text: sorted by its maker, one fact group per line."""
    return b"".join(_lines(api))


def _lines(api: ApiFile) -> Iterator[bytes]:
    head = {"product": api.product, "version": api.version, "prefix": api.prefix, "style": api.style}
    yield msgspec.json.encode(head)[:-1] + b',\n"models":{'
    separator = b"\n"
    for name, fields in api.models.items():
        yield separator + msgspec.json.encode(name) + b":" + _block(fields)
        separator = b",\n"
    yield b'},\n"resources":['
    separator = b"\n"
    for resource in api.resources:
        yield separator + _opened(resource, "paths") + b",\n".join(map(_path_lines, resource.paths)) + b"]}"
        separator = b",\n"
    yield b"]}\n"


def _path_lines(path: PathFile) -> bytes:
    operations = b",\n".join(
        _opened(operation, "params") + b",".join(b"\n" + _encode(param) for param in operation.params) + b"]}"
        for operation in path.operations
    )
    return b"\n" + _opened(path, "operations") + b"\n" + operations + b"]}"


def _opened(value: Struct, last: str) -> bytes:
    """The value on one line, up to and including the bracket that opens its list `last`."""
    closed = _encode(msgspec.structs.replace(value, **{last: ()}))
    return closed[:-1] + b',"' + last.encode() + b'":['


def _block(fields: tuple[Field, ...]) -> bytes:
    return b"[" + b",".join(b"\n" + _encode(field) for field in fields) + b"]"


def _encode(value: Struct) -> bytes:
    return msgspec.json.encode(value)
