"""What every request to the console passes, and the headers that every answer leaves with.

The page runs no script but its own files and asks no other host. A page of another origin, another port of this
machine included, gets nothing from here: `Host` and `Origin` as at the API's door, and `Sec-Fetch-Site`, which
browsers send where they send no `Origin`.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from localloop.core.errors import ApiError
from localloop.rest import formats
from localloop.rest.guard import FrontDoor
from localloop.rest.wire import AsgiApp, Head, Receive, Scope, Send, respond

CSP: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
# For what the API answers: bytes that an application chose, which are to be data whatever they say they are.
DATA_CSP: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_API: Final = "/console/api/"


class Gate:
    """An ASGI application around the console's."""

    def __init__(self, inner: AsgiApp, door: FrontDoor) -> None:
        self._inner = inner
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _guarded(list(message.get("headers", ())))
            await send(message)

        head = Head(scope)
        try:
            self._door.admit(head.host, head.origin)
            _admit_site(head)
        except ApiError as error:
            headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
            await respond(send_guarded, head, error.status, formats.error_json(error), headers)
            return
        await self._inner(scope, receive, send_guarded)


def _admit_site(head: Head) -> None:
    site = head.header(b"sec-fetch-site")
    if site in ("cross-site", "same-site") and (head.path.startswith(_API) or head.method != "GET"):
        raise ApiError(403, 20403, "Requests from pages of other origins are not allowed.")


def _guarded(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What is set already stays: it is stricter."""
    present = {name.lower() for name, _ in headers}
    return [*headers, *(line for line in _HEADERS if line[0] not in present)]
