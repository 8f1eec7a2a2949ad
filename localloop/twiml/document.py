"""From the bytes that a webhook answered to an element tree, or to the error that the Debugger shows.

expat reads the document; a DTD is refused, so no entity is ever expanded or fetched, and size and depth are
bounded. Names are case-sensitive, text and children keep their order.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final, NoReturn
from xml.parsers import expat

from msgspec import Struct

from localloop.core.errors import title

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 32
ROOT: Final = "Response"

_TWIML_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html"})
_CHARSETS: Final = ("utf", "ascii", "iso8859", "cp125", "koi8", "big5", "gb", "euc", "shift_jis")

TOO_LARGE: Final = 11750
EMPTY: Final = 11770
NOT_WELL_FORMED: Final = 12100
XML_VERSION: Final = 12101
WRONG_ROOT: Final = 12102
CONTENT_TYPE: Final = 12300


class TwimlError(Exception):
    """Why a document cannot run: a code of the Debugger and what it says about this document."""

    def __init__(self, code: int, reason: str = "", line: int = 0, column: int = 0) -> None:
        self.code = code
        self.reason = reason
        self.line = line
        self.column = column
        where = f" (line {line}, column {column})" if line else ""
        super().__init__(f"{code} {title(code)}{': ' if reason else ''}{reason}{where}")


class Element(Struct, frozen=True):
    """A verb, a noun, or the root."""

    name: str
    attributes: dict[str, str]
    children: tuple[Element | str, ...] = ()
    line: int = 0

    def elements(self) -> Iterator[Element]:
        """The child elements in order."""
        return (child for child in self.children if isinstance(child, Element))

    @property
    def text(self) -> str:
        """The text directly inside, without that of child elements."""
        return "".join(child for child in self.children if isinstance(child, str))


Content = Element | str | None  # a TwiML document, plain text, or nothing


def read(body: bytes, content_type: str | None) -> Content:
    """What an answer of this type says; raises TwimlError when it is nothing that can run."""
    if not body.strip():
        return None
    if len(body) > MAX_BYTES:
        raise TwimlError(TOO_LARGE, f"{len(body)} bytes, {MAX_BYTES} are allowed")
    media_type, charset = _media_type(content_type or "")
    if media_type in _TWIML_TYPES:
        return parse(body, charset)
    if media_type == "text/plain":
        return _twiml_or_text(body, charset)
    raise TwimlError(CONTENT_TYPE, f"{content_type!r}" if content_type else "there is none")


def _twiml_or_text(body: bytes, charset: str) -> Content:
    """Plain text is run as TwiML if it parses as TwiML."""
    try:
        return parse(body, charset)
    except TwimlError:
        # A database cannot hold a NUL, and no phone shows one.
        return body.decode(charset or "utf-8", "replace").replace("\0", "").removeprefix("\ufeff")


def parse(body: bytes, charset: str = "") -> Element:
    """The root element; a charset given by the transport wins over the XML declaration."""
    if len(body) > MAX_BYTES:
        raise TwimlError(TOO_LARGE, f"{len(body)} bytes, {MAX_BYTES} are allowed")
    if not body.strip():
        raise TwimlError(EMPTY)
    return _Builder().build(_decoded(body, charset) if charset else body)


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise TwimlError(NOT_WELL_FORMED, f"the body is not {charset}: {error.reason}") from None


def _media_type(content_type: str) -> tuple[str, str]:
    """Type and charset, lower-cased; a charset that is no usual one counts as not given."""
    media_type, *parameters = content_type.split(";")
    charset = ""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = _known_charset(value.strip().strip("\"'"))
    return media_type.strip().lower(), charset


def _known_charset(name: str) -> str:
    try:
        canonical = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return canonical if canonical.startswith(_CHARSETS) and canonical != "utf-7" else ""


class _Open:
    """An element whose end has not been seen."""

    __slots__ = ("attributes", "children", "line", "name")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element | str] = []
        self.line = line


class _Builder:
    """Collects what expat reports; a refused document raises out of the callback."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._open: list[_Open] = []
        self._root: Element | None = None

    def build(self, document: bytes | str) -> Element:
        try:
            self._parser.Parse(document, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, "not well-formed")
            raise TwimlError(NOT_WELL_FORMED, reason, error.lineno, error.offset + 1) from None
        except (LookupError, ValueError):
            # An encoding in the XML declaration that Python does not know, or that is not of single bytes.
            self._refuse(NOT_WELL_FORMED, "unknown encoding")
        if self._root is None:
            self._refuse(NOT_WELL_FORMED, "no element found")
        return self._root

    def _refuse(self, code: int, reason: str) -> NoReturn:
        column = self._parser.CurrentColumnNumber + 1
        raise TwimlError(code, reason, self._parser.CurrentLineNumber, column) from None

    def _declaration(self, version: str, _encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            self._refuse(XML_VERSION, f"{version!r}")

    def _doctype(self, _name: str, _system: str | None, _public: str | None, _subset: bool) -> None:
        self._refuse(NOT_WELL_FORMED, "a document type declaration is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != ROOT:
            self._refuse(WRONG_ROOT, f"it is {name!r}")
        if len(self._open) >= MAX_DEPTH:
            self._refuse(NOT_WELL_FORMED, f"nested deeper than {MAX_DEPTH} elements")
        self._open.append(_Open(name, attributes, self._parser.CurrentLineNumber))

    def _end(self, _name: str) -> None:
        done = self._open.pop()
        element = Element(done.name, done.attributes, tuple(done.children), done.line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element

    def _characters(self, text: str) -> None:
        self._open[-1].children.append(text)
