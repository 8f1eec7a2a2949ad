"""A voice document as the page shows it: its verbs as they were written, and which of them ran, runs or is to come.

What runs is known by how many verbs are left. Of a document that is over, the next one that was asked for tells by
which verb it was left: the first that names that address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal
from urllib.parse import urldefrag, urljoin
from xml.parsers import expat

from msgspec import Struct
from msgspec.structs import replace

from localloop.twiml.document import TwimlError
from localloop.twiml.voice import reader, verbs

State = Literal["", "done", "running", "coming"]
_OTHER_NAMES: Final = {"Message": "Sms", "Prompt": "Filter"}
# Where a verb says what is asked next. Of some, an action that is not named is the document itself.
_LEADS: Final = ("action", "url")
_TO_ITSELF: Final = frozenset({"Gather", "Record", "Redirect"})


class Verb(Struct, frozen=True):
    """A verb as it stands in its document: `text` is its source with everything in it."""

    name: str
    text: str
    line: int
    attributes: dict[str, str] = {}
    says: str = ""  # the text directly inside
    state: State = ""


class Source(Struct, frozen=True):
    body: str
    content_type: str
    url: str


def verbs_in(body: str) -> tuple[Verb, ...]:
    """Everything that stands directly below the root, in order; nothing where that is no document."""
    found = _Cutter(body.encode())
    try:
        found.parser.Parse(found.source, True)
    except (expat.ExpatError, LookupError, ValueError):
        return ()
    return tuple(found.verbs())


def running(source: Source, left: int) -> tuple[Verb, ...]:
    """The verbs while the document runs, with `left` of them still to come behind the one that runs."""
    written = verbs_in(source.body)
    try:
        read = reader.read(source.body.encode(), source.content_type or "text/xml", source.url).verbs
    except TwimlError:
        return written
    at = _places(written, read)
    index = len(read) - left - 1
    current = at[index] if 0 <= index < len(at) else -1 if index < 0 else len(written)
    return _marked(written, current, "running")


def left_for(written: Sequence[Verb], url: str, following: str) -> tuple[Verb, ...]:
    """The verbs of a document at `url` after which `following` was asked for; unmarked when none leads there."""
    for index, verb in enumerate(written):
        if _leads(verb, url, following):
            return _marked(written, index, "done")
    return tuple(written)


def _marked(written: Sequence[Verb], current: int, state: State) -> tuple[Verb, ...]:
    def mark(index: int) -> State:
        return state if index == current else "done" if index < current else "coming"

    return tuple(replace(verb, state=mark(index)) for index, verb in enumerate(written))


def _leads(verb: Verb, url: str, following: str) -> bool:
    named = [verb.attributes[name] for name in _LEADS if verb.attributes.get(name)]
    if verb.name == "Redirect":
        named.append(verb.says.strip())
    if not any(named) and verb.name in _TO_ITSELF:
        named.append(url)
    return any(_address(urljoin(url, one)) == _address(following) for one in named if one)


def _address(url: str) -> str:
    """Without its query: what is asked by GET carries the call in it."""
    return urldefrag(url).url.partition("?")[0]


def _places(written: Sequence[Verb], read: Sequence[verbs.AnyVerb]) -> list[int]:
    """Where each verb that was read stands among those that were written: some are passed over."""
    places, at = [], 0
    for verb in read:
        while at < len(written) and not _is(written[at], verb):
            at += 1
        places.append(at)
        at += 1
    return places


def _is(written: Verb, verb: verbs.AnyVerb) -> bool:
    name = _OTHER_NAMES.get(written.name, written.name)
    return written.line == verb.line and (isinstance(verb, verbs.Broken) or name == type(verb).__name__)


class _Cutter:
    """Cuts a document into what stands directly below its root."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._depth = 0
        self._begun: list[tuple[str, dict[str, str], int, int]] = []
        self._says: list[str] = []
        self._root_ends = len(source)

    def _doctype(self, _name: str, _system: str | None, _public: str | None, _subset: bool) -> None:
        """No call runs such a document either, and its entities could be of any size."""
        raise ValueError("a document type declaration is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2:
            place = (name, attributes, self.parser.CurrentLineNumber, self.parser.CurrentByteIndex)
            self._begun.append(place)
            self._says.append("")

    def _end(self, _name: str) -> None:
        if self._depth == 1:
            self._root_ends = self.parser.CurrentByteIndex
        self._depth -= 1

    def _text(self, text: str) -> None:
        if self._depth == 2:
            self._says[-1] += text

    def verbs(self) -> Iterator[Verb]:
        """Each up to where the next begins: what stands between them is of no weight, but a comment is kept."""
        edges = [begun[3] for begun in self._begun] + [self._root_ends]
        for index, (name, attributes, line, start) in enumerate(self._begun):
            text = self.source[start : edges[index + 1]].decode("utf-8", "replace").strip()
            yield Verb(name, text, line, attributes, self._says[index])
