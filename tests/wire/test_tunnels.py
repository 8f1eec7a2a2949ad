"""What is not for twilio.com passes the proxy untouched; what no proxy can serve is refused without harm."""

from __future__ import annotations

import asyncio
import resource
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from certificates import Authority as OtherAuthority
from intercepting import API, WITHIN_S, Intercepting, Origin, answer, get, said

from localloop.intercept import Routes
from localloop.intercept import proxy as proxy_module
from localloop.intercept.head import MAX_HEAD
from localloop.intercept.upstream import Upstream


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: they differ in what they read and write at once."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Intercepting]:
    async with Intercepting(tmp_path) as started:
        yield started


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that says back what it hears, and ends when its client does."""
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in writers:
            writer.transport.abort()
        server.close()
        await server.wait_closed()


async def test_bytes_go_through_both_ways(proxy: Intercepting) -> None:
    async with echo() as port:
        reader, writer = await proxy.connect(f"127.0.0.1:{port}")
        sent = bytes(range(256)) * 8192  # two megabytes: more than any buffer on the way
        writer.write(sent)
        assert await asyncio.wait_for(reader.readexactly(len(sent)), WITHIN_S) == sent
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), WITHIN_S) == b""


async def test_what_came_with_the_connect_is_not_lost(proxy: Intercepting) -> None:
    async with echo() as port:
        reader, writer = await proxy.open()
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nearly".encode())
        wanted = proxy_module.ESTABLISHED + b"early"
        assert await asyncio.wait_for(reader.readexactly(len(wanted)), WITHIN_S) == wanted


async def test_a_server_that_speaks_first_is_heard_after_the_answer(proxy: Intercepting) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        answered = await proxy.all_of(
            f"CONNECT 127.0.0.1:{server.sockets[0].getsockname()[1]} HTTP/1.1\r\n\r\n".encode()
        )
    assert answered == proxy_module.ESTABLISHED + b"220 ready\r\n"


async def test_tls_of_others_is_their_own(proxy: Intercepting, tmp_path: Path) -> None:
    other = OtherAuthority(tmp_path)

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"mine")
        writer.close()

    context = other.server_context("localhost")
    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context) as server:
        reader, writer = await proxy.connect(f"localhost:{server.sockets[0].getsockname()[1]}")
        theirs = ssl.create_default_context(cafile=str(other.ca_file))
        await writer.start_tls(theirs, server_hostname="localhost")
        assert await asyncio.wait_for(reader.read(), WITHIN_S) == b"mine"


@pytest.mark.parametrize(
    "host", ["eviltwilio.com", "twilio.com.example", "api.twilio.com@127.0.0.1", "api_twilio.com"]
)
async def test_only_twilios_names_are_ours(proxy: Intercepting, host: str) -> None:
    assert not proxy_module.is_ours(host)


async def test_nobody_there_is_502(proxy: Intercepting) -> None:
    async with echo() as port:
        pass
    answered = await proxy.all_of(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
    assert answered.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"cannot be reached" in answered


async def test_a_name_that_nobody_knows_is_502(proxy: Intercepting) -> None:
    answered = await proxy.all_of(b"CONNECT nobody.invalid:443 HTTP/1.1\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


MALFORMED = {
    "no port": b"CONNECT api.twilio.com HTTP/1.1\r\n\r\n",
    "port 0": b"CONNECT api.twilio.com:0 HTTP/1.1\r\n\r\n",
    "a port too high": b"CONNECT api.twilio.com:65536 HTTP/1.1\r\n\r\n",
    "a scheme": b"CONNECT https://api.twilio.com:443 HTTP/1.1\r\n\r\n",
    "userinfo": b"CONNECT me@api.twilio.com:443 HTTP/1.1\r\n\r\n",
    "no host": b"CONNECT :443 HTTP/1.1\r\n\r\n",
    "a broken address": b"CONNECT [::1:443 HTTP/1.1\r\n\r\n",
    "no address": b"CONNECT [12345::]:443 HTTP/1.1\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"CONNECT api.twilio.com:443\r\n\r\n",
    "two spaces": b"CONNECT  api.twilio.com:443 HTTP/1.1\r\n\r\n",
    "bytes of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a control character": b"CONNECT api.twilio\x00.com:443 HTTP/1.1\r\n\r\n",
    "a folded header": b"CONNECT a:443 HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    "a header without a name": b"CONNECT a:443 HTTP/1.1\r\n: b\r\n\r\n",
    "a space before the colon": b"CONNECT a:443 HTTP/1.1\r\nHost : b\r\n\r\n",
    "a lone carriage return": b"CONNECT a:443 HTTP/1.1\r\nA: b\rc\r\n\r\n",
    "origin form": b"GET /2010-04-01/Accounts.json HTTP/1.1\r\nHost: api.twilio.com\r\n\r\n",
    "a page's request": b"POST / HTTP/1.1\r\nHost: 127.0.0.1:4011\r\nOrigin: https://evil.example\r\n\r\n",
    "another scheme": b"GET ftp://example.com/ HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_malformed_is_400(proxy: Intercepting, sent: bytes) -> None:
    answered = await proxy.all_of(sent)
    assert answered.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert proxy.app.scopes == []
    reader, writer = await proxy.secure()
    writer.write(get(API))
    assert (await answer(reader))[0].startswith(b"HTTP/1.1 200")


async def test_a_head_without_an_end_is_431(proxy: Intercepting) -> None:
    line = b"X-Long: " + b"a" * 8000 + b"\r\n"
    answered = await proxy.all_of(b"CONNECT api.twilio.com:443 HTTP/1.1\r\n" + line * (MAX_HEAD // 8000 + 1))
    assert answered.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


async def test_a_slow_client_is_408(proxy: Intercepting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_module, "HEAD_S", 0.0)
    answered = await proxy.all_of(b"CONNECT api.twilio.com:443 HTTP/1.1\r\n")
    assert answered.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


async def test_a_handshake_that_does_not_come_ends(
    proxy: Intercepting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_module, "HANDSHAKE_S", 0.0)
    reader, _writer = await proxy.connect(f"{API}:443")
    with pytest.raises((ConnectionResetError, AssertionError)):
        assert await asyncio.wait_for(reader.read(), WITHIN_S) != b""


async def test_beyond_the_limit_is_503(tmp_path: Path) -> None:
    narrow = Intercepting(tmp_path)
    narrow.limit = 2
    async with narrow as proxy, echo() as port:
        for _ in range(2):
            await proxy.connect(f"127.0.0.1:{port}")
        assert (await proxy.all_of(b"")).startswith(b"HTTP/1.1 503 ")


@pytest.fixture
def many_files() -> Iterator[None]:
    """Both ends of a thousand tunnels are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192) if hard > 0 else 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
async def test_a_thousand_tunnels_at_once(proxy: Intercepting) -> None:
    """And the API answers among them."""
    async with echo() as port:
        tunnels = [await proxy.connect(f"127.0.0.1:{port}") for _ in range(1000)]
        for number, (_, writer) in enumerate(tunnels):
            writer.write(b"%04d" % number)
        heard = [await asyncio.wait_for(reader.readexactly(4), WITHIN_S) for reader, _ in tunnels]
        assert heard == [b"%04d" % number for number in range(1000)]
        reader, writer = await proxy.secure()
        writer.write(get(API, "/among-them"))
        assert (await answer(reader))[1] == b"/among-them"


# Absolute addresses ------------------------------------------------------------------------------------------------


async def forwarded(proxy: Intercepting, sent: bytes) -> tuple[bytes, bytes]:
    reader, writer = await proxy.open()
    writer.write(sent)
    return await answer(reader)


async def test_an_absolute_request_is_forwarded(proxy: Intercepting) -> None:
    async with Origin(said("201 Created", b"made", "X-One: 1", "Connection: keep-alive")) as there:
        asked = (
            f"POST http://127.0.0.1:{there.port}/a?b=c HTTP/1.1\r\nHost: ignored.example\r\nX-Mine: yes\r\n"
            "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"
            "Content-Length: 4\r\n\r\nbody"
        )
        head, body = await forwarded(proxy, asked.encode())
    assert head.startswith(b"HTTP/1.1 201 Created\r\nX-One: 1\r\n")
    assert head.endswith(b"Connection: close\r\n\r\n")
    assert b"keep-alive" not in head
    assert body == b"made"
    (((first, *headers), got),) = there.asked
    assert (first, got) == ("POST /a?b=c HTTP/1.1", b"body")
    assert set(headers) == {
        f"Host: 127.0.0.1:{there.port}",
        "X-Mine: yes",
        "Content-Length: 4",
        "Via: 1.1 localloop-test",
        "Connection: close",
    }


async def test_an_interim_answer_is_not_the_answer(proxy: Intercepting) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    async with Origin(interim + said("200 OK", b"done")) as there:
        reader, writer = await proxy.open()
        writer.write(get("x", target=f"http://127.0.0.1:{there.port}/"))
        assert await asyncio.wait_for(reader.readexactly(len(interim)), WITHIN_S) == interim
        head, body = await answer(reader)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"done"


# The proxy behind ours -----------------------------------------------------------------------------------------------


def behind(port: int, authorization: str = "", *exempt: str) -> Routes:
    there = Upstream("localhost", port, False, authorization)
    return Routes(there, there, exempt)


@asynccontextmanager
async def company_proxy(reply: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Says `reply` to a CONNECT, then echoes."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heads


async def test_tunnels_go_through_the_proxy_behind(tmp_path: Path) -> None:
    password = "Basic " + b64encode(b"me:secret").decode()
    async with (
        company_proxy(b"HTTP/1.0 200 ok\r\nX-Proxy: 1\r\n\r\nfirst") as (port, heads),
        Intercepting(tmp_path, behind(port, password)) as proxy,
    ):
        reader, writer = await proxy.connect("example.com:443")
        assert await asyncio.wait_for(reader.readexactly(5), WITHIN_S) == b"first"
        writer.write(b"hello")
        assert await asyncio.wait_for(reader.readexactly(5), WITHIN_S) == b"hello"
        writer.write_eof()
        await asyncio.wait_for(reader.read(), WITHIN_S)
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "CONNECT example.com:443 HTTP/1.1"
    assert f"Proxy-Authorization: {password}" in lines


async def test_absolute_requests_go_through_the_proxy_behind(tmp_path: Path) -> None:
    async with (
        Origin(said("200 OK", b"cached")) as company,
        Intercepting(tmp_path, behind(company.port)) as proxy,
    ):
        _, body = await forwarded(proxy, get("example.com", target="http://example.com/page"))
    assert body == b"cached"
    assert company.asked[0][0][0] == "GET http://example.com/page HTTP/1.1"


async def test_twilio_is_not_asked_behind_us(tmp_path: Path) -> None:
    async with (
        company_proxy(b"HTTP/1.1 200 ok\r\n\r\n") as (port, heads),
        Intercepting(tmp_path, behind(port)) as proxy,
    ):
        reader, writer = await proxy.secure()
        writer.write(get(API))
        await answer(reader)
    assert heads == []


async def test_no_proxy_leads_past_the_proxy_behind(tmp_path: Path) -> None:
    async with (
        company_proxy(b"HTTP/1.1 500 no\r\n\r\n") as (port, heads),
        Intercepting(tmp_path, behind(port, "", "internal.invalid")) as proxy,
    ):
        answered = await proxy.all_of(b"CONNECT db.internal.invalid:443 HTTP/1.1\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 502 ")
    assert heads == []


async def test_a_proxy_behind_that_refuses_is_told(tmp_path: Path) -> None:
    async with (
        company_proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as (port, _),
        Intercepting(tmp_path, behind(port)) as proxy,
    ):
        answered = await proxy.all_of(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"407 Proxy Authentication Required" in answered


async def test_a_circle_is_noticed(proxy: Intercepting) -> None:
    answered = await proxy.all_of(b"CONNECT example.com:443 HTTP/1.1\r\nVia: 1.1 localloop-test\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 508 Loop Detected\r\n")
