"""The outbound client against servers whose certificates are good, and not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
from certificates import Authority
from http_server import Server, answer, running
from webhook_keys import TOKEN

from localloop.webhooks import guard, target
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.outbound import Outbound, Outgoing
from localloop.webhooks.tls import Tls

OK = answer("200 OK")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: they differ in how they report what goes wrong."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def outbound(authority: Authority) -> AsyncIterator[Outbound]:
    client = Outbound(guard.UP, ca_file=str(authority.ca_file))
    yield client
    await client.close()


async def fetch(client: Outbound, context: ssl.SSLContext, host: str = "localhost") -> int:
    async with running(Server(OK), ssl=context) as server:
        server.host = host
        response = await client.request(Outgoing("GET", target.parse(server.url), token=TOKEN))
    return response.status


async def test_good_certificates(outbound: Outbound, authority: Authority) -> None:
    assert await fetch(outbound, authority.server_context()) == 200
    assert await fetch(outbound, authority.server_context("127.0.0.1"), "127.0.0.1") == 200


async def test_wrong_host(outbound: Outbound, authority: Authority) -> None:
    with pytest.raises(Failure) as raised:
        await fetch(outbound, authority.server_context("other.example"))
    assert (raised.value.code, raised.value.stage) == (11235, Stage.CONNECT)


async def test_wrong_address(outbound: Outbound, authority: Authority) -> None:
    with pytest.raises(Failure) as raised:
        await fetch(outbound, authority.server_context("127.0.0.2"), "127.0.0.1")
    assert raised.value.code == 11235


async def test_expired(outbound: Outbound, authority: Authority) -> None:
    with pytest.raises(Failure) as raised:
        await fetch(outbound, authority.server_context(expired=True))
    assert raised.value.code == 11236


async def test_unknown_authority(authority: Authority) -> None:
    client = Outbound(guard.UP)
    with pytest.raises(Failure) as raised:
        await fetch(client, authority.server_context())
    await client.close()
    assert raised.value.code == 11237


async def test_no_tls_at_all(outbound: Outbound) -> None:
    async def speak_plainly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Failure) as raised:
            await outbound.request(Outgoing("GET", target.parse(f"https://127.0.0.1:{port}/")))
    assert (raised.value.code, raised.value.stage) == (11220, Stage.CONNECT)


def test_nothing_older_than_tls_1_2() -> None:
    assert Tls().context().minimum_version is ssl.TLSVersion.TLSv1_2
