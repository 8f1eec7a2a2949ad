"""Reads along with a connection that speaks HTTP: what passes is not changed, and every exchange becomes a value."""

from __future__ import annotations

import re
import zlib
from collections import deque
from time import perf_counter
from typing import Final

import httptools

from localloop.core import clock
from localloop.intercept.recording.exchange import Answer, Exchange, Headers, Kind, Request, Sink, value_of

BODY_LIMIT: Final = 1024 * 1024
# What is compressed in another way cannot be read, so it is not asked for; the line stays as long as it was.
_ENCODINGS: Final = re.compile(rb"^(accept-encoding:)([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_READABLE: Final = b" gzip"
_TEXTS: Final = ("json", "xml", "text/", "form-urlencoded", "javascript")


class Tap:
    """One connection: give it what the asking side sends, and what the other side answers."""

    def __init__(self, sink: Sink, kind: Kind, scheme: str) -> None:
        self._sink = sink
        self._kind = kind
        self._scheme = scheme
        self._asked: deque[_Asked] = deque()
        self._asking = _Side(self._is_asked)
        self._answering = _Side(self._is_answered)
        self._requests = httptools.HttpRequestParser(self._asking)
        self._answers = httptools.HttpResponseParser(self._answering)
        self._is_deaf = False  # it is no HTTP (any more)

    @property
    def host(self) -> str:
        """Whom the first request is for, port included; "" until its head is there."""
        return self._asking.host

    def asks(self, data: bytes) -> bytes:
        """What the asking side sent, as it should go on."""
        if self._is_deaf:
            return data
        if self._asking.is_between and b"\r\n\r\n" in data:
            data = _readable(data)
        try:
            self._requests.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # the other side has to agree
        except httptools.HttpParserError:
            self._is_deaf = True
        return data

    def answers(self, data: bytes) -> None:
        if self._is_deaf:
            return
        try:
            self._answers.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_answered()
            self._is_deaf = True
        except httptools.HttpParserError:
            self._is_deaf = True
            return
        if self._asked and self._asked[0].method == "HEAD" and self._answering.has_head:
            self._is_answered()  # it has no body, whatever its head says
            self._answers = httptools.HttpResponseParser(self._answering)

    def ends(self) -> None:
        """The connection is over: an answer without a length ends with it, and who has none gets none."""
        if self._asked and self._answering.has_head and not self._is_deaf:
            self._is_answered()
        while self._asked:
            self._keep(self._asked.popleft(), None)

    def _is_asked(self) -> None:
        method = self._requests.get_method().decode("latin-1")
        target = self._asking.target
        url = target if "://" in target else f"{self._scheme}://{self._asking.host}{target}"
        self._asked.append(_Asked(method, url, self._asking.headers, self._asking.text))
        self._asking.reset()

    def _is_answered(self) -> None:
        status = self._answers.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._answering.reset()
            return
        answer = Answer(status=status, headers=self._answering.headers, body=self._answering.text)
        self._answering.reset()
        if self._asked:
            self._keep(self._asked.popleft(), answer)

    def _keep(self, asked: _Asked, answer: Answer | None) -> None:
        self._sink.keep(
            Exchange(
                kind=self._kind,
                at=asked.at,
                request=Request(method=asked.method, url=asked.url, headers=asked.headers, body=asked.body),
                answer=answer,
                duration_ms=round((perf_counter() - asked.began) * 1000, 3),
            )
        )


class _Asked:
    """A request that waits for its answer."""

    __slots__ = ("at", "began", "body", "headers", "method", "url")

    def __init__(self, method: str, url: str, headers: Headers, body: str | None) -> None:
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.at = clock.now().isoformat(timespec="milliseconds")
        self.began = perf_counter()


class _Side:
    """What a parser reports of the message that is coming."""

    def __init__(self, complete: object) -> None:
        self.on_message_complete = complete
        self.host = ""
        self.reset()

    def reset(self) -> None:
        self.target = ""
        self.is_between = True
        self.has_head = False
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0

    def on_message_begin(self) -> None:
        self.is_between = False

    def on_url(self, url: bytes) -> None:
        self.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.has_head = True
        self.host = value_of(self._headers, "Host") or self.host

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= BODY_LIMIT:
            self._body.append(body)

    @property
    def headers(self) -> Headers:
        return tuple(self._headers)

    @property
    def text(self) -> str | None:
        """The body, unpacked; None for what is no text, or too long."""
        if self._size > BODY_LIMIT:
            return None
        content = _unpacked(b"".join(self._body), value_of(self._headers, "Content-Encoding").lower())
        kind = value_of(self._headers, "Content-Type").lower()
        if content is None or (content and not any(text in kind for text in _TEXTS)):
            return None
        try:
            return content.decode()
        except UnicodeDecodeError:
            return None


def _unpacked(content: bytes, encoding: str) -> bytes | None:
    if not content or encoding in ("", "identity"):
        return content
    if encoding not in ("gzip", "deflate"):
        return None
    try:
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: it sees itself which of the two it is
        unpacked = unpacking.decompress(content, BODY_LIMIT)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else unpacked


def _readable(data: bytes) -> bytes:
    def only_gzip(line: re.Match[bytes]) -> bytes:
        offered, room = line[2], len(line[2])
        return line[1] + (_READABLE if b"gzip" in offered.lower() else b"").ljust(room)[:room]

    end = data.index(b"\r\n\r\n")
    return _ENCODINGS.sub(only_gzip, data[:end], count=1) + data[end:]
