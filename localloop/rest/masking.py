"""Secrets out of what people will read: forms, queries, JSON and XML, whole or cut anywhere.

A value is hidden by its name, by what the contract says of the operation (`secrets_of`), and inside addresses: the
password before an `@`, and secrets in a query. What stays is what was written, byte for byte. A `Masker` remembers
what it hid, so that an answer that echoes it can be cleaned too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from typing import Final
from urllib.parse import quote_plus, unquote_plus

import orjson

from localloop.contract.model import Operation

HIDDEN: Final = "…"
_PARTS: Final = (
    "authorization",
    "authpayload",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
)
_ENDS: Final = ("token", "key", "jwt")
_WHOLE: Final = frozenset({"certificate", "pin", "portoutpin", "pwd", "tlscert"})
# Names of things about secrets, which tell none.
_HARMLESS_ENDS: Final = ("sid", "sids", "type", "ttl", "url", "uri", "method", "path", "status")
_HARMLESS: Final = frozenset(
    {
        "key",
        "publickey",
        "idempotencykey",
        "pagetoken",
        "nextpagetoken",
        "previouspagetoken",
        "nexttoken",
        "previoustoken",
        "includecredentials",
        "discoverablecredentials",
    }
)
# Settings of a program, by names of its own: their values are mostly secrets.
# What is pressed on a phone in a call may be a card's number.
_SECRET_PARAMS: Final = {
    "serverless.v1.Variable": frozenset({"value"}),
    "lab.v1.PhoneCall": frozenset({"press"}),
}
# A text without any of these, in lower case, has nothing to hide. (One regular expression took forty times as long.)
_SUSPECT: Final = tuple("token secret pass pwd credential key auth pin cert jwt :// % \\".split())
# Up to the @, or to where the text was cut; a port is no password.
_URL_PASSWORD: Final = re.compile(r"(:(?:\\?/){2}[^/\s:@?#\"'<>\\]*):(?!\d{1,5}\Z)([^/\s@\"'<>\\]+)(@|\Z)")
_URL_SECRET: Final = re.compile(r"([?&;])([\w.\-%]+)=([^&#;\s\"'<>\\]+)")
_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*(?:"|\Z)|[{}\[\]:,]|[^\s"{}\[\]:,]+|\s+', re.DOTALL)
_ELEMENT: Final = re.compile(r"(<([A-Za-z_][\w.\-]*)(?:\s[^<>]*)?>)([^<]+)")
_WORDS: Final = frozenset({"null", "true", "false"})
_SHORTEST_ECHO: Final = 4  # shorter secrets are part of too many words


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether what goes by this name is not for people's eyes."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    if plain in _HARMLESS or plain.endswith(_HARMLESS_ENDS):
        return False
    return plain in _WHOLE or plain.endswith(_ENDS) or any(part in plain for part in _PARTS)


def secrets_of(operation: Operation) -> frozenset[str]:
    """What the contract says is secret in an operation's parameters and answer, in lower case."""
    made = {field.name for field in operation.fields if field.source == "secret"}
    resource = _resource_of(operation)
    return frozenset(name for name in made if not name.endswith("sid")) | _SECRET_PARAMS.get(
        resource, frozenset()
    )


def _resource_of(operation: Operation) -> str:
    """`serverless.v1.CreateVariable` → `serverless.v1.Variable`."""
    prefix, _, name = operation.id.rpartition(".")
    return f"{prefix}.{re.sub('^(?:Create|Fetch|List|Update|Delete)', '', name)}"


class Masker:
    """Hides secrets in the texts of one exchange."""

    def __init__(self, more: frozenset[str] = frozenset()) -> None:
        self._more = more
        self._found: set[str] = set()

    def body(self, text: str, content_type: str) -> str | None:
        """A body by its kind; None for a kind that cannot be looked through."""
        start = text.lstrip()[:1]
        if "json" in content_type or ("form-urlencoded" in content_type and start in ("{", "[")):
            return self.json(text)
        if "form-urlencoded" in content_type:
            return self.form(text)
        if "xml" in content_type:
            return self.xml(text)
        return None

    def form(self, text: str) -> str:
        """Also a query string."""
        return "&".join(self._pair(pair) for pair in text.split("&")) if self._may_hide(text) else text

    def json(self, text: str) -> str:
        return "".join(self._scan(text)) if self._may_hide(text) else text

    def xml(self, text: str) -> str:
        def hide(element: re.Match[str]) -> str:
            opening, name, content = element.groups()
            if not self._is_secret(name) or not content.strip():
                return element[0]
            self._found.add(unescape(content))
            return f"{opening}{HIDDEN}"

        return self._addresses(_ELEMENT.sub(hide, text)) if self._may_hide(text) else text

    def without_echoes(self, text: str) -> str:
        """An answer may repeat what it was given."""
        for secret in sorted(self._found, key=len, reverse=True):
            if len(secret) >= _SHORTEST_ECHO:
                text = text.replace(secret, HIDDEN)
        return text

    def _may_hide(self, text: str) -> bool:
        if self._more:
            return True
        lower = text.lower()
        return any(word in lower for word in _SUSPECT)

    def _is_secret(self, name: str) -> bool:
        return is_secret(name) or name.lower() in self._more

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not value:
            return pair
        given = unquote_plus(value)
        if self._is_secret(unquote_plus(name)):
            self._found.add(given)
            return f"{name}={quote_plus(HIDDEN)}"
        shown = self._value(given)
        return pair if shown == given else f"{name}{equals}{quote_plus(shown)}"

    def _value(self, text: str) -> str:
        """A value may be a document of its own, or an address."""
        if text.lstrip()[:1] in ("{", "["):
            return self.json(text)
        return self._addresses(text)

    def _addresses(self, text: str) -> str:
        def hide_password(found: re.Match[str]) -> str:
            self._found.add(found[2])
            return f"{found[1]}:{HIDDEN}{found[3]}"

        def hide_secret(found: re.Match[str]) -> str:
            if not self._is_secret(unquote_plus(found[2])):
                return found[0]
            self._found.add(unquote_plus(found[3]))
            return f"{found[1]}{found[2]}={HIDDEN}"

        return _URL_SECRET.sub(hide_secret, _URL_PASSWORD.sub(hide_password, text)) if ":/" in text else text

    def _scan(self, text: str) -> Iterator[str]:
        """Token by token, so that it works on the part that was kept of a long document."""
        name, is_hiding, depth = "", False, 0
        for piece in _JSON_TOKEN.findall(text):
            if depth:
                depth += (piece in "{[") - (piece in "}]")
                self._remember(piece)
            elif piece.isspace():
                yield piece
            elif piece == ":":
                is_hiding = self._is_secret(name)
                yield piece
            elif is_hiding and piece not in _WORDS and piece not in ",}]":
                is_hiding, depth = False, int(piece in "{[")
                self._remember(piece)
                yield f'"{HIDDEN}"'
            else:
                is_hiding = False
                name = _unquoted(piece) if piece[0] == '"' else ""
                yield self._string(piece, name) if name else piece

    def _remember(self, piece: str) -> None:
        if piece[0] == '"':
            self._found.add(_unquoted(piece))

    def _string(self, piece: str, content: str) -> str:
        shown = self._value(content)
        return piece if shown == content else orjson.dumps(shown).decode()


def _unquoted(token: str) -> str:
    """The text of a JSON string; of one that was cut, what is there of it, but for half an escape."""
    for text in (token, *(f'{token[:end]}"' for end in range(len(token), max(0, len(token) - 6), -1))):
        try:
            return str(orjson.loads(text))
        except orjson.JSONDecodeError:
            continue
    return token.strip('"')
