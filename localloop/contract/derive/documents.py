"""Reading Twilio's OpenAPI documents: every operation with its schemas resolved and its examples at hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from localloop.contract.model import Paging, Style, Verb

Json: TypeAlias = dict[str, Any]
Body: TypeAlias = Literal["form", "json", "scim", "none"]

METHODS = ("get", "post", "put", "patch", "delete")
VERBS: tuple[Verb, ...] = ("create", "fetch", "list", "update", "delete")
PAGING_PARAMS = frozenset({"PageSize", "Page", "PageToken", "pageSize", "pageToken", "page", "page_size"})
_BODIES: dict[str, Body] = {
    "application/x-www-form-urlencoded": "form",
    "application/json": "json",
    "application/scim+json": "scim",
}


class Described(Struct, kw_only=True):
    """One operation as its document describes it."""

    product: str
    version: str
    style: Style
    template: str
    method: str
    verb: Verb
    name: str  # the operation id without its verb: "Message"
    params: list[Json]  # path, query and header parameters, schemas resolved
    body: Body = "none"
    body_schema: Json = {}
    body_examples: Json = {}  # example name -> body
    status: int = 200
    content_type: str = "application/json"
    model: str = ""  # name of the answer's schema; "" = no body
    schema: Json = {}  # of one record of the answer
    list_key: str | None = None
    paging: Paging = "none"
    page_size: int = 50
    max_page_size: int = 1000
    answers: dict[str, Json] = {}  # example name -> one record, or the whole list
    etag: bool = False
    links: Json = {}  # x-twilio.dependentProperties of the path
    one_of: list[list[str]] = []

    @property
    def api(self) -> str:
        """`api.v2010`: how ids and keys of this API begin."""
        return f"{self.product}.{version_label(self.version)}"

    @property
    def id(self) -> str:
        return f"{self.api}.{self.verb.capitalize()}{self.name}"

    def records(self) -> Iterator[tuple[str, Json]]:
        """The records of the published examples, each with its example's name."""
        for name, answer in self.answers.items():
            if self.list_key is None:
                yield name, answer
                continue
            rows = answer.get(self.list_key)
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict):
                    yield name, row


def version_label(version: str) -> str:
    return "v2010" if version == "2010-04-01" else version


def read(folder: Path) -> list[Described]:
    """Every operation of every document in `folder`, once: a document that repeats another adds nothing."""
    found: dict[tuple[str, str, str], Described] = {}
    # "_sdk" is an excerpt of the document without it, so it comes last.
    files = sorted(folder.glob("*.json"), key=lambda file: (file.stem.endswith("_sdk"), file.name))
    for file in files:
        for operation in _Document(json.loads(file.read_text(encoding="utf-8"))).operations():
            found.setdefault((operation.product, operation.template, operation.method), operation)
    return list(found.values())


class _Document:
    def __init__(self, raw: Json) -> None:
        self._raw = raw
        self._product = re.sub(r"^https://|\.twilio\.com$", "", raw["servers"][0]["url"])

    def operations(self) -> Iterator[Described]:
        for template, item in self._raw.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    yield self._operation(template, method, item[method], item.get("x-twilio", {}))

    def resolve(self, schema: Json) -> Json:
        """The schema with references, at its top, followed and `allOf` merged."""
        while "$ref" in schema:
            target: Any = self._raw
            for step in schema["$ref"].split("/")[1:]:
                target = target[step]
            schema = target
        if "allOf" not in schema:
            return schema
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        merged["properties"] = dict(schema.get("properties", {}))
        for part in map(self.resolve, schema["allOf"]):
            merged["properties"] |= part.get("properties", {})
            merged.setdefault("type", part.get("type", "object"))
        return merged

    def deep(self, schema: Json, depth: int = 6) -> Json:
        """The schema with every reference followed, as far down as answers are described."""
        resolved = dict(self.resolve(schema))
        if depth == 0:
            return {key: value for key, value in resolved.items() if key not in ("properties", "items")}
        if "items" in resolved:
            resolved["items"] = self.deep(resolved["items"], depth - 1)
        if "properties" in resolved:
            members = resolved["properties"].items()
            resolved["properties"] = {name: self.deep(member, depth - 1) for name, member in members}
        return resolved

    def _operation(self, template: str, method: str, raw: Json, extra: Json) -> Described:
        version = template.split("/")[1]
        style: Style = "2010" if version == "2010-04-01" else "product"
        verb = next(verb for verb in VERBS if raw["operationId"].lower().startswith(verb))
        params = [self.resolve(param) for param in raw.get("parameters", ())]
        operation = Described(
            product=self._product,
            version=version,
            style=style,
            template=template.removesuffix(".json") if style == "2010" else template,
            method=method.upper(),
            verb=verb,
            name=raw["operationId"][len(verb) :],
            params=[{**param, "schema": self.deep(param.get("schema", {}))} for param in params],
            links=extra.get("dependentProperties", {}),
            one_of=raw.get("x-twilio", {}).get("conditional", []),
        )
        self._read_request(operation, raw.get("requestBody", {}))
        self._read_answer(operation, raw["responses"])
        if operation.body == "json" and not operation.body_schema.get("properties"):
            operation.body_schema = _undeclared(operation)
        return operation

    def _read_request(self, operation: Described, raw: Json) -> None:
        for content_type, media in raw.get("content", {}).items():
            operation.body = _BODIES[content_type]
            operation.body_schema = self.deep(media.get("schema", {}))
            operation.body_examples = _examples(media)

    def _read_answer(self, operation: Described, responses: Json) -> None:
        status = next(status for status in responses if status[0] in "23")
        answer = responses[status]
        operation.status = int(status)
        operation.etag = any(name.lower() == "etag" for name in answer.get("headers", {}))
        for content_type, media in answer.get("content", {}).items():
            operation.content_type = content_type
            operation.answers = _examples(media)
            if operation.verb == "list":
                self._read_list(operation, media["schema"])
            else:
                operation.model = _model_name(media["schema"], operation)
                operation.schema = self.deep(media["schema"])

    def _read_list(self, operation: Described, schema: Json) -> None:
        envelope = self.resolve(schema)
        members = {name: self.resolve(member) for name, member in envelope.get("properties", {}).items()}
        arrays = [name for name, member in members.items() if member.get("type") == "array"]
        key = next(name for name in arrays if name != "schemas")  # SCIM lists carry their "schemas" too
        operation.list_key = key
        operation.model = _model_name(members[key]["items"], operation)
        operation.schema = self.deep(members[key]["items"])
        operation.paging = _paging(members)
        for param in operation.params:
            if param["name"] in ("PageSize", "pageSize"):
                operation.max_page_size = int(param["schema"].get("maximum", 1000))
                operation.page_size = int(param["schema"].get("default") or _shown_page_size(operation))
        operation.page_size = min(operation.page_size, operation.max_page_size)


_SERVER_SET = re.compile(r"^(sid|url|links|account_sid|date_\w+)$")


def _undeclared(operation: Described) -> Json:
    """The body of a JSON request without declared members: what the answer shows and the server does not set."""
    shown = operation.schema.get("properties", {}).items()
    return {"properties": {name: schema for name, schema in shown if not _SERVER_SET.match(name)}}


def _paging(members: Json) -> Paging:
    if "next_page_uri" in members:
        return "2010"
    if "meta" not in members:
        return "plain"
    meta = members["meta"].get("properties", {})
    return "token" if meta.keys() & {"nextToken", "next_token"} else "meta"


def _shown_page_size(operation: Described) -> int:
    for answer in operation.answers.values():
        size = answer.get("page_size") or (answer.get("meta") or {}).get("page_size")
        if size in (20, 50, 100):
            return int(size)
    return 50


def _model_name(schema: Json, operation: Described) -> str:
    reference = schema.get("$ref", "").rpartition("/")[2]
    return re.sub(r"^[\w-]+\.v\d+\.", "", reference) or operation.verb.capitalize() + operation.name


def _examples(media: Json) -> dict[str, Json]:
    found = {name: example.get("value") for name, example in media.get("examples", {}).items()}
    if "example" in media:
        found["example"] = media["example"]
    return {name: value for name, value in found.items() if isinstance(value, dict)}
