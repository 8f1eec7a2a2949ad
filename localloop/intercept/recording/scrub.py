"""What is taken out of an exchange before it is kept: secrets always, numbers and what people wrote on request."""

from __future__ import annotations

import re
import secrets
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit, urlunsplit

import orjson
from msgspec.structs import replace

from localloop.core import sids
from localloop.intercept.recording.exchange import Answer, Exchange, Headers, Request
from localloop.intercept.recording.standins import Numbers, veiled_value
from localloop.rest.masking import HIDDEN, Masker, is_secret

# By their names in lower case, without what is no letter or digit.
_MASKED: Final = frozenset({"signature", "sig", "x-amz-signature", "x-amz-credential", "awsaccesskeyid"})
_SECRET_HEADERS: Final = frozenset({"cookie", "set-cookie", "x-forwarded-for", "forwarded", "x-real-ip"})
# Said by connections, not by requests.
_DROPPED: Final = frozenset(
    {"content-length", "connection", "keep-alive", "proxy-connection", "transfer-encoding"}
)
_TEXTS: Final = frozenset(
    "attributes body callername code contentvariables digits message profilename smsbody speechresult "
    "stablespeechresult text transcriptiontext twiml unstablespeechresult content buttontext".split()
)
_NUMBERS: Final = frozenset(
    "address called caller callerid callingcountrycode digitsdialed forwardedfrom from phonenumber "
    "sender recipient smsfrom smsto to verifiednumber validationphonenumber".split()
)
_PLACE: Final = re.compile(r"(from|to|caller|called)(city|zip)")
_SHORTEST: Final = 8  # of a secret that is looked for in every text
_FORM: Final = "form-urlencoded"

_Change = Callable[[str, str], str]  # name, value → value


class Scrubber:
    """Of one recording: it remembers the secrets that it has seen, and the stand-ins that it gave."""

    def __init__(self, *, hides_bodies: bool = False, hides_numbers: bool = False, key: bytes = b"") -> None:
        self.hides_bodies = hides_bodies
        self.hides_numbers = hides_numbers
        self._numbers = Numbers(key or secrets.token_bytes(32))
        self._seen: set[str] = set()

    def scrub(self, exchange: Exchange) -> Exchange:
        """The exchange as it may be kept."""
        self._remember(exchange.request.header("Authorization"))
        masker = Masker(_MASKED)
        request = self._request(exchange.request, masker)
        answer = self._answer(exchange.answer, masker) if exchange.answer else None
        return replace(exchange, request=request, answer=answer)

    def _request(self, given: Request, masker: Masker) -> Request:
        return replace(
            given,
            url=self._without_seen(self._url(given.url, masker)),
            headers=self._headers(given.headers, masker),
            body=self._body(given.body, given.header("Content-Type"), masker),
        )

    def _answer(self, given: Answer, masker: Masker) -> Answer:
        body = self._body(given.body, given.header("Content-Type"), masker)
        return replace(
            given,
            headers=self._headers(given.headers, masker),
            body=None if body is None else masker.without_echoes(body),
        )

    def _headers(self, given: Headers, masker: Masker) -> Headers:
        return tuple(
            (name, self._header(name, value, masker)) for name, value in given if name.lower() not in _DROPPED
        )

    def _header(self, name: str, value: str, masker: Masker) -> str:
        lower = name.lower()
        if lower == "authorization":
            return _authorization(value)
        if _is_secret_header(lower):
            return HIDDEN
        if lower == "location":
            return self._without_seen(self._url(value, masker))
        return self._changed_text(self._without_seen(value))

    def _body(self, text: str | None, content_type: str, masker: Masker) -> str | None:
        if not text:
            return text
        masked = masker.body(text, content_type.lower())
        if masked is None:  # a kind that cannot be looked through
            masked = text if content_type.lower().startswith("text/") else None
        if masked is None:
            return None
        return self._changed_body(self._without_seen(masked), content_type.lower())

    def _changed_body(self, text: str, content_type: str) -> str | None:
        if not (self.hides_bodies or self.hides_numbers):
            return text
        if text.lstrip()[:1] in ("{", "["):
            try:
                return orjson.dumps(self._leaves("", orjson.loads(text))).decode()
            except orjson.JSONDecodeError:
                return None  # it was cut, and what is in it cannot be told
        if _FORM in content_type:
            return self._form(text)
        if "xml" in content_type or text.lstrip()[:1] == "<":
            return self._changed_text(veiled_value(text) if self.hides_bodies else text)
        return self._changed("body", text)

    def _leaves(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._leaves(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._leaves(name, inner) for inner in value]
        return self._changed(name, value) if isinstance(value, str) else value

    def _form(self, text: str) -> str:
        return "&".join(_pair(pair, self._changed) for pair in text.split("&"))

    def _changed(self, name: str, value: str) -> str:
        """What is kept of the value of this name."""
        plain = "".join(letter for letter in name.lower() if letter.isalnum())
        if self.hides_bodies and plain in _TEXTS:
            return veiled_value(value)
        if self.hides_numbers and _PLACE.fullmatch(plain):
            return veiled_value(value)
        if self.hides_numbers and plain in _NUMBERS:
            return self._numbers.written(value)
        return self._changed_text(value)

    def _changed_text(self, text: str) -> str:
        if not self.hides_numbers:
            return text
        if "%2b" in text.lower():  # an address with a number in it
            return re.sub(r"%2[bB]([0-9]{7,15})", lambda n: f"%2B{self._numbers.of(f'+{n[1]}')[1:]}", text)
        return self._numbers.hide(text)

    def _url(self, url: str, masker: Masker) -> str:
        parts = urlsplit(url)
        query = masker.form(parts.query)
        path = parts.path
        if self.hides_numbers or self.hides_bodies:
            query = self._form(query) if query else ""
            segments = (self._segment(segment) for segment in path.split("/"))
            path = "/".join(segments)
        host = parts.netloc.rpartition("@")
        netloc = f"{HIDDEN}@{host[2]}" if host[0] else host[2]
        return urlunsplit((parts.scheme, netloc, path, query, parts.fragment))

    def _segment(self, segment: str) -> str:
        shown = unquote(segment)
        changed = self._changed_text(shown)
        return segment if changed == shown else quote(changed, safe=":+@.")

    def _remember(self, authorization: str) -> None:
        """A password is searched for in all that follows, whatever it goes by there."""
        kind, _, value = authorization.partition(" ")
        if kind.lower() == "bearer":
            self._seen.add(value.strip())
        elif kind.lower() == "basic":
            self._seen.add(_basic(value)[1])

    def _without_seen(self, text: str) -> str:
        for secret in self._seen:
            if len(secret) >= _SHORTEST and secret in text:
                text = text.replace(secret, HIDDEN)
        return text


def _is_secret_header(lower: str) -> bool:
    if lower in _SECRET_HEADERS or lower.endswith("signature"):
        return True
    return is_secret(lower) and lower != "i-twilio-idempotency-token"


def _pair(pair: str, change: _Change) -> str:
    name, equals, value = pair.partition("=")
    given = unquote_plus(value)
    changed = change(unquote_plus(name), given)
    return pair if changed == given else f"{name}{equals}{quote_plus(changed)}"


def _authorization(value: str) -> str:
    """Who asked is kept where it is a SID; never the password."""
    kind, _, secret = value.partition(" ")
    if kind.lower() != "basic":
        return f"{kind} {HIDDEN}" if secret else HIDDEN
    name = _basic(secret)[0]
    return f"Basic {name if sids.is_sid(name) else HIDDEN}:{HIDDEN}"


def _basic(encoded: str) -> tuple[str, str]:
    try:
        name, _, password = b64decode(encoded).decode("utf-8", "replace").partition(":")
    except ValueError:
        return "", ""
    return name, password
