"""What is meant for twilio.com ends at the proxy, over TLS or not, and the API sees it as it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from intercepting import API, WITHIN_S, Intercepting, answer, get

from localloop.intercept import proxy as proxy_module


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: they differ in what they read and write at once."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Intercepting]:
    async with Intercepting(tmp_path) as running:
        yield running


@pytest.mark.parametrize("host", [API, "twilio.com", "verify.twilio.com", "api.dublin.ie1.twilio.com"])
async def test_a_request_arrives_with_its_host(proxy: Intercepting, host: str) -> None:
    reader, writer = await proxy.secure(host)
    writer.write(get(host, "/2010-04-01/Accounts.json"))
    head, body = await answer(reader)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"/2010-04-01/Accounts.json"
    assert proxy.app.asked() == ("https", host, "/2010-04-01/Accounts.json")


async def test_a_connection_stays_open(proxy: Intercepting) -> None:
    reader, writer = await proxy.secure()
    for number in range(3):
        writer.write(get(API, f"/{number}"))
        assert (await answer(reader))[1] == f"/{number}".encode()


@pytest.mark.parametrize("size", [1, 16 * 1024 + 1, 900_000])
async def test_a_body_comes_through_and_back(proxy: Intercepting, size: int) -> None:
    reader, writer = await proxy.secure()
    body = bytes(index * 7 % 251 for index in range(size))
    writer.write(f"POST /echo HTTP/1.1\r\nHost: {API}\r\nContent-Length: {size}\r\n\r\n".encode() + body)
    assert (await answer(reader))[1] == body


async def test_http_1_1_is_what_is_agreed_on(proxy: Intercepting) -> None:
    context = proxy.trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await proxy.secure(context=context)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"


async def test_tls_1_2_will_do(proxy: Intercepting) -> None:
    context = proxy.trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    reader, writer = await proxy.secure(context=context)
    writer.write(get(API, "/old", "Connection: close"))
    assert (await answer(reader))[1] == b"/old"
    assert await asyncio.wait_for(reader.read(), WITHIN_S) == b""


async def test_who_sends_before_the_answer_is_understood(proxy: Intercepting) -> None:
    """Some clients do not wait for the 200: their ClientHello comes together with the CONNECT."""
    received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = proxy.trusting().wrap_bio(received, to_send, server_hostname=API)
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    reader, writer = await proxy.open()
    writer.write(f"CONNECT {API}:443 HTTP/1.1\r\n\r\n".encode() + to_send.read())
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN_S) == proxy_module.ESTABLISHED
    while True:
        received.write(await asyncio.wait_for(reader.read(65536), WITHIN_S))
        with contextlib.suppress(ssl.SSLWantReadError):
            hello.do_handshake()
            break
    assert hello.version() in ("TLSv1.2", "TLSv1.3")


async def test_a_trailing_dot_does_not_lead_to_twilio(proxy: Intercepting) -> None:
    reader, writer = await proxy.connect("API.Twilio.com.:443")
    await writer.start_tls(proxy.trusting(), server_hostname=API)
    writer.write(get(API))
    assert (await answer(reader))[0].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("target", "scheme"),
    [
        (f"http://{API}/a?b=%20", "http"),
        (f"https://{API}/a?b=%20", "https"),
        (f"http://{API}:8080/a", "http"),
    ],
)
async def test_absolute_addresses_are_ours_too(proxy: Intercepting, target: str, scheme: str) -> None:
    """Some versions of axios ask an HTTP proxy for https addresses in clear."""
    answered = await proxy.all_of(get("elsewhere", target=target))
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in answered  # the next request may be for another host
    assert proxy.app.asked()[0] == scheme
    assert proxy.app.asked()[1].partition(":")[0] == API
    assert proxy.app.asked()[2] == "/a"


async def test_port_80_is_ours_without_tls(proxy: Intercepting) -> None:
    reader, writer = await proxy.connect(f"{API}:80")
    writer.write(get(API, "/plain"))
    assert (await answer(reader))[1] == b"/plain"
    assert proxy.app.asked() == ("http", API, "/plain")


async def test_a_websocket_upgrade_is_handed_over_as_it_is(tmp_path: Path) -> None:
    """What the API makes of it is the API's; bytes go both ways from then on."""

    class Upgrading(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self.received = b""

        def data_received(self, data: bytes) -> None:
            self.received += data
            if b"\r\n\r\n" in self.received:
                head, _, rest = self.received.partition(b"\r\n\r\n")
                told = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + head + b"|" if not rest else b""
                self.transport.write(told + rest[::-1])  # type: ignore[attr-defined]

    async with Intercepting(tmp_path, inside=lambda _scheme: Upgrading()) as proxy:
        reader, writer = await proxy.secure("voice-js.roaming.twilio.com")
        asked = get("voice-js.roaming.twilio.com", "/signal", "Connection: Upgrade", "Upgrade: websocket")
        writer.write(asked)
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN_S)
        assert (
            await asyncio.wait_for(reader.readuntil(b"|"), WITHIN_S) == asked.removesuffix(b"\r\n\r\n") + b"|"
        )
        writer.write(b"abc")
        assert await asyncio.wait_for(reader.readexactly(3), WITHIN_S) == b"cba"


async def test_a_program_that_does_not_trust_us_harms_nobody(proxy: Intercepting) -> None:
    stranger = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        await proxy.secure(context=stranger)
    reader, writer = await proxy.secure()
    writer.write(get(API, "/next"))
    assert (await answer(reader))[1] == b"/next"


async def test_nonsense_instead_of_tls_is_hung_up_on(proxy: Intercepting) -> None:
    reader, writer = await proxy.connect(f"{API}:443")
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert b"HTTP/1.1" not in await asyncio.wait_for(reader.read(), WITHIN_S)
    assert proxy.app.scopes == []


async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(proxy: Intercepting) -> None:
    reader, writer = await proxy.secure()
    writer.write(get(API, "/1"))
    await answer(reader)
    (connection,) = proxy.state.connections
    writer.transport.abort()
    while proxy.state.connections:
        await asyncio.sleep(0)
    assert connection not in proxy.state.connections
