"""The one outbound HTTP client of the whole program: webhooks, TwiML and media leave through here.

One session with kept connections, bounded per host; timeouts, retries and login from the URL
itself; redirects followed here, so that the address guard, the login and the signature apply to
each hop. Proxies and `.netrc` of the environment are not consulted.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from typing import Any, Final, TypeAlias
from urllib.parse import quote_plus
from weakref import WeakSet

import aiohttp
from aiohttp import ClientRequest, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from aiohttp.base_protocol import BaseProtocol
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from msgspec import Struct
from msgspec.structs import replace
from multidict import CIMultiDictProxy

from localloop.core import clock
from localloop.webhooks import cookies, failure, target
from localloop.webhooks.cookies import Jar
from localloop.webhooks.diagnosis import failure_of
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.guard import AddressError, AddressPolicy, GuardedResolver
from localloop.webhooks.signature import HEADER, Params, body_hash, signature
from localloop.webhooks.target import Target

MAX_REDIRECTS: Final = 10
BODY_LIMIT: Final = 64 * 1024
FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
_HEADERS: Final = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "Cache-Control": "max-age=259200"}
_NO_AUTO_HEADERS: Final = ("Accept-Encoding", "Content-Type")
# Twilio follows these and no others: 308 is error 11216.
_REDIRECTS: Final = frozenset({301, 302, 303, 307})
_BECOMES_GET: Final = frozenset({301, 302, 303})
_STALE_RETRIES: Final = 2
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
# Below what common servers keep an idle connection (Node 5 s), so that it is rarely them who close.
_KEEP_ALIVE_S: Final = 4.0

AddrInfo: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]


class Outgoing(Struct, frozen=True):
    """A request to be made. With a token it is signed; `params` are a form or, for GET, part of the query."""

    method: str
    target: Target
    params: Params = {}
    json: bytes | None = None
    token: str = ""
    headers: Mapping[str, str] = {}
    jar: Jar = ()
    voice: bool = False
    body_limit: int = BODY_LIMIT


class Sent(Struct, frozen=True):
    """What really left: one hop of an outgoing request, ready for the wire."""

    method: str
    target: Target
    headers: dict[str, str]
    body: bytes | None


class Timings(Struct):
    """When things happened, in seconds from the start of the hop."""

    started: float
    connected: float | None = None  # name, connection and handshake; None for a kept one
    first_byte: float | None = None
    done: float | None = None
    reused: bool = False

    def since_start(self) -> float:
        return perf_counter() - self.started


_timings: ContextVar[Timings] = ContextVar("timings of the request that this task makes")


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


class _Connector(TCPConnector):
    """Notes when a connection was ready and whether it is a kept one. aiohttp's own tracing would tell as much, at a
    tenth of a request's whole cost."""

    def __init__(self, policy: AddressPolicy, connections: int, per_host: int, tls: ssl.SSLContext) -> None:
        super().__init__(
            resolver=GuardedResolver(policy),
            socket_factory=self._guarded_socket,
            limit=connections,
            limit_per_host=per_host,
            keepalive_timeout=_KEEP_ALIVE_S,
            ssl=tls,
        )
        self._policy = policy
        self._kept: WeakSet[BaseProtocol] = WeakSet()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        connection = await super().connect(req, traces, timeout)
        timings = _timings.get()
        assert connection.protocol is not None
        if connection.protocol in self._kept:
            timings.reused = True
        else:
            self._kept.add(connection.protocol)
            timings.connected = timings.since_start()
        return connection

    def _guarded_socket(self, addr_info: AddrInfo) -> socket.socket:
        """Every connection passes here with the very address that it will be made to."""
        family, kind, protocol, _, address = addr_info
        reason = self._policy.refusal(str(address[0]))
        if reason is not None:
            raise AddressError(f"{address[0]} is a {reason} address")
        connection = socket.socket(family=family, type=kind, proto=protocol)
        connection.setblocking(False)
        return connection


class Outbound:
    """Owns the session; open it inside a running loop and close it there."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        per_host: int = 64,
        connections: int = 2_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._session = ClientSession(
            connector=_Connector(policy, connections, per_host, tls if tls is not None else tls_context()),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            skip_auto_headers=_NO_AUTO_HEADERS,
        )

    async def close(self) -> None:
        await self._session.close()

    async def request(self, outgoing: Outgoing, *, budget_s: float | None = None) -> Response:
        """One attempt: redirects and login included, retries not. Raises Failure when no answer came."""
        overrides = outgoing.target.overrides
        total_s = overrides.total_ms / 1000
        deadline = perf_counter() + (total_s if budget_s is None else min(total_s, budget_s))
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._logged_in(outgoing, deadline)
            if not 300 <= response.status < 400:
                return response
            outgoing = _next_hop(outgoing, response)
        raise Failure(failure.TOO_MANY_REDIRECTS, outgoing.target.text, Stage.BODY)

    async def _logged_in(self, outgoing: Outgoing, deadline: float) -> Response:
        """Credentials of the URL are shown only when the server asks for them, as Twilio does."""
        sent = compose(outgoing)
        response = await self._answered(outgoing, sent, deadline)
        credentials = outgoing.target.credentials
        if response.status != 401 or credentials is None:
            return response
        if not response.headers.get("WWW-Authenticate", "").lower().startswith("basic"):
            return response
        sent = replace(sent, headers={**sent.headers, "Authorization": _basic(credentials)})
        return await self._answered(replace(outgoing, jar=response.jar), sent, deadline)

    async def _answered(self, outgoing: Outgoing, sent: Sent, deadline: float) -> Response:
        """A kept connection that its server closed meanwhile is no failure of the endpoint: ask again."""
        self._refuse_bad_name(sent.target)
        stale = 0
        while True:
            timings = Timings(perf_counter())
            _timings.set(timings)
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
        async with self._session.request(
            sent.method,
            sent.target.url,
            headers=sent.headers,
            data=sent.body,
            allow_redirects=False,
            timeout=_timeout(sent.target, deadline),
        ) as answer:
            timings.first_byte = timings.since_start()
            body, truncated = await _read(answer, outgoing.body_limit)
            timings.done = timings.since_start()
            jar = outgoing.jar
            if "Set-Cookie" in answer.headers:
                jar = cookies.updated(jar, sent.target, answer.headers.getall("Set-Cookie"), clock.now())
            return Response(answer.status, answer.headers, body, truncated, sent, timings, jar)

    def _refuse_bad_name(self, reached: Target) -> None:
        if self._policy.public_only and "_" in reached.host:
            raise Failure(failure.BAD_HOST_NAME, reached.host)


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer, certificates verified against the system's authorities or against this bundle."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def compose(outgoing: Outgoing) -> Sent:
    """Headers, body and signature of one hop."""
    reached = outgoing.target
    headers = {**_HEADERS, **outgoing.headers}
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
        reached = target.with_query(reached, form(outgoing.params))
    if outgoing.token:
        proof = signature(outgoing.token, reached.text, signed, voice=outgoing.voice)
        headers[HEADER] = proof
    if outgoing.jar and (cookie := cookies.header(outgoing.jar, reached, clock.now())):
        headers["Cookie"] = cookie
    return Sent(outgoing.method, reached, headers, body)


def form(params: Params) -> str:
    """`application/x-www-form-urlencoded`, in the order given."""
    pairs: list[str] = []
    for name, value in params.items():
        values = (value,) if isinstance(value, str) else value
        pairs += [f"{_quoted_name(name)}={_quoted(each)}" for each in values]
    return "&".join(pairs)


_quoted_name = lru_cache(maxsize=512)(quote_plus)


def _quoted(text: str) -> str:
    """Most of a webhook's values are plain, and `quote_plus` is ten times slower at finding out."""
    return text if _PLAIN.fullmatch(text) else quote_plus(text)


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


def _basic(credentials: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
