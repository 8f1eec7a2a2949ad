"""One request and its answer, as they stood on the wire; and who takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson
from msgspec import Struct

Headers: TypeAlias = tuple[tuple[str, str], ...]
Kind: TypeAlias = Literal["request", "callback"]


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`body` is None where it was no text, or too long to be kept."""

    method: str
    url: str
    headers: Headers = ()
    body: str | None = ""

    def header(self, name: str) -> str:
        return value_of(self.headers, name)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return pairs(urlsplit(self.url).query)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The parameters of a form in the body; none for a body of another kind."""
        is_form = "form-urlencoded" in self.header("Content-Type").lower()
        return pairs(self.body or "") if is_form else []

    @property
    def params(self) -> list[tuple[str, str]]:
        return [*self.query, *self.form]


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Likewise."""

    status: int
    headers: Headers = ()
    body: str | None = ""

    def header(self, name: str) -> str:
        return value_of(self.headers, name)

    def json(self) -> Any:
        """None for what is no JSON."""
        if not self.body or self.body.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class Exchange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`kind` says who asked: the program the service, or the service the program."""

    kind: Kind
    at: str  # ISO 8601
    request: Request
    answer: Answer | None = None  # None: there was none
    duration_ms: float = 0.0


class Sink(Protocol):
    """Who is given each exchange when it is over."""

    def keep(self, exchange: Exchange) -> None: ...


def value_of(headers: Iterable[tuple[str, str]], name: str) -> str:
    """The first header of this name, in any case; "" without."""
    wanted = name.lower()
    return next((value for given, value in headers if given.lower() == wanted), "")


def pairs(form: str) -> list[tuple[str, str]]:
    return parse_qsl(form, keep_blank_values=True)
