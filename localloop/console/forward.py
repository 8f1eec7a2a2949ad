"""The page's writes, and its reads of the API: the API's own operations, asked in this process.

Status, headers and body pass unchanged, but for the challenge of a 401, at which a browser would ask for a password.
What came from an application's hands (media, for one) must not become a page or a script of this origin, so these
answers may do nothing in a browser but be read.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import MutableMapping
from typing import Any, Final

from localloop.console.gate import DATA_CSP
from localloop.rest.app import FROM_CONSOLE
from localloop.rest.wire import AsgiApp, Receive, Scope, Send

PREFIX: Final = "/console/api/rest"
_KEPT: Final = frozenset(
    {b"host", b"content-type", b"content-length", b"accept", b"if-match", b"x-forwarded-proto", b"user-agent"}
)


class Forward:
    def __init__(self, api: AsgiApp) -> None:
        self._api = api

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, credentials: tuple[str, str]
    ) -> None:
        async def send_as_data(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *(line for line in message.get("headers", ()) if line[0] != b"www-authenticate"),
                    (b"content-security-policy", DATA_CSP.encode()),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        await self._api(_rewritten(scope, credentials), receive, send_as_data)


def _rewritten(scope: Scope, credentials: tuple[str, str]) -> Scope:
    basic = b64encode(":".join(credentials).encode())
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return {
        **scope,
        FROM_CONSOLE: True,
        "path": scope["path"].removeprefix(PREFIX),
        "raw_path": raw_path.partition(b"?")[0].removeprefix(PREFIX.encode()),
        "headers": [
            *((name, value) for name, value in scope["headers"] if name in _KEPT),
            (b"authorization", b"Basic " + basic),
        ],
    }
