"""Connections that are passed on and read along with, on real sockets: what breaks, and what is kept then."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from certificates import Authority

from localloop.intercept import upstream
from localloop.intercept.forwarding import Forwarding, Reach, always, as_named
from localloop.intercept.recording import Exchange

WITHIN_S = 20
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Kept:
    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def keep(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    @property
    def statuses(self) -> list[int | None]:
        return [each.answer.status if each.answer else None for each in self.exchanges]


@contextlib.asynccontextmanager
async def serving(serve: Serve, **options: object) -> AsyncIterator[int]:
    serving = set[asyncio.Task[None]]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            await closed(writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, **options)  # type: ignore[arg-type]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def forwarding(kept: Kept, reach: Reach, **options: object) -> AsyncIterator[int]:
    way = Forwarding(kept, "request", reach, **options)  # type: ignore[arg-type]
    server = await asyncio.get_running_loop().create_server(lambda: way("http"), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await way.close()


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each request."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            await reader.readexactly(length)
            writer.write(OK)
            await writer.drain()


async def ask(port: int, *requests: bytes) -> bytes:
    """All that comes back, for requests that are sent one after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        async with asyncio.timeout(WITHIN_S):
            for request in requests:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                said += head + await reader.readexactly(length)
    finally:
        await closed(writer)
    return said


def get(path: str, host: str = "api.twilio.com") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


async def test_one_connection_and_several_requests() -> None:
    kept = Kept()
    async with serving(answers) as port, forwarding(kept, always(f"http://127.0.0.1:{port}")) as way:
        assert await ask(way, get("/a"), get("/b")) == OK * 2
    assert [each.request.url for each in kept.exchanges] == [
        "http://api.twilio.com/a",
        "http://api.twilio.com/b",
    ]
    assert kept.statuses == [200, 200]


async def test_a_hundred_at_once() -> None:
    kept = Kept()
    async with serving(answers) as port, forwarding(kept, always(f"http://127.0.0.1:{port}")) as way:
        said = await asyncio.gather(*(ask(way, get(f"/{number}")) for number in range(100)))
    assert said == [OK] * 100
    assert sorted(each.request.path for each in kept.exchanges) == sorted(
        f"/{number}" for number in range(100)
    )


async def test_a_large_answer_to_a_slow_reader_is_whole() -> None:
    body = b"x" * 4_000_000

    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()
        writer.close()

    kept = Kept()
    async with serving(large) as port, forwarding(kept, always(f"http://127.0.0.1:{port}")) as way:
        assert (await ask(way, get("/a"))).endswith(body)
    assert kept.exchanges[0].answer
    assert kept.exchanges[0].answer.body is None


async def test_a_large_upload_arrives_whole() -> None:
    body = b"x" * 3_000_000
    received = asyncio.get_running_loop().create_future()

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        received.set_result(await reader.readexactly(len(body)))
        writer.write(OK)

    async with serving(takes) as port, forwarding(Kept(), always(f"http://127.0.0.1:{port}")) as way:
        head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert await ask(way, head + body) == OK
    assert received.result() == body


async def test_nobody_there_is_502() -> None:
    kept = Kept()
    async with serving(answers) as port:
        pass
    async with forwarding(kept, always(f"http://127.0.0.1:{port}")) as way:
        assert (await ask(way, get("/a"))).startswith(b"HTTP/1.1 502 ")
    assert kept.statuses == [None]


async def test_a_head_without_an_end_is_refused() -> None:
    kept = Kept()
    async with forwarding(kept, always("http://127.0.0.1:1")) as way:
        said = await ask(way, b"GET / HTTP/1.1\r\nX: " + b"x" * 400_000)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert kept.exchanges == []


async def test_a_service_that_hangs_up_is_kept_without_an_answer() -> None:
    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    kept = Kept()
    async with serving(hangs_up) as port, forwarding(kept, always(f"http://127.0.0.1:{port}")) as way:
        with pytest.raises(asyncio.IncompleteReadError):
            await ask(way, get("/a"))
    assert kept.statuses == [None]


async def test_what_is_under_way_at_the_end_is_kept() -> None:
    arrived = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await reader.read()
        writer.close()

    kept = Kept()
    async with serving(waits) as port, forwarding(kept, always(f"http://127.0.0.1:{port}")) as way:
        _, writer = await asyncio.open_connection("127.0.0.1", way)
        writer.write(get("/a"))
        async with asyncio.timeout(WITHIN_S):
            await arrived.wait()
    await closed(writer)
    assert kept.statuses == [None]


@pytest.mark.parametrize(("host", "status"), [("localhost", b"200"), ("127.0.0.1", b"502")])
async def test_the_service_has_to_prove_who_it_is(tmp_path: Path, host: str, status: bytes) -> None:
    authority = Authority(tmp_path)
    trusting = ssl.create_default_context(cafile=authority.ca_file)
    context = authority.server_context("localhost")
    async with serving(answers, ssl=context) as port:
        reach = always(f"https://{host}:{port}")
        async with forwarding(Kept(), reach, tls=trusting) as way:
            assert (await ask(way, get("/a"))).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("secure", [True, False])
async def test_a_proxy_in_between_leads_there(tmp_path: Path, *, secure: bool) -> None:
    """The proxy alone knows the name, which nobody can look up here."""
    name = "service.invalid"
    authority = Authority(tmp_path)
    asked: list[bytes] = []
    ports: list[int] = []

    async def tunnels(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        inner_reader, inner = await asyncio.open_connection("127.0.0.1", ports[0])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, inner), _copy(inner_reader, writer))
        finally:
            await closed(inner)

    scheme = "https" if secure else "http"
    context = authority.server_context(name) if secure else None
    async with serving(answers, ssl=context) as port, serving(tunnels) as proxy:
        ports.append(port)
        kept = Kept()
        routes = upstream.routes({"https_proxy": f"http://ada:pw@127.0.0.1:{proxy}"}, "", 1)
        trusting = ssl.create_default_context(cafile=authority.ca_file)
        async with forwarding(kept, always(f"{scheme}://{name}:444"), tls=trusting, routes=routes) as way:
            assert await ask(way, get("/a"), get("/b")) == OK * 2
    assert kept.statuses == [200, 200]
    assert asked[0].startswith(b"CONNECT service.invalid:444 HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic YWRhOnB3\r\n" in asked[0]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize(
    ("scheme", "host", "place"),
    [
        ("https", "api.twilio.com", "api.twilio.com port 443"),
        ("http", "api.twilio.com:8080", "api.twilio.com port 8080"),
        ("https", "[::1]:44", "::1 port 44"),
    ],
)
def test_where_the_service_is(scheme: str, host: str, place: str) -> None:
    found = as_named(scheme, host)
    assert str(found) == place
    assert found.secure == (scheme == "https")


@pytest.mark.parametrize("url", ["", "api.twilio.com", "ftp://a", "http://"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(url)}$"):
        always(url)
