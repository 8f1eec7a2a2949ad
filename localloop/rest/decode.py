"""What a request asks for: its parameters by wire name, typed as the contract says, and the page of a list.

A `Decoder` is compiled once per operation. Reading and checking the five parameters of a message takes half as
long as `parse_qsl` alone: a name is looked up as it stands, a value is unescaped only where a `%` stands in it.

An empty text is a wish to clear a property and stays `""`, whatever the type of a string parameter; numbers and
booleans cannot be cleared, so theirs count as not sent, an empty array is `[]`, and empty filters filter nothing.
A parameter that is required must not be empty. `overrides` gives errors of a product's own: parameter name →
function of the refused text ("" when it is missing).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

import orjson
from msgspec import Struct

from localloop.contract.model import Operation, Param, Style
from localloop.core import errors
from localloop.rest import forms, values
from localloop.rest.forms import MULTIPART, URLENCODED, unquote
from localloop.rest.request import PageRequest
from localloop.rest.values import JsonReader, TextReader

Overrides = Mapping[str, Callable[[str], Exception]]
Direction = Literal["after", "before"]
JSON_TYPES: Final = frozenset({"application/json", "application/scim+json"})
SIZE_NAMES: Final = ("PageSize", "pageSize")
TOKEN_NAMES: Final = ("PageToken", "pageToken")
CAPPED_SIZE: Final = 1000  # the SDKs ask for up to as many, whatever an operation's own maximum is
_PAGE: Final = tuple(Param(name=name, location="query") for name in (*SIZE_NAMES, "Page", *TOKEN_NAMES))
ABSENT: Final = object()
MAX_DEPTH: Final = 8  # of a prefixed map
_MARKS: Final = {"after": "PA", "before": "PB"}
_PLAIN_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]+")


class Slot(Struct, frozen=True):
    """Where one wire key goes."""

    name: str
    read: TextReader | None
    keeps_empty: bool = True  # "" is a value
    is_array: bool = False
    takes_lists: bool = False  # of an array: one value may be a JSON array of several
    takes_bytes: bool = False


class Decoder:
    """Reads the parameters of one operation. Raises ApiError 400 for what is missing, malformed or broken."""

    def __init__(self, operation: Operation, overrides: Overrides | None = None) -> None:
        self._overrides = overrides or {}
        self._body = operation.body
        self._in_query = operation.method in ("GET", "DELETE")
        sent = [param for param in operation.params if param.location in ("query", "body")]
        if operation.verb == "list" and operation.paging != "none":
            sent.extend(_PAGE)
        is_form = operation.body == "form"
        self._maps = {f"{param.prefix}.": param for param in sent if param.prefix}
        self._slots = _slots(
            (param for param in sent if not param.prefix and (is_form or param.location == "query")),
            operation,
        )
        self._json: dict[str, tuple[JsonReader, Slot]] = {
            param.name: (values.json_reader(param), _slot(param, operation))
            for param in sent
            if param.location == "body" and not is_form
        }
        self._required = [(param.name, param.location) for param in sent if param.required]
        self._one_of = operation.one_of

    def __call__(self, query: bytes, content_type: str, body: bytes) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if query:
            self._read_pairs(query, params)
        if body and not self._in_query:
            self._read_body(content_type, body, params)
        if self._required or self._one_of:
            self._check_presence(params)
        return params

    def _read_body(self, content_type: str, body: bytes, params: dict[str, Any]) -> None:
        """A body of another kind than the operation's is not seen at all."""
        kind = content_type
        if kind != URLENCODED:
            kind = kind.partition(";")[0].strip().lower()
        if self._body == "form":
            if kind == URLENCODED or not kind:
                self._read_pairs(body, params)
            elif kind == MULTIPART:
                self._read_parts(content_type, body, params)
        elif self._body != "none" and (kind in JSON_TYPES or not kind):
            self._read_json(body, params)

    def _read_pairs(self, raw: bytes, params: dict[str, Any]) -> None:
        slots, slot, text = self._slots, None, ""
        try:
            for pair in raw.decode().replace("+", " ").split("&"):
                key, _, text = pair.partition("=")
                if "%" in text:
                    text = unquote(text)
                if "\0" in text:
                    raise forms.contains_nul()
                slot = slots.get(key) or self._unusual(key, text, params)
                if slot is None:
                    continue
                if text and not slot.is_array:
                    read = slot.read
                    params[slot.name] = text if read is None else read(text)
                else:
                    _put(slot, text, params)
        except UnicodeDecodeError:
            raise forms.invalid_utf8() from None
        except ValueError as problem:
            raise self._malformed(slot, text, problem) from None

    def _unusual(self, key: str, text: str, params: dict[str, Any]) -> Slot | None:
        """A key that is escaped, or belongs to a prefixed map, or is none of ours."""
        if "%" in key:
            key = unquote(key)
            if "\0" in key:
                raise forms.contains_nul()
        if self._maps:
            self._add_to_map(key, text, params)
        return self._slots.get(key)

    def _add_to_map(self, key: str, text: str, params: dict[str, Any]) -> None:
        """`AddOns.whitepages.depth=1` → `{"whitepages": {"depth": "1"}}`."""
        for prefix, param in self._maps.items():
            if key.startswith(prefix):
                *outer, last = key[len(prefix) :].split(".", MAX_DEPTH)
                level = params.setdefault(param.name, {})
                for step in outer:
                    inner = level.get(step)
                    if not isinstance(inner, dict):
                        inner = level[step] = {}
                    level = inner
                level[last] = text

    def _read_parts(self, content_type: str, body: bytes, params: dict[str, Any]) -> None:
        for part in forms.multipart(content_type, body):
            slot = self._slots.get(part.name)
            if slot is None:
                if self._maps:
                    self._add_to_map(part.name, forms.text(part.content), params)
            elif part.is_file and slot.takes_bytes:
                params[slot.name] = part.content
            else:
                text = forms.text(part.content)
                try:
                    _put(slot, text, params)
                except ValueError as problem:
                    raise self._malformed(slot, text, problem) from None

    def _read_json(self, body: bytes, params: dict[str, Any]) -> None:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise forms.broken("The request body is not valid JSON.") from None
        if not isinstance(document, dict):
            raise forms.broken("The request body must be a JSON object.")
        if b"\\u0000" in body:
            try:
                values.refuse_nul(document)
            except ValueError:
                raise forms.contains_nul() from None
        for name, (read, slot) in self._json.items():
            value = document.get(name, ABSENT)
            if value is None or value == "":
                _put(slot, "", params)
            elif value is not ABSENT:
                try:
                    params[name] = read(value)
                except ValueError as problem:
                    raise self._malformed(slot, str(value), problem) from None

    def _check_presence(self, params: dict[str, Any]) -> None:
        get = params.get
        for name, location in self._required:
            if not get(name) and _is_empty(get(name)):
                raise self._missing(name, location)
        for group in self._one_of:
            for name in group:
                if get(name) or not _is_empty(get(name)):
                    break
            else:
                raise self._missing(
                    next((name for name in group if name in self._overrides), group[0]), "body"
                )

    def _missing(self, name: str, location: str) -> Exception:
        override = self._overrides.get(name)
        if override is not None:
            return override("")
        if location == "query":
            return errors.missing_query_parameter(name)
        return errors.missing_parameter(name)

    def _malformed(self, slot: Slot | None, text: str, problem: ValueError) -> Exception:
        name = slot.name if slot else ""
        override = self._overrides.get(name)
        if override is not None:
            return override(text)
        return errors.invalid_parameter(name, str(problem))


def _slots(params: Iterable[Param], operation: Operation) -> dict[str, Slot]:
    """Slots by every spelling of their keys that is worth a look-up: `DateSent>`, `DateSent%3E`."""
    slots = {}
    for param in params:
        slot = _slot(param, operation)
        for spelling in (param.name, quote(param.name, safe="")):
            slots[spelling] = slot
            if param.name[-1] in "<>":
                slots[f"{spelling}%3D"] = slots[f"{spelling}="] = slot
    return slots


def _slot(param: Param, operation: Operation) -> Slot:
    is_filter = operation.verb == "list"
    if param.type == "array":
        item = param.items or Param(name=param.name, location=param.location)
        takes_lists = item.type in ("object", "any", "array")
        read = values.text_reader(item, is_filter=is_filter)
        keeps_empty = _keeps_empty(param, operation)
        return Slot(param.name, read, keeps_empty, is_array=True, takes_lists=takes_lists)
    return Slot(
        param.name,
        values.text_reader(param, is_filter=is_filter),
        keeps_empty=_keeps_empty(param, operation),
        takes_bytes=param.format in ("binary", "byte"),
    )


def _keeps_empty(param: Param, operation: Operation) -> bool:
    return operation.verb != "list" and param.type not in ("integer", "number", "boolean")


def _put(slot: Slot, text: str, params: dict[str, Any]) -> None:
    """Raises ValueError with the reason why `text` is refused."""
    if not text:
        if slot.is_array and slot.keeps_empty:
            params.setdefault(slot.name, [])
        elif slot.keeps_empty:
            params[slot.name] = ""
        return
    value = text if slot.read is None else slot.read(text)
    if not slot.is_array:
        params[slot.name] = value
    elif slot.takes_lists and isinstance(value, list):
        params.setdefault(slot.name, []).extend(value)
    else:
        params.setdefault(slot.name, []).append(value)


def _is_empty(value: Any) -> bool:
    """Nothing, or a wish to clear; 0 and False are values."""
    return value is None or value == "" or value == []


# Pages -----------------------------------------------------------------------------------------------------


def page_request(operation: Operation, style: Style, params: Mapping[str, Any]) -> PageRequest:
    """The slice that a list is asked for. Raises 400: 20001 `Invalid PageSize.`, 20007, 21481, 40153."""
    if operation.paging == "token":  # names of its own for both
        renamed = {"Size": "PageSize", "Token": "PageToken"}
        params = {renamed.get(name, name): str(value) for name, value in params.items()}
    text = next((params[name] for name in SIZE_NAMES if name in params), None)
    size = operation.default_page_size if text is None else _page_size(operation, style, text)
    number = _page_number(params.get("Page"))
    token = next((params[name] for name in TOKEN_NAMES if name in params), None)
    if token is None:
        if number and operation.id.startswith("taskrouter."):
            raise errors.of(40153)
        return PageRequest(size=size, number=number)
    direction, cursor = read_token(token)
    if direction == "after":
        return PageRequest(size=size, number=number, after=cursor)
    return PageRequest(size=size, number=number, before=cursor)


def _page_size(operation: Operation, style: Style, text: str) -> int:
    """Above the maximum the 2010 API gives as many as it may. The others do the same up to what an SDK's
    `limit` makes it ask for, and refuse more.
    """
    if not text.isascii() or not text.isdigit() or int(text[:9]) == 0:
        raise errors.invalid_page_size()
    size = int(text[:9])
    if style != "2010" and size > max(operation.max_page_size, CAPPED_SIZE):
        raise errors.page_size_too_large()
    return min(size, operation.max_page_size)


def _page_number(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise errors.invalid_parameter("Page")
    return int(text)


def make_token(direction: Direction, cursor: str) -> str:
    """`PA` (forward) or `PB` (backward) and the cursor, in characters that a URL carries as they are."""
    if not _PLAIN_CURSOR.fullmatch(cursor):
        cursor = "~" + urlsafe_b64encode(cursor.encode()).decode().rstrip("=")
    return _MARKS[direction] + cursor


def read_token(token: str) -> tuple[Direction, str]:
    """Undoes `make_token`; raises 400 / 21481 for anything else."""
    mark, cursor = token[:2], token[2:]
    if mark not in _MARKS.values() or not cursor:
        raise errors.invalid_page_token()
    if cursor.startswith("~"):
        cursor = _unpacked(cursor[1:])
    elif not _PLAIN_CURSOR.fullmatch(cursor):
        raise errors.invalid_page_token()
    return ("after" if mark == "PA" else "before"), cursor


def _unpacked(packed: str) -> str:
    try:
        cursor = urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except ValueError:
        raise errors.invalid_page_token() from None
    if not cursor or "\0" in cursor:
        raise errors.invalid_page_token()
    return cursor
