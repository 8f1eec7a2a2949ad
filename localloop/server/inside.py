"""A request to our own application before anybody listens: what the start of a localloop asks of itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from localloop.lab.sowing import Answered
from localloop.rest.wire import AsgiApp

_HOST = b"127.0.0.1"


async def ask(
    app: AsgiApp, credentials: tuple[str, str], method: str, address: str, form: Mapping[str, Any]
) -> Answered:
    """As an account, by its SID and token."""
    path, _, query = address.partition("?")
    body = urlencode(form, doseq=True).encode()
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            (b"host", _HOST),
            (b"authorization", b"Basic " + b64encode(":".join(credentials).encode())),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    said = b"".join(message.get("body", b"") for message in sent[1:])
    return Answered(sent[0]["status"], orjson.loads(said) if said else {})
