"""What is signed is what arrives: in every form, behind proxies, and for WebSockets.

Each test's server shows what it received to Twilio's own validators for Python and Node (tests/genuine.py); the
assertions here say what reached it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import proxy
import pytest
import validators
from aiohttp import ClientWebSocketResponse, web
from certificates import Authority
from http_server import Server, answer, running
from webhook_keys import TOKEN

from localloop.webhooks import guard, target
from localloop.webhooks.failure import Failure
from localloop.webhooks.outbound import Outbound, Outgoing
from tests.needs import needs

OK = answer("200 OK", b"<Response/>", "Content-Type: text/xml")
PARAMS = {"Body": " häåø 你好 & = + % 'quoted' (1)!*", "From": "+15551230001", "A": "", "a": "b", "Z": "~_-."}

pytestmark = [needs("twilio-node"), pytest.mark.invented_webhooks]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def outbound(authority: Authority) -> AsyncIterator[Outbound]:
    client = Outbound(guard.UP, ca_file=str(authority.ca_file))
    yield client
    await client.close()


PATHS = [
    "",
    "/",
    "/sms?a=1&b=2",
    "/a%20b/%C3%A4?q=%20x%2B&r=a+b&s=%7E",
    '/a b/ä?q=ö|{}^`"<>\\',
    "/it's/(x)!*;,@:$?it's=(x)!*;,@:$/?",
    "/a?",
    "/a?b",
    "/a?=&&",
    "/a//b/../c/./d;v=1",
    "/?x=%zz&y=%",
    "/q?a[]=1&a[]=2",
]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("path", PATHS)
async def test_forms_and_queries(outbound: Outbound, method: str, path: str) -> None:
    async with running(Server(OK)) as server:
        asked = target.parse(f"http://user:pw@127.0.0.1:{server.port}{path}#rc=2&ct=1000")
        await outbound.request(Outgoing(method, asked, PARAMS, token=TOKEN))
    [request] = server.requests
    assert "#" not in request.path
    assert (request.form if method == "POST" else request.body) == (PARAMS if method == "POST" else b"")


async def test_repeated_values(outbound: Outbound) -> None:
    params = {"To": ["+2", "+1", "+2"], "Body": "x"}
    async with running(Server(OK)) as server:
        await outbound.request(Outgoing("POST", target.parse(server.url), params, token=TOKEN))
    assert server.requests[0].body == b"To=%2B2&To=%2B1&To=%2B2&Body=x"


@pytest.mark.parametrize("path", ["", "/events?a=%20b"])
async def test_json(outbound: Outbound, path: str) -> None:
    body = '[{"specversion":"1.0","data":"ä你"}]'.encode()
    async with running(Server(OK)) as server:
        await outbound.request(Outgoing("POST", target.parse(f"{server.url}{path}"), token=TOKEN, json=body))
    assert (server.requests[0].body, "bodySHA256=" in server.requests[0].path) == (body, True)


@pytest.mark.parametrize("status", [301, 302, 303, 307])
@pytest.mark.parametrize("json", [None, b'{"a":1}'])
async def test_every_hop_is_signed_for_where_it_goes(
    outbound: Outbound, status: int, json: bytes | None
) -> None:
    async with running(Server(OK)) as there:
        moved = answer(f"{status} Moved", b"", f"Location: {there.url}/x?y=%20z")
        async with running(Server(moved)) as here:
            asked = target.parse(f"{here.url}/from")
            await outbound.request(Outgoing("POST", asked, PARAMS, token=TOKEN, json=json))
    assert (len(here.requests), len(there.requests)) == (1, 1)
    assert there.requests[0].method == ("POST" if status == 307 else "GET")


@pytest.mark.parametrize("voice", [False, True])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_ports_of_https(outbound: Outbound, authority: Authority, host: str, *, voice: bool) -> None:
    """Voice leaves the port out of what it signs; validators try both."""
    async with running(Server(OK), ssl=authority.server_context(host)) as server:
        server.host = host
        asked = target.parse(f"{server.url}/voice?a=1")
        await outbound.request(Outgoing("POST", asked, PARAMS, token=TOKEN, voice=voice))
    assert server.requests[0].headers["host"] == f"{host}:{server.port}"


@pytest.mark.parametrize(("voice", "with_port"), [(False, True), (True, True), (True, False)])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_behind_a_proxy_that_ends_tls(
    outbound: Outbound, authority: Authority, method: str, *, voice: bool, with_port: bool
) -> None:
    """The application sees plain HTTP and another host; from the forwarded headers it knows what was signed."""
    async with running(Server(OK)) as application:
        front = Server(respond=proxy.to(application, with_port=with_port))
        async with running(front, ssl=authority.server_context()) as front:
            front.host = "localhost"
            asked = target.parse(f"{front.url}/voice?a=%20b")
            await outbound.request(Outgoing(method, asked, PARAMS, token=TOKEN, voice=voice))
    [request] = application.requests
    assert request.headers["x-forwarded-proto"] == "https"
    assert request.headers["host"] != front.requests[0].headers["host"]


async def _websocket(request: web.Request) -> web.StreamResponse:
    headers = {name.lower(): value for name, value in request.headers.items()}
    validators.note("https" if request.secure else "http", request.path_qs, headers, b"")
    if request.path != "/stream":
        return web.Response(status=404)
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str(headers["user-agent"])
    await socket.close()
    return socket


async def _connect(outbound: Outbound, url: str) -> ClientWebSocketResponse:
    return await outbound.websocket(
        Outgoing("GET", target.parse(url, target.WEBSOCKET), token=TOKEN, voice=True)
    )


async def test_websocket_handshakes(outbound: Outbound, authority: Authority) -> None:
    application = web.Application()
    application.router.add_get("/{path:.*}", _websocket)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await web.TCPSite(runner, "localhost", 0, ssl_context=authority.server_context()).start()
    plain, secure = (address[1] for address in runner.addresses[:2])
    try:
        for url in (f"ws://127.0.0.1:{plain}/stream?a=1", f"wss://localhost:{secure}/stream"):
            socket = await _connect(outbound, url)
            assert await socket.receive_str() == "TwilioProxy/1.1"
            await socket.close()
        with pytest.raises(Failure, match="404") as raised:
            await _connect(outbound, f"ws://127.0.0.1:{plain}/nothing")
        assert raised.value.code == 11200
    finally:
        await runner.cleanup()


async def test_websockets_are_guarded() -> None:
    client = Outbound(guard.SERVE)
    with pytest.raises(Failure, match="loopback") as raised:
        await _connect(client, "ws://127.0.0.1:9/stream")
    await client.close()
    assert raised.value.code == 11205
