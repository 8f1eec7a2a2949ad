"""The outbound client against servers whose certificates are good, and not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from certificates import Authority
from http_server import Server, answer, running
from webhook_keys import TOKEN

from localloop.webhooks import guard, target
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.outbound import Outbound, Outgoing
from localloop.webhooks.tls import Tls, compare

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


async def fetch(
    client: Outbound,
    context: ssl.SSLContext,
    host: str = "localhost",
    *,
    overrides: str = "",
    verified: bool = True,
) -> int:
    async with running(Server(OK), ssl=context) as server:
        server.host = host
        asked = target.parse(f"{server.url}/#{overrides}")
        response = await client.request(Outgoing("GET", asked, token=TOKEN, verified=verified))
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


def naming(context: ssl.SSLContext) -> list[str | None]:
    """The server names that clients indicate, as they come."""
    named: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    return named


async def test_server_name_is_indicated_unless_sni_is_n(outbound: Outbound, authority: Authority) -> None:
    context = authority.server_context()
    named = naming(context)
    for overrides in ("", "sni=y", "sni=n"):
        assert await fetch(outbound, context, overrides=overrides) == 200
    assert named == ["localhost", "localhost", None]


@pytest.mark.parametrize(
    ("names", "code"),
    [("other.example", 11235), ("*.localhost", 11235), ("expired", 11236), ("stranger", 11237)],
)
async def test_certificates_are_verified_without_sni_too(
    outbound: Outbound, authority: Authority, tmp_path: Path, names: str, code: int
) -> None:
    if names == "stranger":
        context = Authority(tmp_path).server_context()
    elif names == "expired":
        context = authority.server_context(expired=True)
    else:
        context = authority.server_context(names)
    with pytest.raises(Failure) as raised:
        await fetch(outbound, context, overrides="sni=n")
    assert (raised.value.code, raised.value.stage) == (code, Stage.CONNECT)


@pytest.mark.parametrize("overrides", ["", "sni=n"])
async def test_an_account_may_go_without_verification(tmp_path: Path, overrides: str) -> None:
    """Twilio's "SSL Certificate Validation", which is of an account."""
    client = Outbound(guard.UP, unverified=["AC1"])
    assert (client.verifies("AC2", "AC2"), client.verifies("AC3", "AC1")) == (True, False)
    for context in (
        Authority(tmp_path).server_context("other.example"),
        Authority(tmp_path).server_context(expired=True),
    ):
        assert (
            await fetch(client, context, overrides=overrides, verified=client.verifies("AC1", "AC1")) == 200
        )
        with pytest.raises(Failure):
            await fetch(client, context, overrides=overrides, verified=client.verifies("AC2", "AC2"))
    await client.close()


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("a.example", "A.Example.", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.com", "example.com", False),
        ("a.example", "b.example", False),
    ],
)
def test_names_of_certificates(name: str, host: str, *, fits: bool) -> None:
    """RFC 6125 §6.4: what OpenSSL does when the name was indicated."""
    with contextlib.nullcontext() if fits else pytest.raises(ssl.SSLCertVerificationError):
        compare({"subjectAltName": (("DNS", name),)}, host)


def test_addresses_of_certificates() -> None:
    certificate = {"subjectAltName": (("IP Address", "0:0:0:0:0:0:0:1"), ("DNS", "127.0.0.1"))}
    compare(certificate, "::1")
    with pytest.raises(ssl.SSLCertVerificationError):
        compare(certificate, "127.0.0.1")


async def test_when_things_happened(outbound: Outbound, authority: Authority) -> None:
    async with running(Server(OK), ssl=authority.server_context()) as server:
        server.host = "localhost"
        asked = Outgoing("GET", target.parse(server.url), token=TOKEN)
        first = (await outbound.request(asked)).timings
        kept = (await outbound.request(asked)).timings
    points = [first.resolved, first.connected, first.secured, first.first_byte, first.done]
    assert None not in points
    assert points == sorted(points, key=lambda point: point or 0)
    assert (kept.reused, kept.resolved, kept.connected, kept.secured) == (True, None, None, None)


def test_nothing_older_than_tls_1_2() -> None:
    assert Tls().context().minimum_version is ssl.TLSVersion.TLSv1_2
