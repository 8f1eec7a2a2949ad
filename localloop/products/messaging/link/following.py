"""Short links as browsers ask for them: below this server's own path, or on the domain of whoever shortens with it."""

from __future__ import annotations

from localloop.products.messaging.link.book import OWN_PATH, Links, Visit
from localloop.products.messaging.link.shorten import LENGTH, MEDIA_LENGTH
from localloop.rest.wire import AsgiApp, Head, Receive, Scope, Send

_MISSING = b"This link is not known, or it has expired.\n"


def code_of(path: str) -> str | None:
    """The code of a path that may be a short link's: `/s/abc…`, or `/abc…` alone."""
    code = path.removeprefix(OWN_PATH) if path.startswith(OWN_PATH) else path[1:]
    return code if len(code) in (LENGTH, MEDIA_LENGTH) and code.isalnum() and code.isascii() else None


def is_short_link(path: str) -> bool:
    return code_of(path) is not None


class Following:
    """Answers what is a short link, and leaves the rest to the application behind it."""

    def __init__(self, links: Links, app: AsgiApp) -> None:
        self._links = links
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head, path = Head(scope), scope["path"]
        code, is_own = code_of(path) or "", path.startswith(OWN_PATH)
        host = "" if is_own else head.host.partition(":")[0].lower()
        if head.method not in ("GET", "HEAD") or not (is_own or await self._links.shortens(host)):
            return await self._app(scope, receive, send)
        agent = head.header(b"user-agent") or ""
        visit = Visit(host=host, code=code, user_agent=agent, is_click=head.method == "GET")
        return await _answer(send, await self._links.follow(visit))


async def _answer(send: Send, place: str | None) -> None:
    body = b"" if place else _MISSING
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),  # each click is told
    ]
    if place:
        headers.append((b"location", place.encode("utf-8")))
    await send({"type": "http.response.start", "status": 302 if place else 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})
