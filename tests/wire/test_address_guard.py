"""Nothing gets past the address guard: names that change their mind, redirects, odd notations, proxies."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import name_server
import pytest
from http_server import Server, answer, running
from name_server import NameServer, Resolver
from webhook_keys import TOKEN

from localloop.webhooks import guard, target
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.guard import AddressPolicy, networks
from localloop.webhooks.outbound import Outbound, Outgoing

pytestmark = pytest.mark.invented_webhooks

OK = answer("200 OK", b"<Response/>", "Content-Type: text/xml")
# Production, with the one address that these tests can listen at as if it were public.
LOOPBACK_IS_PUBLIC = AddressPolicy(True, networks(["127.0.0.1"]))
# 169.254.169.254, where clouds hand out a machine's credentials.
METADATA = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "１６９.２５４.１６９.２５４",
    "169。254。169。254",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[::ffff:0:169.254.169.254]",
    "[2002:a9fe:a9fe::1]",
    "[fe80::5efe:169.254.169.254]",
    "[fd00:ec2::254]",
]
LOOPBACK = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.1",
    "0177.0.0.1",
    "00000177.0.0.1",
    "localhost",
    "LOCALHOST.",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "①②⑦.⓪.⓪.①",
]


@contextlib.asynccontextmanager
async def outbound(policy: AddressPolicy, names: NameServer | None = None) -> AsyncIterator[Outbound]:
    client = Outbound(policy, resolver=Resolver(names) if names else None)
    try:
        yield client
    finally:
        await client.close()


async def ask(client: Outbound, url: str) -> int:
    response = await client.request(Outgoing("POST", target.parse(url), {"Body": "x"}, token=TOKEN))
    return response.status


async def refusal(client: Outbound, url: str) -> Failure:
    with pytest.raises(Failure) as raised:
        await ask(client, url)
    return raised.value


async def test_a_name_is_looked_up_once_and_the_address_that_was_judged_is_used() -> None:
    """DNS rebinding: good when it is looked at, bad when it is used, if it were looked up again."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    async with name_server.serving(app_test=answers) as names, outbound(LOOPBACK_IS_PUBLIC, names) as client:
        async with running(Server(OK)) as server, running(Server(OK)) as other:
            assert await ask(client, f"http://app.test:{server.port}/") == 200
            assert (names.asked, server.connections) == (["app.test"], 1)
            failure = await refusal(client, f"http://app.test:{other.port}/")
        assert (failure.code, failure.stage, other.connections) == (11205, Stage.SETUP, 0)
        assert "app.test is 169.254.169.254, a metadata address" in failure.message


async def test_of_several_addresses_only_the_good_ones_are_tried() -> None:
    answers = [["10.0.0.1", "127.0.0.1", "192.168.0.1"]]
    async with (
        name_server.serving(app_test=answers) as names,
        outbound(LOOPBACK_IS_PUBLIC, names) as client,
        running(Server(OK)) as server,
    ):
        assert await ask(client, f"http://app.test:{server.port}/") == 200
        assert server.connections == 1


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "100.64.0.1", "0.0.0.0"]
)
async def test_names_of_the_inside_are_refused_under_serve(address: str) -> None:
    async with (
        name_server.serving(inner_test=[[address]]) as names,
        outbound(guard.SERVE, names) as client,
        running(Server(OK)) as server,
    ):
        failure = await refusal(client, f"http://inner.test:{server.port}/")
        assert (failure.code, server.connections) == (11205, 0)
    assert f"inner.test is {address}" in failure.message


@pytest.mark.parametrize("status", [301, 302, 303, 307])
@pytest.mark.parametrize(
    "host", ["inner.test", "127.1", "2130706433", "[::ffff:10.0.0.1]", "0x7f.1", "10.0.0.1"]
)
async def test_redirects_to_the_inside_are_refused(status: int, host: str) -> None:
    """The first hop is allowed by its name alone; the second is judged for itself."""
    async with (
        name_server.serving(app_test=[["127.0.0.1"]], inner_test=[["10.0.0.1"]]) as names,
        outbound(LOOPBACK_IS_PUBLIC, names) as client,
        running(Server(OK)) as inner,
    ):
        moved = answer(f"{status} Moved", b"", f"Location: http://{host}:{inner.port}/")
        async with running(Server(moved)) as server:
            failure = await refusal(client, f"http://app.test:{server.port}/")
        assert failure.code in (11205, 11210, 11216)
        assert (len(server.requests), inner.connections) == (1, 0)


async def test_a_name_that_changes_between_hops_is_judged_again() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    async with (
        name_server.serving(app_test=answers) as names,
        outbound(LOOPBACK_IS_PUBLIC, names) as client,
        running(Server(OK)) as inner,
    ):
        moved = answer("307 Moved", b"", f"Location: http://app.test:{inner.port}/")
        async with running(Server(moved)) as server:
            failure = await refusal(client, f"http://app.test:{server.port}/")
        assert (failure.code, inner.connections) == (11205, 0)


@pytest.mark.parametrize("policy", [guard.UP, guard.SERVE], ids=["up", "serve"])
@pytest.mark.parametrize("host", METADATA)
async def test_metadata_is_refused_everywhere_however_it_is_written(host: str, policy: AddressPolicy) -> None:
    async with outbound(policy) as client:
        failure = await refusal(client, f"http://{host}/latest/meta-data#ct=100&rc=0")
    assert failure.code in (11205, 11210)
    assert failure.stage is Stage.SETUP


@pytest.mark.parametrize("host", LOOPBACK)
async def test_loopback_is_refused_under_serve_however_it_is_written(host: str) -> None:
    async with outbound(guard.SERVE) as client, running(Server(OK)) as server:
        failure = await refusal(client, f"http://{host}:{server.port}/#ct=100&rc=0")
        assert server.connections == 0
    assert failure.code in (11205, 11210)
    assert failure.stage is Stage.SETUP


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "134744072", "8.8.2056"])
async def test_odd_numbers_are_refused_under_serve_wherever_they_lead(host: str) -> None:
    async with outbound(LOOPBACK_IS_PUBLIC) as client:
        assert (await refusal(client, f"http://{host}/")).code == 11210


async def test_listed_networks_are_reached_under_serve() -> None:
    async with outbound(LOOPBACK_IS_PUBLIC) as client, running(Server(OK)) as server:
        assert await ask(client, server.url) == 200


@pytest.mark.parametrize("policy", [guard.UP, LOOPBACK_IS_PUBLIC], ids=["up", "serve"])
async def test_proxies_and_passwords_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, policy: AddressPolicy
) -> None:
    asks = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"')
    password_file = tmp_path / "netrc"
    password_file.write_text("machine 127.0.0.1 login thief password hunter2\n")
    monkeypatch.setenv("NETRC", str(password_file))
    async with running(Server(OK)) as proxy, running(Server(asks)) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY"):
            for variable in (name, name.lower()):
                monkeypatch.setenv(variable, proxy.url)
        async with outbound(policy) as client:
            assert await ask(client, server.url) == 401
            with pytest.raises(Failure):
                await client.websocket(
                    Outgoing(
                        "GET", target.parse(f"ws://127.0.0.1:{server.port}/", target.WEBSOCKET), token=TOKEN
                    )
                )
            for url in ("http://169.254.169.254/", "https://169.254.169.254/"):
                assert (await refusal(client, url)).code == 11205
    assert proxy.connections == 0
    secret = base64.b64encode(b"thief:hunter2").decode()
    assert not any(secret in str(request.headers) for request in server.requests)
