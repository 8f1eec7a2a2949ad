"""One connection to an application's server: HTTP/1.1 requests one after the other, each with its answer.

What is said is parsed by httptools (llhttp, the parser of Node and of aiohttp). Nothing is asked before the last answer
is complete, and a connection that did anything odd is not used again.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy

from localloop.webhooks.connector import Timings

_MOST_HEAD: Final = 64 * 1024  # of an answer's status line and headers
_INFLATING: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_UNTOUCHED: Final = frozenset({"", "identity"})


class Disconnected(ConnectionError):
    """The server hung up before its answer was complete."""


class Unreadable(ValueError):
    """What the server says is no HTTP."""


class Silent(TimeoutError):
    """No byte came for as long as one was waited for."""


class Question(Struct, frozen=True):
    """A request, ready to be written, and how its answer is to be taken."""

    written: bytes
    has_body: bool  # its answer: not so of HEAD
    limit: int  # of the body
    read_s: float  # between two packets
    left_s: float  # for all of it


class Answer(Struct, frozen=True):
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    truncated: bool  # the body was longer than the limit


class Connection(asyncio.Protocol):
    """Made by the loop when TCP and TLS are ready. `is_reusable`: it is open, and its last answer was complete."""

    def __init__(self) -> None:
        self.is_reusable = True
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._parser = HttpResponseParser(self)
        self._waiting: asyncio.Future[None] = self._loop.create_future()
        self._waiting.set_result(None)
        self._question: Question
        self._timings: Timings
        self._timer: asyncio.TimerHandle
        self._ends_at = 0.0
        self._heard_at = 0.0
        self._head_size = 0
        self._status = 0  # 0: the head is not complete
        self._is_interim = False
        self._headers: list[tuple[str, str]] = []
        self._chunks: list[bytes] = []
        self._size = 0

    async def ask(self, question: Question, timings: Timings) -> Answer:
        """Raises Disconnected, Unreadable, Silent, or TimeoutError when no time is left. `timings` learn of the
        answer's first byte."""
        if not self.is_reusable:
            raise Disconnected("Server disconnected")
        self._question, self._timings = question, timings
        self._status = self._head_size = self._size = 0
        self._headers, self._chunks = [], []
        self.is_reusable = False
        self._heard_at = self._loop.time()
        self._ends_at = self._heard_at + question.left_s
        self._waiting = self._loop.create_future()
        self._timer = self._loop.call_later(min(question.read_s, question.left_s), self._look_at_the_clock)
        self._transport.write(question.written)
        try:
            await self._waiting
        except BaseException:
            self.is_reusable = False
            self._transport.abort()
            raise
        finally:
            self._timer.cancel()
        return self._answer(question.limit)

    def close(self) -> None:
        self.is_reusable = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            self.close()  # nothing was asked
            return
        self._heard_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._fail(Unreadable("the protocol was changed"))
        except HttpParserError as error:
            self._fail(Unreadable(str(error)))
        if not self._status:
            self._head_size += len(data)
            if self._head_size > _MOST_HEAD:
                self._fail(Unreadable("the headers are too long"))

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error)

    def on_message_begin(self) -> None:
        if self._is_over:
            self.close()  # more than was asked for, and nobody's

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._status:  # later come trailers, and what is nobody's
            self._headers.append((_text(name), _text(value)))

    def on_headers_complete(self) -> None:
        if self._is_over:
            return
        status: int = self._parser.get_status_code()
        self._is_interim = status < 200
        if self._is_interim:
            self._headers.clear()
            return
        self._status = status
        self._timings.first_byte = self._timings.since_start()
        if not self._question.has_body:
            self._finish()

    def on_body(self, data: bytes) -> None:
        if self._is_over:
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > self._question.limit:
            self._finish()

    def on_message_complete(self) -> None:
        if not self._is_interim and not self._is_over:
            self.is_reusable = self._parser.should_keep_alive()
            self._finish()

    @property
    def _is_over(self) -> bool:
        """Nothing is asked, or it is answered."""
        return self._waiting.done()

    def _finish(self) -> None:
        if not self._is_over:
            self._waiting.set_result(None)
        if not self.is_reusable:
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        self.is_reusable = False
        if not self._is_over:
            self._waiting.set_exception(error)

    def _end(self, error: Exception | None) -> None:
        """Whoever told no length ends an answer by hanging up."""
        if self._status and error is None and not self._is_measured():
            self._finish()
        self._fail(Disconnected(str(error) if error is not None else "Server disconnected"))

    def _is_measured(self) -> bool:
        names = {name.lower() for name, _ in self._headers}
        return "content-length" in names or "transfer-encoding" in names

    def _look_at_the_clock(self) -> None:
        now = self._loop.time()
        silent_at = self._heard_at + self._question.read_s
        due = min(silent_at, self._ends_at)
        if now < due:
            self._timer = self._loop.call_later(due - now, self._look_at_the_clock)
        elif now < self._ends_at:
            self._fail(Silent())
        else:
            self._fail(TimeoutError())

    def _answer(self, limit: int) -> Answer:
        headers = CIMultiDictProxy(CIMultiDict(self._headers))
        body, truncated = b"".join(self._chunks), self._size > limit
        coding = headers.get("Content-Encoding", "").strip().lower()
        if coding not in _UNTOUCHED and body:
            body, is_cut = _inflated(body, coding, limit)
            truncated |= is_cut
        return Answer(self._status, headers, body[:limit], truncated)


def _text(part: bytes) -> str:
    return part.decode("utf-8", "surrogateescape")


def _inflated(body: bytes, coding: str, limit: int) -> tuple[bytes, bool]:
    """Nobody is asked to compress, but some do: what it was, up to the limit, and whether there is more."""
    bits = _INFLATING.get(coding)
    if bits is None:
        raise Unreadable(f"an answer in {coding}")
    if coding == "deflate" and body[0] & 0x0F != zlib.DEFLATED:
        bits = -zlib.MAX_WBITS  # as some servers understand it, without zlib's frame
    inflating = zlib.decompressobj(bits)
    try:
        inflated = inflating.decompress(body, limit + 1)
    except zlib.error as error:
        raise Unreadable(f"not {coding}: {error}") from error
    return inflated[:limit], len(inflated) > limit
