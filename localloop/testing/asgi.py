"""One request to an ASGI application, in the running loop, without a client library or a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from msgspec import Struct

Message: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class Answer(Struct, frozen=True):
    """What an application answered; names of headers in lower case, the last of several."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


async def ask(app: App, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """The answer, once the application has returned. Its lifespan is the caller's to run."""
    # Those who simulate webhooks without a loop need not load it.
    from asyncio import Event

    told: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Message] = []
    answered = Event()

    async def receive() -> Message:
        if told:
            return told.pop()
        await answered.wait()  # who streams an answer stops when its reader leaves
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    await app(_scope(method, url, headers, body), receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    if not starts:
        raise RuntimeError("the application returned without an answer")
    names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in starts[0]["headers"]}
    return Answer(starts[0]["status"], names, b"".join(message.get("body", b"") for message in sent))


def _scope(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Message:
    parts = urlsplit(url)
    every = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in every.items()],
        "server": (parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]),
        "client": ("127.0.0.1", 1),
    }
