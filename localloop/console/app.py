"""The console as an ASGI application: its paths, and who may ask what.

GET    /console/enter?code=…      a one-time link; /console/… is the page
*      /console/api/session       who is signed in; sign in, sign out
*      /console/api/rest/…        the API's own operations, as the session's account
GET    /console/api/…             what the page reads beyond the API, and its feed
POST   /console/api/links, users  for the command line, with the account's SID and token as for the API
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

import structlog
from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from localloop import __version__
from localloop.console import pages, sessions
from localloop.console.answers import data, refusal
from localloop.console.calls import Calls
from localloop.console.catalogue import Catalogue, Coverage
from localloop.console.feed import Feeds
from localloop.console.forward import Forward
from localloop.console.gate import Gate
from localloop.console.pictures import Pictures
from localloop.console.queries import Scope
from localloop.console.reads import Reads
from localloop.console.rooms import Rooms
from localloop.console.sessions import Session
from localloop.console.signin import SignIn
from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.rest.guard import FrontDoor
from localloop.rest.request import Caller
from localloop.rest.wire import AsgiApp, Disconnected, Receive, Send
from localloop.rest.wire import Scope as AsgiScope
from localloop.store import Database, Unavailable
from localloop.store.objects import Objects

log = structlog.get_logger("console")
_COOKIE: Final = "localloop_console"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SAFE: Final = frozenset({"GET", "HEAD"})
_NOT_KEPT: Final = {"cache-control": "no-store"}


class Accounts(Protocol):
    """Who proves accounts and knows their tokens; `products.accounts` implements it."""

    async def basic(self, username: str, password: str, path_account_sid: str | None) -> Caller | None: ...

    async def signing_token(self, account_sid: str) -> str | None: ...


class Parts(Struct, frozen=True, kw_only=True):
    """What the console is made of."""

    database: Database
    accounts: Accounts
    api: AsgiApp
    door: FrontDoor
    coverage: Coverage
    mode: str
    objects: Objects


Answer = AsgiApp  # a Starlette response is one, too
Endpoint = Callable[[Request, Session], Awaitable[Answer]]
Read = Callable[[Scope, Mapping[str, str]], Awaitable[dict[str, Any]]]
ReadOne = Callable[[Scope, str], Awaitable[dict[str, Any]]]


class Console:
    """Owns the feeds. `close` ends them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sign_in = SignIn(parts.database, parts.accounts)
        self._reads = Reads(parts.database)
        self._calls = Calls(parts.database)
        self._rooms = Rooms(parts.database)
        self._catalogue = Catalogue(parts.coverage)
        self._forward = Forward(parts.api)
        self._pictures = Pictures(parts.objects)
        self._feeds = Feeds(parts.database)
        self._app = Gate(self._starlette(), parts.door)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def end_feeds(self) -> None:
        """The server is about to stop, and waits for open answers."""
        self._feeds.end()

    async def close(self) -> None:
        await self._feeds.close()

    def _starlette(self) -> Starlette:
        def read(path: str, reading: Read) -> Route:
            async def answer(request: Request, session: Session) -> Answer:
                return data(await reading(_scope(session), request.query_params))

            return Route(f"/console/api/{path}", self._signed(answer), methods=["GET"])

        def one(path: str, reading: ReadOne) -> Route:
            async def answer(request: Request, session: Session) -> Answer:
                return data(await reading(_scope(session), request.path_params["sid"]))

            return Route(f"/console/api/{path}/{{sid}}", self._signed(answer), methods=["GET"])

        routes = [
            Route("/console", _to_the_page, methods=["GET"]),
            Route("/console/enter", self._enter, methods=["GET"]),
            Route("/console/api/session", self._post_session, methods=["POST"]),
            Route("/console/api/session", self._signed(self._session), methods=["GET"]),
            Route("/console/api/session", self._signed(self._sign_out), methods=["DELETE"]),
            Route("/console/api/links", self._new_link, methods=["POST"]),
            Route("/console/api/users", self._new_user, methods=["POST"]),
            Route("/console/api/pictures", self._signed(self._new_picture), methods=["POST"]),
            Route("/console/pictures/{name}", self._pictures.answer, methods=["GET"]),
            Route("/console/api/rest/{path:path}", self._signed(self._rest), methods=list(_METHODS)),
            Route("/console/api/feed", self._signed(self._feed), methods=["GET"]),
            Route("/console/api/catalogue", self._signed(self._catalogued), methods=["GET"]),
            read("messages", self._reads.messages),
            one("messages", self._reads.message),
            read("deliveries", self._reads.deliveries),
            one("deliveries", self._reads.delivery),
            read("requests", self._reads.requests),
            one("requests", self._reads.request),
            read("calls", self._calls.page),
            one("calls", self._calls.call),
            read("conferences", self._rooms.conferences),
            one("conferences", self._rooms.conference),
            read("queues", self._rooms.queues),
            one("queues", self._rooms.queue),
            read("phones", self._reads.phones),
            Route("/console/api/phones/{number}", self._signed(self._phone), methods=["GET"]),
            Route("/console/api/{path:path}", _nothing, methods=list(_METHODS)),
            Route("/console/{path:path}", _page, methods=["GET"]),
        ]
        handlers = {
            ApiError: _refused,
            Unavailable: _unavailable,
            TimeoutError: _unavailable,
            Disconnected: _gone,
            ClientDisconnect: _gone,
            HTTPException: _not_allowed,
            Exception: _failed,
        }
        return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]

    # Signing in and out

    async def _enter(self, request: Request) -> Response:
        if not _is_visit(request):  # whoever looks at a link first must not use it up
            return Response(status_code=204 if request.method == "HEAD" else 503, headers=_NOT_KEPT)
        session_id = await sessions.enter(self._parts.database, request.query_params.get("code", ""))
        if session_id is None:
            return pages.used_link() if await self._session_of(request) is None else _home()
        return _with_cookie(_home(), request, session_id)

    async def _post_session(self, request: Request) -> Response:
        session_id = await self._sign_in.open(request)
        session = await sessions.find(self._parts.database, session_id)
        if session is None:
            raise errors.authenticate()
        return _with_cookie(data(await self._described(request, session), 201), request, session_id)

    async def _session(self, request: Request, session: Session) -> Answer:
        return _with_cookie(
            data(await self._described(request, session)), request, request.cookies[_cookie_of(request)]
        )

    async def _sign_out(self, request: Request, session: Session) -> Answer:
        await sessions.close(self._parts.database, session)
        response = Response(status_code=204)
        response.delete_cookie(
            _cookie_of(request), "/console", secure=_is_secure(request), httponly=True, samesite="strict"
        )
        return response

    async def _new_link(self, request: Request) -> Response:
        account_sid = await self._sign_in.by_header(request)
        base_url = _base_url(request)
        return data({"url": await sessions.new_link(self._parts.database, base_url, account_sid)}, 201)

    async def _new_user(self, request: Request) -> Response:
        account_sid = await self._sign_in.by_header(request)
        return data({"name": await self._sign_in.add_user(request, account_sid)}, 201)

    async def _described(self, request: Request, session: Session) -> dict[str, Any]:
        token = await self._parts.accounts.signing_token(session.account_sid)
        account = {
            "sid": session.account_sid,
            "friendly_name": session.friendly_name,
            "auth_token": token,
            "status": session.status,
            "type": session.type,
        }
        return {
            "account": account,
            "csrf": session.csrf_token,
            "base_url": _base_url(request),
            "version": __version__,
            "mode": self._parts.mode,
            "world_sid": session.world_sid,
        }

    def _signed(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Any]]:
        """The endpoint for who is signed in, and for writes from the page itself alone."""

        async def guarded(request: Request) -> Answer:
            session = await self._session_of(request)
            if session is None:
                raise errors.authenticate()
            given = request.headers.get("x-csrf-token", "")
            if request.method not in _SAFE and not session.is_proved_by(given):
                raise ApiError(403, 20403, "The X-CSRF-Token of this session is missing or wrong.")
            return await endpoint(request, session)

        return guarded

    async def _session_of(self, request: Request) -> Session | None:
        session_id = request.cookies.get(_cookie_of(request))
        session = await sessions.find(self._parts.database, session_id) if session_id else None
        if session is None or session.token_hash is None:
            return session
        token = await self._parts.accounts.signing_token(session.account_sid)
        return session if token is not None and session.outlives(token) else None

    # What the page asks

    async def _rest(self, _request: Request, session: Session) -> Answer:
        token = await self._parts.accounts.signing_token(session.account_sid)
        if token is None:
            raise errors.authenticate()
        return partial(self._forward, credentials=(session.account_sid, token))

    async def _new_picture(self, request: Request, session: Session) -> Answer:
        path = await self._pictures.keep(request, session.account_sid)
        return data({"url": _base_url(request) + path}, 201)

    async def _feed(self, request: Request, session: Session) -> Answer:
        if request.method == "HEAD":
            return Response(headers=_NOT_KEPT, media_type="text/event-stream")

        async def is_signed_in() -> bool:
            return await self._session_of(request) is not None

        return self._feeds.stream(_scope(session), request.headers.get("last-event-id", ""), is_signed_in)

    async def _catalogued(self, request: Request, _session: Session) -> Answer:
        return await self._catalogue.answer(request)

    async def _phone(self, request: Request, session: Session) -> Answer:
        number, params = request.path_params["number"], request.query_params
        return data(await self._reads.phone(_scope(session), number, params))


def _scope(session: Session) -> Scope:
    return Scope(session.account_sid, session.world_sid)


def _is_secure(request: Request) -> bool:
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def _cookie_of(request: Request) -> str:
    """Browsers send the cookies of a host to each of its ports, so the port stands in the name: two localloops on one
    machine do not sign each other out."""
    _, _, port = request.headers["host"].rpartition("]")[2].partition(":")
    return f"{_COOKIE}_{port}" if port.isascii() and port.isdigit() else _COOKIE


def _is_visit(request: Request) -> bool:
    """Somebody opens the address; neither looks ahead of the reader nor embeds it in another page."""
    headers = request.headers
    is_ahead = "prefetch" in headers.get("sec-purpose", "") + headers.get("purpose", "")
    return (
        request.method == "GET" and not is_ahead and headers.get("sec-fetch-dest", "document") == "document"
    )


def _base_url(request: Request) -> str:
    """Our address as the asking program reaches it; the gate has checked the host."""
    return f"{'https' if _is_secure(request) else 'http'}://{request.headers['host']}"


def _with_cookie(response: Response, request: Request, session_id: str) -> Response:
    response.set_cookie(
        _cookie_of(request),
        session_id,
        max_age=int(sessions.IDLE_LIFE.total_seconds()),
        path="/console",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )
    return response


def _home() -> Response:
    return RedirectResponse("/console/", 303, _NOT_KEPT)


async def _to_the_page(_request: Request) -> Response:
    return RedirectResponse("/console/", 308)


async def _page(request: Request) -> Response:
    return pages.page(request.path_params["path"], request.headers.get("accept-encoding", ""))


async def _nothing(request: Request) -> Response:
    raise errors.not_found(request.url.path)


async def _refused(_request: Request, error: ApiError) -> Response:
    return refusal(error)


async def _not_allowed(_request: Request, error: HTTPException) -> Response:
    return refusal(errors.method_not_allowed() if error.status_code == 405 else errors.not_found(""))


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # which nobody reads


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("unavailable", path=request.url.path, error=str(error) or type(error).__name__)
    return refusal(errors.service_unavailable())


async def _failed(_request: Request, _error: Exception) -> Response:
    """The answer to a bug; its traceback goes to the server's log."""
    return refusal(errors.internal_server_error())
