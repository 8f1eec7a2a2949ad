"""Reading along with a connection: every exchange is told once, and the bytes go on as they came."""

from __future__ import annotations

import gzip

import pytest

from localloop.intercept.recording import Exchange
from localloop.intercept.tap import BODY_LIMIT, Tap

POST = (
    b"POST /a?b=1 HTTP/1.1\r\nHost: api.twilio.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 8\r\n\r\nBody=one"
)
GET = b"GET /b HTTP/1.1\r\nHost: api.twilio.com\r\n\r\n"
HEAD = b"HEAD /b HTTP/1.1\r\nHost: api.twilio.com\r\n\r\n"
CREATED = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\n<a>\r\n4\r\n</a>\r\n0\r\n\r\n"
)


class Kept:
    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def keep(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def tap(kept: Kept) -> Tap:
    return Tap(kept, "request", "https")


def told(kept: Kept) -> list[tuple[str, str, str | None, int | None, str | None]]:
    return [
        (
            e.request.method,
            e.request.url,
            e.request.body,
            e.answer and e.answer.status,
            e.answer and e.answer.body,
        )
        for e in kept.exchanges
    ]


FIRST = ("POST", "https://api.twilio.com/a?b=1", "Body=one", 201, '{"a":1}')
SECOND = ("GET", "https://api.twilio.com/b", "", 200, "<a></a>")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_exchanges_of_one_connection(tap: Tap, kept: Kept, size: int) -> None:
    for asked, answered in ((POST, CREATED), (GET, CHUNKED)):
        pieces = [asked[at : at + size] for at in range(0, len(asked), size)]
        assert b"".join(tap.asks(piece) for piece in pieces) == asked
        assert tap.host == "api.twilio.com"
        for at in range(0, len(answered), size):
            tap.answers(answered[at : at + size])
    assert told(kept) == [FIRST, SECOND]


def test_requests_that_do_not_wait(tap: Tap, kept: Kept) -> None:
    tap.asks(POST + GET)
    tap.answers(CREATED + CHUNKED)
    assert told(kept) == [FIRST, SECOND]


def test_an_answer_in_between_is_none(tap: Tap, kept: Kept) -> None:
    tap.asks(POST)
    tap.answers(b"HTTP/1.1 100 Continue\r\n\r\n" + CREATED)
    assert told(kept) == [FIRST]


def test_an_answer_to_head_has_no_body(tap: Tap, kept: Kept) -> None:
    tap.asks(HEAD)
    tap.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    tap.asks(POST)
    tap.answers(CREATED)
    assert [each[3] for each in told(kept)] == [200, 201]


def test_an_answer_without_length_ends_with_the_connection(tap: Tap, kept: Kept) -> None:
    tap.asks(GET)
    tap.answers(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of")
    tap.answers(b" it")
    assert not kept.exchanges
    tap.ends()
    assert told(kept)[0][4] == "all of it"


def test_a_request_without_an_answer(tap: Tap, kept: Kept) -> None:
    tap.asks(GET)
    tap.ends()
    assert kept.exchanges[0].answer is None


def test_packed_answers_are_unpacked(tap: Tap, kept: Kept) -> None:
    body = gzip.compress(b'{"a":1}')
    tap.asks(GET)
    tap.answers(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    assert told(kept)[0][4] == '{"a":1}'


def test_what_could_not_be_unpacked_is_not_asked_for(tap: Tap) -> None:
    asked = GET.replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept: */*\r\n\r\n")
    passed = tap.asks(asked)
    assert len(passed) == len(asked)
    assert b"\r\nAccept-Encoding: gzip                   \r\nAccept: */*\r\n\r\n" in passed


@pytest.mark.parametrize(
    ("kind", "body"),
    [(b"audio/wav", b"RIFF"), (b"text/plain", b"a" * (BODY_LIMIT + 1)), (b"text/plain", b"\xff")],
)
def test_what_is_no_text_or_too_long_is_not_kept(tap: Tap, kept: Kept, kind: bytes, body: bytes) -> None:
    tap.asks(GET)
    tap.answers(
        b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body
    )
    assert kept.exchanges[0].answer
    assert kept.exchanges[0].answer.body is None


def test_after_an_upgrade_nothing_is_read(tap: Tap, kept: Kept) -> None:
    tap.asks(GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
    tap.answers(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"
    )
    assert tap.asks(b"\x81\x85aaaa") == b"\x81\x85aaaa"
    tap.ends()
    assert [each[3] for each in told(kept)] == [101]


def test_what_is_no_http_passes(tap: Tap, kept: Kept) -> None:
    assert tap.asks(b"\x16\x03\x01 nonsense") == b"\x16\x03\x01 nonsense"
    tap.answers(b"more nonsense")
    tap.ends()
    assert not kept.exchanges
