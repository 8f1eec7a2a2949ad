"""The HTTP/1.1 edge on real sockets: requests as clients send them, whole, in parts, too long, broken or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.server import ServerState

from localloop.rest.connection import IDLE_S, MAX_HEAD, REQUEST_S, Connections
from localloop.rest.wire import MAX_BODY

WITHIN_S = 20


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: they differ in what they read and write at once."""
    return "asyncio", {"use_uvloop": request.param}


class Application:
    """Notes what it is asked and answers as the test wants."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.disconnected = asyncio.Event()
        self.go_on.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        event = await receive()
        self.bodies.append(event["body"])
        self.started.set()
        await self.go_on.wait()
        answer = getattr(self, f"_{scope['path'].strip('/') or 'plain'}")
        await answer(event, receive, send)

    async def _plain(self, event: Any, receive: Any, send: Any) -> None:
        body = b"more" if event["more_body"] else event["body"] or b"hello"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-one", b"1")]})
        await send({"type": "http.response.body", "body": body})

    async def _parts(self, event: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    async def _split(self, event: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", b"/a\r\nx: y")]})
        await send({"type": "http.response.body", "body": b""})

    async def _bug(self, event: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("a bug")

    async def _silent(self, event: Any, receive: Any, send: Any) -> None:
        return None

    async def _gone(self, event: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.disconnect"
        self.disconnected.set()


class Site:
    """A server on a port of its own, and one client's connection at a time."""

    def __init__(self, app: Application, state: ServerState, port: int) -> None:
        self.app = app
        self.state = state
        self.port = port
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def all_of(self, sent: bytes) -> bytes:
        """Everything that is answered until the server hangs up."""
        reader, writer = await self.open()
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), WITHIN_S)

    @property
    def connection(self) -> Any:
        (only,) = self.state.connections
        return only


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    app, state, make = Application(), ServerState(), Connections()
    config: Any = SimpleNamespace(loaded_app=app)
    server = await asyncio.get_running_loop().create_server(lambda: make(config, state, {}), "127.0.0.1", 0)
    site = Site(app, state, server.sockets[0].getsockname()[1])
    try:
        yield site
    finally:
        for writer in site.writers:
            writer.transport.abort()
        server.close()
        for task in tuple(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        make.close()


def request(
    path: str = "/", *headers: str, method: str = "GET", body: bytes = b"", close: bool = True
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: here", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN_S)
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
    return head, await asyncio.wait_for(reader.readexactly(length), WITHIN_S)


async def test_request_and_answer(site: Site) -> None:
    answered = await site.all_of(request("/?a=%20b", "X-Some: Thing", method="POST", body=b"text"))
    assert answered == b"HTTP/1.1 200 OK\r\nx-one: 1\r\ncontent-length: 4\r\nconnection: close\r\n\r\ntext"
    scope = site.app.scopes[0]
    assert scope["method"] == "POST"
    assert scope["query_string"] == b"a=%20b"
    assert (b"x-some", b"Thing") in scope["headers"]
    assert scope["client"][0] == "127.0.0.1"


async def test_path_is_decoded_and_kept_as_it_came(site: Site) -> None:
    await site.all_of(request("http://here/%70lain?x"))
    assert site.app.scopes[0]["path"] == "/plain"
    assert site.app.scopes[0]["raw_path"] == b"/%70lain"


async def test_one_connection_serves_many_requests(site: Site) -> None:
    reader, writer = await site.open()
    for text in (b"one", b"two"):
        writer.write(request(method="POST", body=text, close=False))
        assert (await answer(reader))[1] == text
    assert len(site.state.connections) == 1


async def test_requests_that_do_not_wait_are_answered_in_order(site: Site) -> None:
    sent = [request(method="POST", body=b"%d" % number, close=number == 9) for number in range(10)]
    answered = await site.all_of(b"".join(sent))
    assert answered.count(b"HTTP/1.1 200") == 10
    assert site.app.bodies == [b"%d" % number for number in range(10)]


async def test_body_in_pieces_is_given_whole(site: Site) -> None:
    reader, writer = await site.open()
    sent = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    for at in range(len(sent)):
        writer.write(sent[at : at + 1])
        await writer.drain()
    assert (await answer(reader))[1] == b"abcde"


@pytest.mark.parametrize("announced", [True, False])
async def test_too_long_a_body_is_told_at_once_and_read_over(site: Site, announced: bool) -> None:
    reader, writer = await site.open()
    size = MAX_BODY + 100_000
    if announced:
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
        assert (await answer(reader))[1] == b"more"
        writer.write(b"x" * size)
    else:
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % size)
        writer.write(b"x" * size + b"\r\n0\r\n\r\n")
        assert (await answer(reader))[1] == b"more"
    writer.write(request(method="POST", body=b"next"))
    assert (await answer(reader))[1] == b"next"


async def test_who_asks_to_go_on_is_told_to(site: Site) -> None:
    reader, writer = await site.open()
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN_S) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"text")
    assert (await answer(reader))[1] == b"text"


async def test_who_asks_to_go_on_with_too_much_is_not(site: Site) -> None:
    head = f"Expect: 100-continue\r\nContent-Length: {MAX_BODY + 1}"
    answered = await site.all_of(request("/", head, method="POST", close=False))
    assert answered.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in answered


async def test_answer_in_parts_is_chunked(site: Site) -> None:
    answered = await site.all_of(request("/parts"))
    head, _, body = answered.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_head_has_no_body(site: Site) -> None:
    assert (await site.all_of(request(method="HEAD"))).endswith(b"\r\n\r\n")


async def test_old_clients_are_hung_up_on(site: Site) -> None:
    answered = await site.all_of(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert answered.endswith(b"connection: close\r\n\r\nhello")


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost here\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"]
)
async def test_what_is_not_http_is_refused(site: Site, sent: bytes) -> None:
    assert (await site.all_of(sent)).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert not site.app.scopes


async def test_endless_head_is_refused(site: Site) -> None:
    answered = await site.all_of(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * MAX_HEAD)
    assert answered.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("path", ["/bug", "/silent", "/split"])
async def test_application_without_an_answer_is_500(site: Site, path: str) -> None:
    answered = await site.all_of(request(path, close=False))
    assert answered.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"x: y" not in answered


async def test_application_hears_that_the_client_has_gone(site: Site) -> None:
    _, writer = await site.open()
    writer.write(request("/gone"))
    await asyncio.wait_for(site.app.started.wait(), WITHIN_S)
    writer.transport.abort()
    await asyncio.wait_for(site.app.disconnected.wait(), WITHIN_S)


async def test_request_that_does_not_end_is_told_so(site: Site) -> None:
    reader, writer = await site.open()
    writer.write(request(method="POST", close=False)[:-2])
    await writer.drain()
    while not site.state.connections or not site.connection.is_timed:
        await asyncio.sleep(0)
    now = asyncio.get_running_loop().time()
    site.connection.look(now + REQUEST_S - 1)
    assert site.state.connections
    site.connection.look(now + REQUEST_S + 1)
    assert (await asyncio.wait_for(reader.read(), WITHIN_S)).startswith(b"HTTP/1.1 408 ")


async def test_idle_connection_is_closed_and_a_busy_one_is_not(site: Site) -> None:
    site.app.go_on.clear()
    reader, writer = await site.open()
    writer.write(request(close=False))
    await asyncio.wait_for(site.app.started.wait(), WITHIN_S)
    later = asyncio.get_running_loop().time() + 2 * IDLE_S
    site.connection.look(later)
    site.app.go_on.set()
    assert (await answer(reader))[1] == b"hello"
    site.connection.look(later)
    assert await asyncio.wait_for(reader.read(), WITHIN_S) == b""


async def test_stopping_lets_the_answer_through(site: Site) -> None:
    site.app.go_on.clear()
    reader, writer = await site.open()
    writer.write(request(close=False))
    await asyncio.wait_for(site.app.started.wait(), WITHIN_S)
    site.connection.shutdown()
    site.app.go_on.set()
    assert (await asyncio.wait_for(reader.read(), WITHIN_S)).endswith(b"hello")


async def test_slow_reader_gets_it_all(site: Site) -> None:
    big = b"x" * MAX_BODY
    reader, writer = await site.open()
    writer.write(b"".join(request(method="POST", body=big, close=number == 7) for number in range(8)))
    read = await asyncio.wait_for(reader.read(), WITHIN_S)
    assert len(read) > 8 * MAX_BODY
