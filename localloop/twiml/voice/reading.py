"""What the readers of all verbs share: attributes by their kinds, children by the grammar, and what is said of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from localloop.twiml.document import Element
from localloop.twiml.script import SCHEMA, URL_FORMAT, Notices, absolute
from localloop.twiml.voice import grammar, verbs
from localloop.twiml.voice.kinds import MAX_URL, Invalid, Value

MAX_PARAMETER: Final = 500

_T = TypeVar("_T", bound=Struct)


class Refused(Exception):
    """A verb that cannot run, for a reason that Twilio calls an error."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Skipped(Exception):
    """A verb that is left out."""


class Reading:
    """One reading of one document. `codes` takes the place of codes where an element has its own there."""

    def __init__(self, base_url: str, country: str, action_code: int = 0) -> None:
        self.notices = Notices()
        self.base_url = base_url
        self.country = country
        self.codes: Mapping[int, int] = {}
        self._action_code = action_code

    def children(self, element: Element, key: str) -> Iterator[tuple[str, Element]]:
        """The child elements that belong here, by their keys; what does not is named."""
        node = grammar.NODES[key]
        if not node.text and element.text.strip():
            self.notices.add(SCHEMA, f"text directly in <{element.name}> means nothing", element)
        known = grammar.children_of(key)
        for child in element.elements():
            if child.name in known:
                yield known[child.name], child
            else:
                self.notices.stray(child, element, known, node.stray)

    def values(self, element: Element, key: str) -> dict[str, Value]:
        """The attributes that are there and good, by the field's name."""
        known = grammar.attributes_of(key)
        self.notices.unknown_attributes(element, known)
        values: dict[str, Value] = {}
        for name, raw in element.attributes.items():
            attribute = known.get(name)
            if attribute is None:
                continue
            try:
                values[attribute.field] = attribute.kind.read(raw.strip(), self.base_url)
            except Invalid as invalid:
                self._complain(element, attribute, f"{name} {invalid}")
        return values

    def _complain(self, element: Element, attribute: grammar.Attribute, reason: str) -> None:
        if attribute.ends_document:
            code = self._action_code if attribute.name == "action" else 0
            raise Refused(code or attribute.code, f"<{element.name}> {reason}")
        self.notices.add(self.codes.get(attribute.code, attribute.code), reason, element)
        if attribute.skips:
            raise Skipped

    def make(self, kind: type[_T], element: Element, key: str) -> _T:
        return msgspec.convert(self.values(element, key), kind)

    def url(self, text: str, what: str) -> str:
        url = absolute(text, self.base_url) if len(text) <= MAX_URL else None
        if url is None:
            raise Refused(URL_FORMAT, f"{what} {text.strip()[:80]!r} is no URL")
        return url

    def pairs(self, found: list[Element], limit: int = MAX_PARAMETER) -> verbs.Pairs:
        """The name and value of each of these."""
        pairs: list[tuple[str, str]] = []
        for element in found:
            self.notices.unknown_attributes(element, ("name", "value"))
            name, value = element.attributes.get("name", ""), element.attributes.get("value", "")
            if not name or len(name) + len(value) >= limit:
                what = "has no name" if not name else f"is longer than {limit} characters"
                self.notices.add(SCHEMA, f"<{element.name}> {what}", element)
            else:
                pairs.append((name, value))
        return tuple(pairs)

    def parameters(self, element: Element, key: str) -> verbs.Pairs:
        return self.pairs([child for name, child in self.children(element, key) if name == "Parameter"])


def words(element: Element) -> str:
    """The text of an element without the layout around and inside it."""
    return " ".join(element.text.split())
