"""The ASGI edge: a request's head and body read within limits, an answer written with Twilio's headers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from time import perf_counter
from typing import Any, TypeAlias

from localloop.core import errors, sids

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 1024 * 1024
BODY_TIMEOUT_S = 30.0
JSON = "application/json"
HANG_UP = "localloop.hang_up"  # an ASGI message of our own: close the connection, whatever was to be written
# Bytes that somebody else chose leave from the origin of the console, where a page or a picture with a script in it
# would be signed in. A browser may show them, and run nothing.
NEVER_A_PAGE = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; sandbox"),
)


class Disconnected(Exception):
    """The client went away before its request was complete; nobody is there to be answered."""


class Head:
    """The first lines of one request."""

    __slots__ = (
        "authorization",
        "content_length",
        "content_type",
        "headers",
        "host",
        "method",
        "origin",
        "path",
        "query",
        "scheme",
        "sid",
        "started",
    )

    def __init__(self, scope: Scope) -> None:
        self.started = perf_counter()
        self.sid = sids.new("RQ")
        self.method: str = scope["method"]
        self.path: str = scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1") or scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.host = self.authorization = self.content_type = ""
        self.scheme = scope.get("scheme", "http")  # that the client used; a proxy in front may know better
        self.origin: str | None = None
        self.content_length = 0
        for name, value in self.headers:
            if name == b"authorization":
                self.authorization = value.decode("latin-1")
            elif name == b"host":
                self.host = value.decode("latin-1")
            elif name == b"content-type":
                self.content_type = value.decode("latin-1")
            elif name == b"origin":
                self.origin = value.decode("latin-1")
            elif name == b"x-forwarded-proto":
                self.scheme = "https" if value == b"https" else "http"
            elif name == b"content-length" and value.isdigit():
                self.content_length = int(value)

    def header(self, wanted: bytes) -> str | None:
        return next((value.decode("latin-1") for name, value in self.headers if name == wanted), None)

    def header_map(self) -> dict[str, str]:
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}


async def read_body(head: Head, receive: Receive) -> bytes:
    """The whole body. Raises 413 / 20413 past 1 MiB, TimeoutError when the client stops sending, Disconnected when it
    has gone: half a body is none.

    `Connection` has the body before it calls us, so that the first event is there at once.
    """
    if head.content_length > MAX_BODY:
        raise errors.body_too_large()
    event = await receive()
    body: bytes = _part(event)
    if event.get("more_body"):
        body = await _gathered(body, receive)
    if len(body) > MAX_BODY:
        raise errors.body_too_large()
    return body


async def _gathered(body: bytes, receive: Receive) -> bytes:
    chunks, size, is_more = [body], len(body), True
    async with asyncio.timeout(BODY_TIMEOUT_S):
        while is_more and size <= MAX_BODY:
            event = await receive()
            chunks.append(_part(event))
            size += len(chunks[-1])
            is_more = bool(event.get("more_body"))
    return b"".join(chunks)


def _part(event: Mapping[str, Any]) -> bytes:
    if event["type"] == "http.disconnect":
        raise Disconnected
    part: bytes = event.get("body", b"")
    return part


async def respond(
    send: Send, head: Head, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Writes the whole answer with `Twilio-Request-Id` and `-Duration`."""
    lines = [
        (b"content-length", b"%d" % len(body)),
        (b"twilio-request-id", head.sid.encode()),
        (b"twilio-request-duration", b"%.3f" % (perf_counter() - head.started)),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if head.method == "HEAD" else body})


def encode_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
