"""The one outbound HTTP client of the whole program: webhooks, TwiML and media leave through here.

One session with kept connections, bounded per host; timeouts, retries and login from the URL
itself; redirects followed here, so that the address guard, the login and the signature apply to
each hop. Proxies and `.netrc` of the environment are not consulted.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Final

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout, ClientWebSocketResponse
from aiohttp.abc import AbstractResolver
from msgspec import Struct
from msgspec.structs import replace
from multidict import CIMultiDictProxy

from localloop.core import clock
from localloop.payloads.signature import HEADER, Params, body_hash, signature
from localloop.payloads.wire import FORM, HEADERS, JSON, form, query
from localloop.webhooks import cookies, failure, login, target
from localloop.webhooks.connector import Connector, Timings, note_handshake
from localloop.webhooks.connector import timings as current_timings
from localloop.webhooks.cookies import Jar
from localloop.webhooks.diagnosis import failure_of
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.guard import AddressPolicy
from localloop.webhooks.login import Login
from localloop.webhooks.target import Target
from localloop.webhooks.tls import Tls

MAX_REDIRECTS: Final = 10
BODY_LIMIT: Final = 64 * 1024
_NO_AUTO_HEADERS: Final = ("Accept-Encoding", "Content-Type")
# Twilio follows these and no others: 308 is error 11216.
_REDIRECTS: Final = frozenset({301, 302, 303, 307})
_BECOMES_GET: Final = frozenset({301, 302, 303})
_CONDITIONS: Final = frozenset({"If-None-Match", "If-Modified-Since"})
_STALE_RETRIES: Final = 2
_CONNECTIONS: Final = 2_000


class Outgoing(Struct, frozen=True):
    """A request to be made. With a token it is signed; `params` are a form or, for GET, part of the query."""

    method: str
    target: Target
    params: Params = {}
    json: bytes | None = None
    token: str = ""
    headers: Mapping[str, str] = {}
    jar: Jar = cookies.EMPTY
    voice: bool = False
    live: bool = False  # something live waits for the answer
    verified: bool = True  # the server has to prove who it is
    body_limit: int = BODY_LIMIT


class Sent(Struct, frozen=True):
    """What really left: one hop of an outgoing request, ready for the wire."""

    method: str
    target: Target
    headers: dict[str, str]
    body: bytes | None


class Response(Struct, frozen=True):
    """An answer, whatever its status."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    truncated: bool  # the body was longer than the limit
    sent: Sent  # the hop that this answers
    timings: Timings
    jar: Jar

    @property
    def url(self) -> str:
        return self.sent.target.text


class Outbound:
    """Owns the sessions; open it inside a running loop and close it there.

    What something live waits for has connections of its own, without a limit: it never waits for notifications.
    `unverified`: accounts (with their subaccounts) whose servers may have any certificate, or `*` for all.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        ca_file: str = "",
        unverified: Iterable[str] = (),
        resolver: AbstractResolver | None = None,
        per_host: int = 64,
    ) -> None:
        self._policy = policy
        self._tls = Tls(ca_file, note_handshake)
        self._unverified = frozenset(unverified)
        self._resolver = resolver
        self._live = self._session(0, 0)
        self._session_of_others = self._session(_CONNECTIONS, per_host)

    async def close(self) -> None:
        await self._live.close()
        await self._session_of_others.close()

    def verifies(self, account_sid: str, world_sid: str) -> bool:
        """Whether servers of this account have to prove who they are."""
        return not self._unverified & {account_sid, world_sid, "*"}

    async def request(self, outgoing: Outgoing, *, budget_s: float | None = None) -> Response:
        """One attempt: redirects and login included, retries not. Raises Failure when no answer came."""
        overrides = outgoing.target.overrides
        total_s = overrides.total_ms / 1000
        deadline = perf_counter() + (total_s if budget_s is None else min(total_s, budget_s))
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._logged_in(outgoing, deadline)
            if not 300 <= response.status < 400 or _is_unchanged(outgoing, response):
                return response
            outgoing = _next_hop(outgoing, response)
        raise Failure(failure.TOO_MANY_REDIRECTS, outgoing.target.text, Stage.BODY)

    async def websocket(self, outgoing: Outgoing) -> ClientWebSocketResponse:
        """A WebSocket, its handshake signed over the `wss` URL; the caller closes it. Raises Failure."""
        sent = compose(outgoing)
        timings = Timings(perf_counter())
        current_timings.set(timings)
        self._refuse_bad_name(sent.target)
        overrides = sent.target.overrides
        try:
            async with asyncio.timeout(
                min(overrides.connect_ms + overrides.read_ms, overrides.total_ms) / 1000
            ):
                return await self._live.ws_connect(
                    sent.target.url, headers=sent.headers, ssl=self._context(outgoing)
                )
        except aiohttp.WSServerHandshakeError as error:
            detail = f"got HTTP {error.status} response to {sent.target.text}"
            raise Failure(failure.RETRIEVAL_FAILURE, detail, Stage.BODY) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise failure_of(error, sent.target, answering=False) from error

    async def _logged_in(self, outgoing: Outgoing, deadline: float) -> Response:
        """Credentials of the URL are shown only when the server asks for them, as Twilio does; then for good."""
        known = outgoing.jar.login(outgoing.target.origin)
        credentials = outgoing.target.credentials or (known.credentials if known else None)
        if known is not None and known.credentials != credentials:
            known = None
        response = await self._answered(outgoing, deadline, known)
        if response.status != 401 or credentials is None:
            return response
        offered = response.headers.getall("WWW-Authenticate", [])
        if known is not None and not login.is_news(known, offered):
            return response
        fresh = login.answered(outgoing.target, credentials, offered)
        if fresh is None:
            return response
        response = await self._answered(replace(outgoing, jar=response.jar), deadline, fresh)
        if response.status == 401:
            return replace(response, jar=response.jar.logged_out(fresh.origin))
        return response

    async def _answered(self, outgoing: Outgoing, deadline: float, as_: Login | None) -> Response:
        """A kept connection that its server closed meanwhile is no failure of the endpoint: ask again."""
        sent = compose(outgoing)
        if as_ is not None:
            exchange = login.Exchange(sent.method, sent.target.url.raw_path_qs, sent.body or b"")
            proof, as_ = login.authorization(as_, exchange)
            sent.headers["Authorization"] = proof
            outgoing = replace(outgoing, jar=outgoing.jar.logged_in(as_))
        self._refuse_bad_name(sent.target)
        stale = 0
        while True:
            timings = Timings(perf_counter())
            current_timings.set(timings)
            try:
                return await self._exchange(outgoing, sent, deadline, timings)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                answering = timings.first_byte is not None
                stale += 1
                if answering or not timings.reused or stale > _STALE_RETRIES:
                    raise failure_of(error, sent.target, answering) from error
            except TimeoutError as error:
                cause = TimeoutError() if perf_counter() >= deadline else error
                raise failure_of(cause, sent.target, timings.first_byte is not None) from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise failure_of(error, sent.target, timings.first_byte is not None) from error

    async def _exchange(self, outgoing: Outgoing, sent: Sent, deadline: float, timings: Timings) -> Response:
        session = self._live if outgoing.live else self._session_of_others
        async with session.request(
            sent.method,
            sent.target.url,
            headers=sent.headers,
            data=sent.body,
            allow_redirects=False,
            timeout=_timeout(sent.target, deadline),
            ssl=self._context(outgoing),
        ) as answer:
            timings.first_byte = timings.since_start()
            body, truncated = await _read(answer, outgoing.body_limit)
            timings.done = timings.since_start()
            jar = outgoing.jar
            if "Set-Cookie" in answer.headers:
                jar = cookies.updated(jar, sent.target, answer.headers.getall("Set-Cookie"), clock.now())
            return Response(answer.status, answer.headers, body, truncated, sent, timings, jar)

    def _session(self, connections: int, per_host: int) -> ClientSession:
        connector = Connector(self._policy, self._resolver, connections=connections, per_host=per_host)
        return ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            skip_auto_headers=_NO_AUTO_HEADERS,
        )

    def _context(self, outgoing: Outgoing) -> ssl.SSLContext | bool:
        if outgoing.target.url.scheme in ("http", "ws"):
            return True  # nothing is made for those who do not ask for it
        return self._tls.context(verified=outgoing.verified, sni=outgoing.target.overrides.sni)

    def _refuse_bad_name(self, reached: Target) -> None:
        if not self._policy.admits_name(reached.host):
            raise Failure(failure.BAD_HOST_NAME, reached.host)


def compose(outgoing: Outgoing) -> Sent:
    """Headers, body and signature of one hop."""
    reached = outgoing.target
    headers = {**HEADERS, **outgoing.headers}
    body: bytes | None = None
    signed: Params = {}
    if outgoing.json is not None:
        reached = target.with_query(reached, body_hash(outgoing.json))
        headers["Content-Type"] = JSON
        body = outgoing.json
    elif outgoing.method == "POST":
        headers["Content-Type"] = FORM
        body = form(outgoing.params).encode()
        signed = outgoing.params
    else:
        reached = target.with_query(reached, query(outgoing.params))
    if outgoing.token:
        proof = signature(outgoing.token, reached.text, signed, voice=outgoing.voice)
        headers[HEADER] = proof
    if outgoing.jar.cookies and (cookie := cookies.header(outgoing.jar, reached, clock.now())):
        headers["Cookie"] = cookie
    return Sent(outgoing.method, reached, headers, body)


def _is_unchanged(outgoing: Outgoing, response: Response) -> bool:
    """304 answers a condition; where none was made it is no answer."""
    return response.status == 304 and not _CONDITIONS.isdisjoint(outgoing.headers)


def _next_hop(outgoing: Outgoing, response: Response) -> Outgoing:
    here = response.sent.target
    if response.status not in _REDIRECTS:
        raise Failure(failure.INVALID_REDIRECT, f"{response.status} from {here.text}", Stage.BODY)
    there = target.redirected(here, response.headers.get("Location", ""))
    if there.credentials is None and there.origin == here.origin:
        there = replace(there, credentials=outgoing.target.credentials)
    hop = replace(outgoing, target=there, jar=response.jar)
    if response.status in _BECOMES_GET or outgoing.method != "POST":
        # The parameters of a GET are in the URL that was left behind; Location is asked as it stands.
        return replace(hop, method="GET", params={}, json=None)
    return hop


def _timeout(reached: Target, deadline: float) -> ClientTimeout:
    left = deadline - perf_counter()
    if left <= 0:
        raise TimeoutError
    overrides = reached.overrides
    return ClientTimeout(
        total=left,
        sock_connect=overrides.connect_ms / 1000,
        sock_read=overrides.read_ms / 1000,
        ceil_threshold=60,
    )


async def _read(answer: ClientResponse, limit: int) -> tuple[bytes, bool]:
    """The body up to the limit; a longer one costs the connection, not our memory."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            answer.close()
            return b"".join(chunks)[:limit], True
    return b"".join(chunks), False
