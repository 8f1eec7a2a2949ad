"""The one outbound HTTP client of the whole program: webhooks, TwiML and media leave through here.

Kept connections, bounded per host; timeouts, retries and login from the URL itself; redirects followed here, so that
the address guard, the login and the signature apply to each hop. Proxies and `.netrc` of the environment are not
consulted. WebSockets are aiohttp's, with the same guard; HTTP is spoken by `connection`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Final

import aiohttp
from aiohttp import ClientSession, ClientWebSocketResponse
from aiohttp.abc import AbstractResolver
from msgspec import Struct
from msgspec.structs import replace
from multidict import CIMultiDictProxy

from localloop.core import clock
from localloop.payloads.signature import HEADER, Params, body_hash, signature
from localloop.payloads.wire import FORM, HEADERS, JSON, form, query
from localloop.webhooks import cookies, failure, login, target
from localloop.webhooks.connection import Disconnected, Question, Unreadable
from localloop.webhooks.connector import Connector, Timings, note_handshake
from localloop.webhooks.connector import timings as current_timings
from localloop.webhooks.cookies import Jar
from localloop.webhooks.diagnosis import failure_of
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.guard import AddressPolicy
from localloop.webhooks.login import Login
from localloop.webhooks.opening import Opener
from localloop.webhooks.pool import Pool
from localloop.webhooks.target import Target
from localloop.webhooks.tls import Tls

MAX_REDIRECTS: Final = 10
BODY_LIMIT: Final = 64 * 1024
_NO_AUTO_HEADERS: Final = ("Accept-Encoding", "Content-Type")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Twilio follows these and no others: 308 is error 11216.
_REDIRECTS: Final = frozenset({301, 302, 303, 307})
_BECOMES_GET: Final = frozenset({301, 302, 303})
_CONDITIONS: Final = frozenset({"If-None-Match", "If-Modified-Since"})
_STALE_RETRIES: Final = 2


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
    """Owns the connections; open it inside a running loop and close it there.

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
        self._opener = Opener(policy, resolver)
        self._live = Pool(self._opener)
        self._others = Pool(self._opener, per_host)
        connector = Connector(policy, resolver, connections=0, per_host=0)
        self._websockets = ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            skip_auto_headers=_NO_AUTO_HEADERS,
        )

    async def close(self) -> None:
        self._live.close()
        self._others.close()
        await self._opener.close()
        await self._websockets.close()

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
                return await self._websockets.ws_connect(
                    sent.target.url, headers=sent.headers, ssl=self._context(outgoing) or True
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
            try:
                return await self._exchange(outgoing, sent, deadline, timings)
            except Disconnected as error:
                answering = timings.first_byte is not None
                stale += 1
                if answering or not timings.reused or stale > _STALE_RETRIES:
                    raise failure_of(error, sent.target, answering) from error
            except TimeoutError as error:
                cause = TimeoutError() if perf_counter() >= deadline else error
                raise failure_of(cause, sent.target, timings.first_byte is not None) from error
            except (OSError, ValueError) as error:
                raise failure_of(error, sent.target, timings.first_byte is not None) from error

    async def _exchange(self, outgoing: Outgoing, sent: Sent, deadline: float, timings: Timings) -> Response:
        left_s = deadline - perf_counter()
        if left_s <= 0:
            raise TimeoutError
        pool = self._live if outgoing.live else self._others
        place = (sent.target.origin, self._context(outgoing))
        written = _written(sent)
        connection = await pool.take(sent.target, place, timings, left_s)
        try:
            question = Question(
                written=written,
                has_body=sent.method != "HEAD",
                limit=outgoing.body_limit,
                read_s=sent.target.overrides.read_ms / 1000,
                left_s=left_s - timings.since_start(),
            )
            answer = await connection.ask(question, timings)
        finally:
            pool.give_back(place, connection)
        timings.done = timings.since_start()
        jar = outgoing.jar
        if "Set-Cookie" in answer.headers:
            jar = cookies.updated(jar, sent.target, answer.headers.getall("Set-Cookie"), clock.now())
        return Response(answer.status, answer.headers, answer.body, answer.truncated, sent, timings, jar)

    def _context(self, outgoing: Outgoing) -> ssl.SSLContext | None:
        if outgoing.target.origin[0] in ("http", "ws"):
            return None  # nothing is made for those who do not ask for it
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


def _written(sent: Sent) -> bytes:
    """The request as it goes over the wire (RFC 9112 §3)."""
    url = sent.target.url
    lines = [f"{sent.method} {url.raw_path_qs} HTTP/1.1", f"Host: {url.host_port_subcomponent}"]
    lines += [f"{name}: {value}" for name, value in sent.headers.items()]
    if sent.body is not None or sent.method not in _BODILESS:
        lines.append(f"Content-Length: {len(sent.body or b'')}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise Unreadable("a header would break the line")
    return b"".join((head.encode(), b"\r\n\r\n", sent.body or b""))
