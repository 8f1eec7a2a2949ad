"""What an interpreter says besides its commands, and the attributes that verbs of every product share."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from localloop.core.errors import title
from localloop.twiml.document import Element

SCHEMA: Final = 12200
URL_FORMAT: Final = 11100

_LONGEST_NAME: Final = 40
_CLOSE: Final = 0.7  # how like a name must be to have been meant
_MOST_NOTICES: Final = 100  # a document that is wrong throughout need not fill the Debugger


class Notice(Struct, frozen=True):
    """Something wrong that did not stop the document: the Debugger's code and the reason."""

    code: int
    reason: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.code} {title(self.code)}: {self.reason}"


class Notices:
    """Collects the notices of one run."""

    def __init__(self) -> None:
        self._found: list[Notice] = []

    def add(self, code: int, reason: str, element: Element | None = None) -> None:
        if not self.is_full:
            self._found.append(Notice(code, reason, element.line if element else 0))

    @property
    def is_full(self) -> bool:
        return len(self._found) >= _MOST_NOTICES

    def all(self) -> tuple[Notice, ...]:
        return tuple(self._found)

    def unknown_attributes(self, element: Element, known: Collection[str]) -> None:
        """Name attributes that this verb does not have; namespace machinery is nobody's mistake."""
        for name in element.attributes:
            if name not in known and ":" not in name and name != "xmlns" and not self.is_full:
                reason = f"<{element.name}> has no attribute {name!r}{meant(name, known)}"
                self.add(SCHEMA, reason, element)

    def unknown_children(self, element: Element, known: Collection[str] = ()) -> None:
        for child in element.elements():
            if child.name not in known:
                self.stray(child, element, known)

    def stray(self, child: Element, element: Element, known: Collection[str], code: int = SCHEMA) -> None:
        """Name a child that does not belong there, with the name that was perhaps meant."""
        if not self.is_full:
            guess = meant(child.name, known, "<{}>")
            self.add(code, f"<{child.name}> is not allowed in <{element.name}>{guess}", child)


def meant(name: str, known: Collection[str], form: str = "{!r}") -> str:
    """What whoever wrote this name may have meant, as the end of a sentence; nothing when nothing is like it."""
    if len(name) > _LONGEST_NAME:
        return ""
    for each in known:
        if each.lower() == name.lower():
            return f": names are case-sensitive, it is {form.format(each)}"
    close = get_close_matches(name, known, 1, _CLOSE)
    return f": did you mean {form.format(close[0])}?" if close else ""


def method_of(element: Element, notices: Notices, code: int) -> str:
    """The `method` attribute, POST unless it is a good one."""
    method = element.attributes.get("method", "POST").strip().upper()
    if method in ("GET", "POST"):
        return method
    notices.add(code, f"method {element.attributes['method']!r} is neither GET nor POST", element)
    return "POST"


def absolute(reference: str, base: str) -> str | None:
    """The URL that a reference in a document means, fragment included; None when it is none by HTTP."""
    try:
        url = urljoin(base, reference.strip())
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not _has_blank(url)
        return url if good and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None


def _has_blank(url: str) -> bool:
    return any(character <= " " or character == "\x7f" for character in url)
