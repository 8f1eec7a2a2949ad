"""Two answers held against each other: their fields and types, and not the values, which must differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from localloop.contract.model import Field, Operation
from localloop.intercept.comparison.difference import Found
from localloop.intercept.recording import Answer

# Presence alone is compared, but for the two whose form is the same for everybody.
_HEADERS: Final = (
    "Content-Type",
    "ETag",
    "Location",
    "Retry-After",
    "Twilio-Concurrent-Requests",
    "Twilio-Request-Duration",
    "Twilio-Request-Id",
    "WWW-Authenticate",
)
_WHOLE: Final = frozenset({"Content-Type", "WWW-Authenticate"})
_FORMS: Final = (
    ("SID", re.compile(r"([A-Z]{2})[0-9a-f]{32}")),
    ("RFC 2822 date", re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}")),
    ("ISO 8601 date", re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")),
    ("absolute address", re.compile(r"https?://\S+")),
    ("relative address", re.compile(r"/\S+")),
)
_ELEMENT: Final = re.compile(r"<([A-Za-z_][\w.-]*)")
_ERROR_FIELDS: Final = ("message", "more_info", "status")
_Fields = Mapping[str, Field]


def differences(there: Answer, here: Answer, operation: Operation | None, says: Any) -> Iterator[Found]:
    """All but what concerns lists. When one is an error and the other is none, that alone is told.

    `says` is the JSON of the answer here, its records in the order of those there.
    """
    if there.status != here.status:
        yield Found("status", "status", str(there.status), str(here.status))
    if (there.status >= 400) != (here.status >= 400):
        return
    yield from _headers(there, here)
    said = there.json()
    if there.status >= 400 and isinstance(said, dict) and isinstance(says, dict):
        yield from _error(said, says)
    elif said is not None and says is not None:
        yield from _values(said, says, fields_of(operation), "")
    elif said is not None or says is not None:
        if there.body is not None and here.body is not None:
            yield Found("type", "body", _kind(said, there), _kind(says, here))
    elif "xml" in there.header("Content-Type") and "xml" in here.header("Content-Type"):
        yield from _elements(there.body or "", here.body or "")


def fields_of(operation: Operation | None) -> _Fields:
    if operation is None:
        return {}
    fields = {field.name: field for field in operation.fields}
    if operation.verb == "list" and operation.list_key:
        record = Field(name=operation.list_key, type="object", fields=operation.fields)
        return {operation.list_key: Field(name=operation.list_key, type="array", items=record)}
    return fields


def form_of(text: str) -> str:
    """What kind of text this is, where that can be told; "" elsewhere."""
    for name, pattern in _FORMS:
        found = pattern.fullmatch(text)
        if found is not None:
            return f"SID {found[1]}" if name == "SID" else name
    return ""


def texts(there: str, here: str, where: str) -> Iterator[Found]:
    """Two texts of different forms."""
    if there and here:
        forms = form_of(there), form_of(here)
        if forms[0] != forms[1]:
            yield Found("type", where, forms[0] or "text", forms[1] or "text")


def _headers(there: Answer, here: Answer) -> Iterator[Found]:
    for name in _HEADERS:
        said, says = there.header(name), here.header(name)
        if name == "Content-Type" and (there.status == 204 or here.status == 204):
            continue
        if bool(said) != bool(says):
            yield Found("header", name, _short(said) or "missing", _short(says) or "missing")
        elif name in _WHOLE and _plain(said) != _plain(says):
            yield Found("header", name, said, says)
        elif name == "Location":
            yield from texts(said, says, name)


def _plain(header: str) -> str:
    """`text/xml;charset=utf-8` is `text/xml; charset=UTF-8`."""
    return re.sub(r'[\s"]', "", header).lower()


def _error(there: dict[str, Any], here: dict[str, Any]) -> Iterator[Found]:
    if there.get("code") != here.get("code"):
        yield Found("code", "code", str(there.get("code")), str(here.get("code")))
    yield from _keys(there, here, "")
    for name in _ERROR_FIELDS:
        if name in there and name in here and _type(there[name]) != _type(here[name]):
            yield Found("type", name, _type(there[name]), _type(here[name]))


def _keys(there: dict[str, Any], here: dict[str, Any], where: str) -> Iterator[Found]:
    for name, value in there.items():
        if name not in here:
            yield Found("missing", _below(where, name), _type(value), "")
    for name, value in here.items():
        if name not in there:
            yield Found("extra", _below(where, name), "", _type(value))


def _values(
    there: Any, here: Any, fields: _Fields, where: str, field: Field | None = None
) -> Iterator[Found]:
    if there is None or here is None:
        if (there is None) != (here is None) and field is not None and field.filled:
            yield Found("null", where, _type(there), _type(here))
        return
    kinds = _type(there), _type(here)
    if kinds[0] != kinds[1]:
        yield Found("type", where, *kinds)
    elif isinstance(there, dict):
        if not _is_free(field):
            yield from _objects(there, here, fields, where)
    elif isinstance(there, list):
        yield from _items(there, here, field, where)
    elif isinstance(there, str):
        yield from texts(there, here, where)


def _objects(there: dict[str, Any], here: dict[str, Any], fields: _Fields, where: str) -> Iterator[Found]:
    yield from _keys(there, here, where)
    for name, value in there.items():
        if name in here:
            field = fields.get(name)
            inner = {each.name: each for each in field.fields} if field else {}
            yield from _values(value, here[name], inner, _below(where, name), field)


def _items(there: Sequence[Any], here: Sequence[Any], field: Field | None, where: str) -> Iterator[Found]:
    """Each against its own place; what is the same in several is told once."""
    of_items = field.items if field else None
    inner = {each.name: each for each in of_items.fields} if of_items else {}
    told: dict[Found, None] = {}
    for said, says in zip(there, here, strict=False):
        told.update(dict.fromkeys(_values(said, says, inner, f"{where}[]", of_items)))
    yield from told


def _is_free(field: Field | None) -> bool:
    """An object whose members are the program's own: attributes, variables."""
    return field is not None and field.type == "object" and not field.fields and field.format != "uri-map"


def _elements(there: str, here: str) -> Iterator[Found]:
    said, says = set(_ELEMENT.findall(there)), set(_ELEMENT.findall(here))
    for name in sorted(said - says):
        yield Found("missing", f"<{name}>", "element", "")
    for name in sorted(says - said):
        yield Found("extra", f"<{name}>", "", "element")


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _kind(value: Any, answer: Answer) -> str:
    return _type(value) if value is not None else ("text" if answer.body else "nothing")


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "number", float: "number", dict: "object", list: "array"}
    return names[type(value)]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
