"""The outbound client against real servers, well-behaved and not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import misbehaving
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from http_server import Received, Server, answer, running
from twilio.request_validator import RequestValidator
from webhook_keys import TOKEN

from localloop.webhooks import guard, target
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.guard import GuardedResolver
from localloop.webhooks.outbound import Outbound, Outgoing, Response

pytestmark = pytest.mark.invented_webhooks

PARAMS = {"MessageSid": "SM1", "Body": "häåø & 100 % +1", "Empty": ""}
OK = answer("200 OK", b"<Response/>", "Content-Type: text/xml")


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: they differ in how they report what goes wrong."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(guard.UP)
    yield client
    await client.close()


def post(url: str, **changes: object) -> Outgoing:
    return Outgoing("POST", target.parse(url), PARAMS, token=TOKEN, **changes)  # type: ignore[arg-type]


def get(url: str) -> Outgoing:
    return Outgoing("GET", target.parse(url), PARAMS, token=TOKEN)


async def failure_of(request: Awaitable[Response]) -> Failure:
    with pytest.raises(Failure) as raised:
        await request
    return raised.value


def is_signed(request: Received, server: Server, params: object = None) -> bool:
    url = f"{server.url}{request.path}"
    return RequestValidator(TOKEN).validate(url, params, request.headers["x-twilio-signature"])  # type: ignore[no-untyped-call, no-any-return]


async def test_post_is_twilios(outbound: Outbound) -> None:
    async with running(Server(OK)) as server:
        headers = {"I-Twilio-Idempotency-Token": "11111111-2222"}
        response = await outbound.request(post(f"{server.url}/sms?a=1#ct=4000", headers=headers))
    assert (response.status, response.body, response.truncated) == (200, b"<Response/>", False)
    [request] = server.requests
    assert (request.method, request.path, request.form) == ("POST", "/sms?a=1", PARAMS)
    assert is_signed(request, server, PARAMS)
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "TwilioProxy/1.1",
        "accept": "*/*",
        "cache-control": "max-age=259200",
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "content-length": str(len(request.body)),
        "i-twilio-idempotency-token": "11111111-2222",
        "x-twilio-signature": request.headers["x-twilio-signature"],
    }


async def test_get_carries_its_parameters_in_the_query(outbound: Outbound) -> None:
    async with running(Server(OK)) as server:
        await outbound.request(get(f"{server.url}/sms?a=1"))
    [request] = server.requests
    assert request.path == "/sms?a=1&MessageSid=SM1&Body=h%C3%A4%C3%A5%C3%B8%20%26%20100%20%25%20%2B1&Empty="
    assert is_signed(request, server, {})
    assert "content-type" not in request.headers


async def test_json_is_signed_by_its_hash(outbound: Outbound) -> None:
    body = b'{"a":"\xc3\xa4"}'
    async with running(Server(OK)) as server:
        await outbound.request(Outgoing("POST", target.parse(server.url), token=TOKEN, json=body))
    [request] = server.requests
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert is_signed(request, server, body.decode())


async def test_connections_are_kept_and_a_stale_one_is_no_failure(outbound: Outbound) -> None:
    async with running(Server(OK)) as server:
        first = await outbound.request(post(server.url))
        second = await outbound.request(post(server.url))
        assert (first.timings.reused, second.timings.reused, server.connections) == (False, True, 1)

    async def close_second(_request: Received, writer: asyncio.StreamWriter) -> None:
        if len(dropping.requests) == 2:
            writer.close()
        else:
            writer.write(OK)

    async with running(Server(respond=close_second)) as dropping:
        await outbound.request(post(dropping.url))
        assert (await outbound.request(post(dropping.url))).status == 200
        assert (len(dropping.requests), dropping.connections) == (3, 2)


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST")])
async def test_redirects(outbound: Outbound, status: int, method: str) -> None:
    async with running(Server(answer(f"{status} Moved", b"", "Location: /there?b=2"), OK)) as server:
        response = await outbound.request(post(f"{server.url}/here"))
    assert response.url == f"{server.url}/there?b=2"
    reached = server.requests[1]
    assert (reached.method, reached.path) == (method, "/there?b=2")
    assert reached.form == (PARAMS if method == "POST" else {})
    assert is_signed(reached, server, reached.form)


async def test_ten_redirects_are_followed_and_not_eleven(outbound: Outbound) -> None:
    moved = answer("302 Found", b"", "Location: /again")
    async with running(Server(*[moved] * 10, OK)) as server:
        assert (await outbound.request(post(server.url))).status == 200
    async with running(Server(moved)) as server:
        failure = await failure_of(outbound.request(post(server.url)))
    assert (failure.code, len(server.requests)) == (11215, 11)


@pytest.mark.parametrize(
    "script",
    [
        answer("302 Found"),
        answer("302 Found", b"", "Location: ftp://h/"),
        answer("308 Moved", b"", "Location: /x"),
        answer("304 Not Modified", length=False),
    ],
)
async def test_redirects_that_are_none(outbound: Outbound, script: bytes) -> None:
    async with running(Server(script)) as server:
        assert (await failure_of(outbound.request(post(server.url)))).code == 11216


async def test_credentials_are_shown_when_asked_for(outbound: Outbound) -> None:
    denied = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"')
    async with running(Server(denied, OK)) as server:
        url = f"http://us%40er:p%3Aw@127.0.0.1:{server.port}/sms"
        assert (await outbound.request(post(url))).status == 200
    first, second = server.requests
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == "Basic dXNAZXI6cDp3"
    assert is_signed(second, server, PARAMS)


async def test_credentials_stay_with_their_origin(outbound: Outbound) -> None:
    denied = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"')
    async with running(Server(denied)) as other:
        moved = answer("307 Moved", b"", f"Location: {other.url}/x")
        async with running(Server(moved)) as server:
            url = f"http://user:pw@127.0.0.1:{server.port}/sms"
            assert (await outbound.request(post(url))).status == 401
    assert [("authorization" in request.headers) for request in other.requests] == [False]


async def test_cookies_come_back(outbound: Outbound) -> None:
    async with running(Server(answer("200 OK", b"", "Set-Cookie: s=1; Path=/"), OK)) as server:
        first = await outbound.request(post(server.url))
        await outbound.request(post(server.url, jar=first.jar))
        await outbound.request(post(server.url))
    assert [request.headers.get("cookie") for request in server.requests] == [None, "s=1", None]


async def test_body_stops_at_the_limit(outbound: Outbound) -> None:
    async with running(Server(answer("200 OK", b"x" * 3_000_000))) as server:
        response = await outbound.request(post(server.url))
    assert (len(response.body), response.truncated) == (65_536, True)
    async with running(Server(answer("200 OK", b"x" * 65_536))) as server:
        response = await outbound.request(post(server.url))
    assert (len(response.body), response.truncated) == (65_536, False)


async def silent(_request: Received, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def half_an_answer(_request: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    await asyncio.Event().wait()


async def broken_answer(_request: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    writer.close()


async def no_http(_request: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n\r\n")


async def hang_up(_request: Received, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize(
    ("respond", "overrides", "code", "stage"),
    [
        (silent, "rt=100", 11205, Stage.READ),
        (silent, "tt=100", 11203, Stage.TOTAL),
        (half_an_answer, "rt=100", 11205, Stage.BODY),
        (half_an_answer, "tt=100", 11203, Stage.TOTAL),
        (broken_answer, "", 11206, Stage.BODY),
        (no_http, "", 11206, Stage.READ),
        (hang_up, "", 11206, Stage.READ),
    ],
)
async def test_misbehaving_servers(
    outbound: Outbound, respond: Callable[..., Awaitable[None]], overrides: str, code: int, stage: Stage
) -> None:
    async with running(Server(respond=respond)) as server:
        failure = await failure_of(outbound.request(post(f"{server.url}/#{overrides}")))
    assert (failure.code, failure.stage) == (code, stage)
    assert server.url in failure.message


async def test_budget_cuts_the_total_time(outbound: Outbound) -> None:
    async with running(Server(respond=silent)) as server:
        failure = await failure_of(outbound.request(post(server.url), budget_s=0.1))
    assert (failure.code, failure.stage) == (11205, Stage.TOTAL)


async def test_refused_connection(outbound: Outbound) -> None:
    async with running(Server(OK)) as server:
        url = server.url
    failure = await failure_of(outbound.request(post(url)))
    assert (failure.code, failure.stage) == (11202, Stage.CONNECT)


async def test_connection_that_is_never_accepted(outbound: Outbound) -> None:
    async with misbehaving.never_accepting() as server:
        failure = await failure_of(outbound.request(post(server.address("/#ct=100"))))
    assert (failure.code, failure.stage) == (11201, Stage.CONNECT)


async def test_unknown_host(outbound: Outbound) -> None:
    failure = await failure_of(outbound.request(post("http://nowhere.invalid/")))
    assert (failure.code, failure.stage) == (11210, Stage.SETUP)


class Names(AbstractResolver):
    """Answers with these addresses in turn."""

    def __init__(self, *addresses: list[str]) -> None:
        self.left = list(addresses)

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        import socket

        found = self.left.pop(0)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in found
        ]

    async def close(self) -> None:
        return None


async def test_resolver_admits_only_good_addresses_of_a_name() -> None:
    resolver = GuardedResolver(guard.SERVE, Names(["10.0.0.1", "8.8.8.8"], ["10.0.0.1"]))
    assert [result["host"] for result in await resolver.resolve("mixed.example")] == ["8.8.8.8"]
    with pytest.raises(guard.AddressError):
        await resolver.resolve("inner.example")


async def test_underscores_in_a_host_are_refused_under_serve() -> None:
    client = Outbound(guard.SERVE)
    failure = await failure_of(client.request(post("http://my_app.example/")))
    await client.close()
    assert failure.code == 11210
