"""Answers of every shape that HTTP/1.1 allows, and of some that it does not: what is read of them, and whether the
connection is used again.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from http_server import Received, Server, answer, running
from webhook_keys import TOKEN

from localloop.webhooks import guard, target
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.outbound import Outbound, Outgoing, Response

pytestmark = pytest.mark.invented_webhooks

OK = answer("200 OK", b"second")
PAGE = b"<Response/>" * 20


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(guard.UP)
    yield client
    await client.close()


def asked(server: Server, method: str = "POST", overrides: str = "") -> Outgoing:
    return Outgoing(method, target.parse(f"{server.url}/#{overrides}"), {"Body": "x"}, token=TOKEN)


async def twice(client: Outbound, server: Server, method: str = "POST") -> tuple[Response, Response]:
    return (await client.request(asked(server, method)), await client.request(asked(server)))


def coded(coding: str, body: bytes) -> bytes:
    return answer("200 OK", body, f"Content-Encoding: {coding}")


def _raw_deflate(body: bytes) -> bytes:
    making = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return making.compress(body) + making.flush()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Head: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "body"),
    [
        (answer("200 OK", PAGE), PAGE),
        (answer("204 No Content", length=False), b""),
        (CHUNKED + b"5;a=b\r\nfirst\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n", b"first!"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer("200 OK", PAGE), PAGE),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + answer("200 OK", PAGE), PAGE),
        (coded("gzip", gzip.compress(PAGE)), PAGE),
        (coded("deflate", zlib.compress(PAGE)), PAGE),
        (coded("Deflate", _raw_deflate(PAGE)), PAGE),
        (coded("identity", PAGE), PAGE),
    ],
    ids=["plain", "no content", "chunked", "continue", "hints", "gzip", "deflate", "raw deflate", "identity"],
)
async def test_complete_answers_keep_the_connection(outbound: Outbound, script: bytes, body: bytes) -> None:
    async with running(Server(script, OK)) as server:
        first, second = await twice(outbound, server)
        assert server.connections == 1
    assert (first.body, first.truncated, second.body, second.timings.reused) == (body, False, b"second", True)
    assert first.status in (200, 204)
    assert "Link" not in first.headers
    assert "X-Trailer" not in first.headers


@pytest.mark.parametrize(
    ("script", "body"),
    [
        (answer("200 OK", PAGE, "Connection: close"), PAGE),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        # One answer too many: nobody who asks next may take it for its own.
        (answer("200 OK", b"first") + answer("200 OK", b"smuggled"), b"first"),
        (answer("200 OK", b"first") + b"and more", b"first"),
    ],
    ids=["close", "1.0", "one too many", "more bytes"],
)
async def test_answers_after_which_a_connection_is_not_used_again(
    outbound: Outbound, script: bytes, body: bytes
) -> None:
    async with running(Server(script, OK)) as server:
        first, second = await twice(outbound, server)
        assert server.connections == 2
    assert (first.body, second.body) == (body, b"second")


async def test_who_tells_no_length_ends_by_hanging_up(outbound: Outbound) -> None:
    async def until_the_end(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + PAGE)
        await writer.drain()
        writer.write(PAGE)
        writer.close()

    async with running(Server(respond=until_the_end)) as server:
        first, second = await twice(outbound, server)
    assert (first.body, second.body) == (PAGE * 2, PAGE * 2)


async def test_head_has_no_body_whatever_its_length_says(outbound: Outbound) -> None:
    async with running(Server(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", OK)) as server:
        first, second = await twice(outbound, server, "HEAD")
        assert [request.method for request in server.requests] == ["HEAD", "POST"]
    assert (first.body, second.body) == (b"", b"second")


@pytest.mark.parametrize(
    ("script", "stage"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", Stage.READ),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, Stage.READ),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, Stage.READ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy", Stage.READ),
        (CHUNKED + b"no number\r\n", Stage.BODY),
        (coded("gzip", b"not at all"), Stage.BODY),
        (coded("br", b"\x0b\x02\x80x\x03"), Stage.BODY),
    ],
    ids=["upgrade", "many headers", "long header", "two lengths", "no chunk", "no gzip", "brotli"],
)
async def test_answers_that_are_none(outbound: Outbound, script: bytes, stage: Stage) -> None:
    async with running(Server(script)) as server:
        with pytest.raises(Failure) as raised:
            await outbound.request(asked(server, overrides="rt=2000"))
    assert (raised.value.code, raised.value.stage) == (11206, stage)


async def test_what_is_compressed_is_bounded_by_what_it_is(outbound: Outbound) -> None:
    async with running(Server(coded("gzip", gzip.compress(b"x" * 3_000_000)))) as server:
        response = await outbound.request(asked(server))
    assert (response.body, response.truncated) == (b"x" * 65_536, True)


async def test_a_header_cannot_add_another(outbound: Outbound) -> None:
    async with running(Server(OK)) as server:
        for value in ("a\r\nX-Forged: 1", "a\nX-Forged: 1", "a\rX-Forged: 1"):
            outgoing = Outgoing("GET", target.parse(server.url), headers={"X": value})
            with pytest.raises(Failure) as raised:
                await outbound.request(outgoing)
            assert raised.value.code == 11206
        assert server.requests == []


async def test_a_place_is_waited_for_in_time_and_never_lost() -> None:
    client = Outbound(guard.UP, per_host=1)

    async def respond(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.path == "/silent":
            await asyncio.Event().wait()
        writer.write(OK)

    async with running(Server(respond=respond)) as server, asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(
            client.request(Outgoing("GET", target.parse(f"{server.url}/silent"), token=TOKEN))
        )
        await server.wait_for(1)
        with pytest.raises(Failure) as raised:
            await client.request(asked(server), budget_s=0.05)
        assert (raised.value.code, raised.value.stage) == (11205, Stage.TOTAL)
        waiting = tasks.create_task(client.request(asked(server)))
        holding.cancel()
        assert (await waiting).body == b"second"
        assert (await client.request(asked(server))).timings.reused
        with contextlib.suppress(asyncio.CancelledError):
            await holding
    await client.close()


async def test_of_servers_that_keep_no_connection_nothing_is_kept(outbound: Outbound) -> None:
    """Nor of those that cannot be reached."""
    for _ in range(3):
        async with running(Server(answer("200 OK", b"x", "Connection: close"))) as server:
            assert (await outbound.request(asked(server))).status == 200
        with pytest.raises(Failure):
            await outbound.request(asked(server))
    assert outbound._others._shelves == {}


class _Names(AbstractResolver):
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        import socket

        self.asked.append(host)
        await asyncio.sleep(0)
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        return None


async def test_many_who_ask_for_a_name_share_one_look_up() -> None:
    names = _Names()
    client = Outbound(guard.UP, resolver=names)
    async with running(Server(OK)) as server:
        outgoing = Outgoing("GET", target.parse(f"http://app.test:{server.port}/"), token=TOKEN)
        responses = await asyncio.gather(*(client.request(outgoing) for _ in range(5)))
        assert server.connections == 5
    await client.close()
    assert [response.status for response in responses] == [200] * 5
    assert names.asked == ["app.test"]
