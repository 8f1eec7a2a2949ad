"""Passwords in URLs against servers that ask for them: shown when asked for, then for the length of a call."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator

import pytest
from http_server import Received, Server, answer, running
from webhook_keys import TOKEN

from localloop.webhooks import Jar, guard, target
from localloop.webhooks.cookies import EMPTY
from localloop.webhooks.outbound import Outbound, Outgoing, Response

pytestmark = pytest.mark.invented_webhooks

OK = answer("200 OK", b"<Response/>", "Content-Type: text/xml")


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(guard.UP)
    yield client
    await client.close()


class Digest:
    """A server's half of RFC 7616, of its own making."""

    def __init__(self, *nonces: str) -> None:
        self.nonces = list(nonces)
        self.counts: list[int] = []

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', request.headers.get("authorization", "")))
        if given.get("nonce") == self.nonces[0] and self._proves(given, request):
            self.counts.append(int(given["nc"], 16))
            writer.write(OK)
            if len(self.nonces) > 1:
                self.nonces.pop(0)
            return
        stale = ", stale=true" if given else ""
        asks = f'Digest realm="app", nonce="{self.nonces[0]}", qop="auth", algorithm=SHA-256{stale}'
        writer.write(
            answer(
                "401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="app"', f"WWW-Authenticate: {asks}"
            )
        )

    def _proves(self, given: dict[str, str], request: Received) -> bool:
        def h(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        secret, asked = h(f"user:app:{'pässword'}"), h(f"{request.method}:{request.path}")
        proof = h(f"{secret}:{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:{asked}")
        return given["response"] == proof and given["uri"] == request.path


async def ask(outbound: Outbound, url: str, jar: Jar = EMPTY, method: str = "POST") -> Response:
    return await outbound.request(Outgoing(method, target.parse(url), {"Body": "x y"}, token=TOKEN, jar=jar))


def with_login(server: Server, path: str = "/voice?a=1", login: str = "user:p%C3%A4ssword") -> str:
    return f"http://{login}@127.0.0.1:{server.port}{path}"


async def test_digest_is_asked_for_once_in_a_call(outbound: Outbound) -> None:
    digest = Digest("n1")
    async with running(Server(respond=digest)) as server:
        first = await ask(outbound, with_login(server))
        second = await ask(outbound, with_login(server, "/action"), first.jar, "GET")
        third = await ask(outbound, f"{server.url}/relative", second.jar)
    assert (first.status, second.status, third.status) == (200, 200, 200)
    assert ["authorization" in request.headers for request in server.requests] == [False, True, True, True]
    assert digest.counts == [1, 2, 3]


async def test_another_call_logs_in_anew(outbound: Outbound) -> None:
    async with running(Server(respond=Digest("n1"))) as server:
        await ask(outbound, with_login(server))
        assert (await ask(outbound, with_login(server))).status == 200
    assert ["authorization" in request.headers for request in server.requests] == [False, True, False, True]


async def test_an_old_nonce_is_exchanged(outbound: Outbound) -> None:
    digest = Digest("n1", "n2")
    async with running(Server(respond=digest)) as server:
        first = await ask(outbound, with_login(server))
        assert (await ask(outbound, with_login(server), first.jar)).status == 200
    assert digest.counts == [1, 1]
    assert len(server.requests) == 4


async def test_a_wrong_password_is_shown_once(outbound: Outbound) -> None:
    async with running(Server(respond=Digest("n1"))) as server:
        response = await ask(outbound, with_login(server, login="user:wrong"))
        assert (response.status, len(server.requests)) == (401, 2)
        assert response.jar.logins == ()


async def test_basic_stays_logged_in_for_a_call(outbound: Outbound) -> None:
    asks = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="app"')
    async with running(Server(asks, OK)) as server:
        first = await ask(outbound, with_login(server))
        await ask(outbound, f"{server.url}/action", first.jar)
    told = [request.headers.get("authorization") for request in server.requests]
    assert told == [None, "Basic dXNlcjpww6Rzc3dvcmQ=", "Basic dXNlcjpww6Rzc3dvcmQ="]


async def test_a_login_is_for_its_origin_alone(outbound: Outbound) -> None:
    asks = answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="app"')
    async with running(Server(asks, OK)) as server, running(Server(asks)) as other:
        first = await ask(outbound, with_login(server))
        assert (await ask(outbound, f"{other.url}/action", first.jar)).status == 401
    assert "authorization" not in other.requests[0].headers
