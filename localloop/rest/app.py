"""One request, top to bottom: route → authenticate → admit → decode → operate → render.

`App` is a plain ASGI application. It knows no product: what an operation does comes in as `Binding`s, everything
else is the plain engine on the contract.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, Literal, Protocol

import orjson
import structlog
from msgspec import Struct

from localloop.contract.model import Operation
from localloop.core import clock, errors
from localloop.core.errors import ApiError
from localloop.rest import formats, idempotency
from localloop.rest.activity import Activity
from localloop.rest.admission import TooManyRequests
from localloop.rest.authenticate import Authenticator, account_in, name_in
from localloop.rest.decode import page_request
from localloop.rest.guard import Backstage, FrontDoor, host_of
from localloop.rest.idempotency import Idempotency, Rendered
from localloop.rest.interference import HungUp, Interferes, suffered
from localloop.rest.limits import Limit
from localloop.rest.operations import Serving, Table
from localloop.rest.paging import list_payload
from localloop.rest.recorder import CUT, Asked, Recorder
from localloop.rest.request import (
    Answer,
    Caller,
    Deleted,
    Item,
    Items,
    Operate,
    Raw,
    Request,
    Stream,
    UrlForm,
)
from localloop.rest.routing import Match, Place, Router, allowed_methods, operation_of
from localloop.rest.streaming import Opening, stream
from localloop.rest.wire import (
    HANG_UP,
    JSON,
    NEVER_A_PAGE,
    Disconnected,
    Head,
    Receive,
    Scope,
    Send,
    encode_headers,
    read_body,
    respond,
)

log = structlog.get_logger("rest")
FROM_CONSOLE = "localloop.console"  # in the scope of a request that the console's page makes
_READS = frozenset({"fetch", "list"})  # of the lab: who waits there does nothing
GONE = 499  # what metrics and the access log call a request whose client left
PlainMode = Literal["warn", "allow", "refuse"]


class Admission(Protocol):
    """Concurrency per account: `enter` raises TooManyRequests, else `leave` must give the place back."""

    def enter(self, account_sid: str, limits: tuple[Limit, ...] = ()) -> int: ...

    def leave(self, account_sid: str, limits: tuple[Limit, ...] = ()) -> None: ...


class Gate(Protocol):
    """Worlds that are held: their requests wait outside. What is not counted is noted while it is under way."""

    @property
    def is_shut(self) -> bool: ...

    def enter(self, account_sid: str) -> None: ...

    def leave(self, account_sid: str) -> None: ...

    async def admits(self, world_sid: str) -> bool: ...

    async def pause(self) -> None: ...


class Observer(Protocol):
    """Where finished requests are counted."""

    def __call__(self, product: str, operation: str, status: int, seconds: float) -> None: ...


class Failures(Protocol):
    """Wrong secrets, counted per (address, name). A right secret never comes here."""

    def note(self, address: str, name: str) -> None: ...


class Refusal(Struct, frozen=True):
    """A request of a known account that was answered with an error."""

    caller: Caller
    operation: Operation | None
    method: str
    url: str
    params: bytes  # as sent: a form
    error: ApiError


class Engine(Struct, frozen=True, kw_only=True):
    """What the application is made of; `localloop.server` puts it together."""

    router: Router
    table: Table
    door: FrontDoor
    authenticator: Authenticator
    admission: Admission
    failures: Failures
    test_answers: Callable[[str], Operate | None]
    observe: Observer
    recorder: Recorder | None = None
    activity: Activity | None = None
    gate: Gate | None = None
    faults: Interferes | None = None  # what goes wrong on purpose
    idempotency: Idempotency | None = None
    backstage: Backstage = Backstage()
    plain: PlainMode = "warn"
    access_log: bool = False  # a line for every request
    refused: Callable[[Refusal], None] | None = None
    store_errors: tuple[type[BaseException], ...] = ()  # "the database is away": 503 / 20503


class _Exchange:
    """One request on its way down, and what is known of it so far (an error answers in the right format)."""

    __slots__ = (
        "address",
        "at",
        "body",
        "caller",
        "chunks",
        "client",
        "concurrent",
        "error",
        "fault",
        "from_console",
        "head",
        "headers",
        "match",
        "operation",
        "place",
        "scope",
        "unanswered",
    )

    def __init__(self, head: Head, scope: Scope) -> None:
        self.head = head
        self.scope: Scope | None = scope  # until it is clear who may come in
        self.client = _peer(scope)
        self.address = head.path
        self.place: Place | None = None
        self.match: Match | None = None
        self.operation: Operation | None = None
        self.concurrent = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.from_console = FROM_CONSOLE in scope
        self.caller: Caller | None = None
        self.body: bytes | None = None
        self.at: datetime | None = None
        self.error: ApiError | None = None
        self.chunks: AsyncIterator[bytes] | None = None  # of an answer without an end
        self.fault = ""  # the rule by which it went wrong on purpose
        self.unanswered = False


class App:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._warned: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = Head(scope)
        # The server runs each request in a task of its own, so every line logged on its behalf has its id.
        structlog.contextvars.bind_contextvars(request_sid=head.sid)
        exchange = _Exchange(head, scope)
        del scope  # a request that waits holds what it needs
        try:
            status, body, content_type = await self._answer(exchange, receive)
        except ApiError as error:
            self._tell(exchange, error)
            status, body, content_type = self._error(exchange, error)
        except Disconnected:
            self._observe(exchange, GONE)
            return
        except HungUp as cut:
            self._observe(exchange, GONE)
            exchange.unanswered = True
            self._record(exchange, *self._unheard(exchange, cut))
            await send({"type": HANG_UP})
            return
        except self._engine.store_errors as error:
            log.warning("store unavailable", error=str(error))
            status, body, content_type = self._error(exchange, errors.service_unavailable())
        except TimeoutError:
            log.warning("timeout", path=head.path)
            status, body, content_type = self._error(exchange, errors.service_unavailable())
        except Exception:  # the edge of a request: a bug answers 500 and leaves its traceback in the log
            log.exception("request failed", method=head.method, path=head.path)
            status, body, content_type = self._error(exchange, errors.internal_server_error())
        self._observe(exchange, status)
        exchange.headers.append((b"twilio-concurrent-requests", b"%d" % exchange.concurrent))
        if body or exchange.chunks is not None:
            exchange.headers.append((b"content-type", content_type.encode()))
        self._record(exchange, status, body, content_type)
        if exchange.chunks is not None:
            await stream(receive, send, Opening(status, exchange.headers, head.sid), exchange.chunks)
            return
        await respond(send, head, status, body, exchange.headers)

    def _record(self, exchange: _Exchange, status: int, body: bytes, content_type: str) -> None:
        recorder = self._engine.recorder
        if recorder is not None:
            account_sid = exchange.caller.account_sid if exchange.caller else ""
            if recorder.admits(exchange.operation, status, account_sid):
                recorder.note(_asked(exchange, status, body, content_type))

    def _unheard(self, exchange: _Exchange, cut: HungUp) -> tuple[int, bytes, str]:
        """The answer that nobody gets to hear: what was made is told by it alone."""
        if cut.answer is None or cut.request is None or exchange.match is None or exchange.operation is None:
            return GONE, b"", JSON
        serving = self._engine.table.serving(exchange.match.route, exchange.operation)
        return self._render(exchange, serving, cut.request, cut.answer)

    async def _answer(self, exchange: _Exchange, receive: Receive) -> tuple[int, bytes, str]:
        engine, head = self._engine, exchange.head
        engine.door.admit(head.host, head.origin)
        place = exchange.place = engine.router.place(host_of(head.host))
        match = exchange.match = engine.router.match(place, head.path)
        assert exchange.scope is not None
        engine.backstage.admit(match.route.api.product, head.path, exchange.scope)
        exchange.scope = None
        exchange.address = _below_product(head.path, place, match)
        if head.method == "OPTIONS":
            exchange.headers.append((b"allow", ", ".join(allowed_methods(match)).encode()))
            return 204, b"", JSON
        operation = exchange.operation = operation_of(match, head.method)
        serving = engine.table.serving(match.route, operation)
        if serving.is_public and not head.authorization and not match.suffix:
            caller = Caller(account_sid=account_in(match) or "", world_sid="")
        else:
            caller = await self._caller(exchange, match, operation)
        exchange.caller = caller
        self._enter(exchange, serving, caller)
        if engine.gate is not None and engine.gate.is_shut:
            await self._pass_gate(engine.gate, exchange, serving, caller)
        try:
            exchange.body = body = await read_body(head, receive)
            request = self._request(exchange, caller, serving.decode(head.query, head.content_type, body))
            answer = await self._worked(exchange, serving, request)
        finally:
            self._leave(serving, caller)
            if engine.activity is not None and (serving.counted or operation.verb not in _READS):
                engine.activity.note(caller.world_sid)
        return self._render(exchange, serving, request, answer)

    def _enter(self, exchange: _Exchange, serving: Serving, caller: Caller) -> None:
        if serving.counted:
            exchange.concurrent = self._engine.admission.enter(caller.account_sid, serving.limits)
        elif serving.noted and self._engine.gate is not None:
            self._engine.gate.enter(caller.account_sid)

    def _leave(self, serving: Serving, caller: Caller) -> None:
        if serving.counted:
            self._engine.admission.leave(caller.account_sid, serving.limits)
        elif serving.noted and self._engine.gate is not None:
            self._engine.gate.leave(caller.account_sid)

    async def _pass_gate(self, gate: Gate, exchange: _Exchange, serving: Serving, caller: Caller) -> None:
        """Wait until the caller's world is held no more. It is inside afterwards, unless this raises."""
        if not (serving.counted or serving.noted):
            return
        while gate.is_shut:
            try:
                may_enter = await gate.admits(caller.world_sid)
            except BaseException:
                self._leave(serving, caller)
                raise
            if may_enter:
                return
            self._leave(serving, caller)
            await gate.pause()
            self._enter(exchange, serving, caller)

    async def _caller(self, exchange: _Exchange, match: Match, operation: Operation) -> Caller:
        head, place = exchange.head, exchange.place
        assert place is not None
        if match.route.api.product == "oauth":
            return Caller(
                account_sid="", world_sid=""
            )  # the token endpoints carry their credentials in the body
        try:
            caller = await self._engine.authenticator.caller(
                head.authorization, account_in(match), place.region
            )
        except ApiError:
            if head.authorization:
                self._engine.failures.note(exchange.client, name_in(head.authorization))
            raise
        return await self._engine.authenticator.authorize(
            caller, match, operation, place.region, exchange.address
        )

    def _request(self, exchange: _Exchange, caller: Caller, params: dict[str, Any]) -> Request:
        head, place, match, operation = exchange.head, exchange.place, exchange.match, exchange.operation
        assert place is not None
        assert match is not None
        assert operation is not None
        api = match.route.api
        exchange.at = clock.now(caller.world_sid)
        return Request(
            sid=head.sid,
            api=api,
            resource=match.route.resource,
            path=match.route.path,
            operation=operation,
            caller=caller,
            account_sid=caller.account_sid,
            world_sid=caller.world_sid,
            ids=match.ids,
            params=params,
            now=exchange.at,
            urls=UrlForm(scheme=head.scheme, authority=head.host, by_host=place.by_host),
            address=exchange.address,
            query=head.query.decode("latin-1"),
            suffix=match.suffix,
            page=page_request(operation, api.style, params) if operation.verb == "list" else None,
            if_match=head.header(b"if-match") if operation.if_match else None,
            headers=_Headers(head),
        )

    async def _worked(self, exchange: _Exchange, serving: Serving, request: Request) -> Answer:
        """The answer, unless something goes wrong on purpose; never with what people do in the console."""
        faults = self._engine.faults
        if faults is None or exchange.from_console or not faults.touches(request.world_sid):
            return await self._operate(exchange, serving, request)
        struck = await faults.decide(request)
        if struck is None:
            return await self._operate(exchange, serving, request)
        exchange.fault = struck.fault_sid
        return await suffered(struck, request, partial(self._operate, exchange, serving))

    async def _operate(self, exchange: _Exchange, serving: Serving, request: Request) -> Answer:
        keys = self._engine.idempotency
        if request.operation.verb == "create" and keys is not None:
            header = exchange.head.header(idempotency.HEADER)
            if header is not None and request.account_sid and request.caller.credential != "test":
                asked = idempotency.Asked(
                    idempotency.key_of(header),
                    exchange.body or b"",
                    request,
                    serving.keeps,
                    partial(self._rendered, serving, request),
                )
                return await keys.answer(asked, partial(self._do, exchange, serving))
        return await self._do(exchange, serving, request)

    def _rendered(self, serving: Serving, request: Request, item: Item) -> Rendered:
        """The answer as it will be sent, for who asks again."""
        body, content_type = _represented(request, serving.renderer.item(item.fields, request))
        return item.status or request.operation.status, body, content_type, item.headers

    async def _do(self, exchange: _Exchange, serving: Serving, request: Request) -> Answer:
        operate = serving.operate
        if request.caller.credential == "test":
            magic = self._engine.test_answers(request.operation.id)
            if magic is None:
                raise errors.test_credentials()
            operate = magic
        elif serving.coverage == "plain":
            self._note_plain(exchange, request)
        try:
            return await operate(request)
        except ApiError as error:
            if error.status == 401 and request.api.product == "oauth":
                self._engine.failures.note(exchange.client, _client_of(request))
            raise

    def _note_plain(self, exchange: _Exchange, request: Request) -> None:
        """What is plain is never passed off as more: a header, one log line per operation, or a refusal."""
        exchange.headers.append((b"localloop-coverage", b"plain"))
        if self._engine.plain == "refuse":
            raise ApiError(
                501,
                20501,
                f"{request.operation.id} is kept by its shape alone here and does nothing; "
                "start with --plain=warn to allow such operations.",
            )
        if self._engine.plain == "warn" and request.operation.id not in self._warned:
            self._warned.add(request.operation.id)
            log.warning(
                "plain operation: stored and answered, without behaviour", operation=request.operation.id
            )

    def _render(
        self, exchange: _Exchange, serving: Serving, request: Request, answer: Answer
    ) -> tuple[int, bytes, str]:
        if isinstance(answer, Deleted):
            return 204, b"", JSON
        if isinstance(answer, Stream):
            exchange.chunks = answer.chunks
            exchange.headers.extend(encode_headers(answer.headers))
            return answer.status, b"", answer.content_type
        if isinstance(answer, Raw):
            exchange.headers.extend(
                encode_headers({k: v for k, v in answer.headers.items() if k.lower() != "content-type"})
            )
            exchange.headers.extend(NEVER_A_PAGE)
            return answer.status, answer.body, answer.headers.get("Content-Type", JSON)
        payload: dict[str, Any]
        if isinstance(answer, Items):
            rows = [serving.renderer.item(fields, request) for fields in answer.items]
            payload = list_payload(request, answer, rows, exchange.head.query.decode("latin-1"))
            status = request.operation.status
        else:
            payload, status = self._item(exchange, serving, request, answer)
        return status, *_represented(request, payload)

    def _item(
        self, exchange: _Exchange, serving: Serving, request: Request, answer: Item
    ) -> tuple[dict[str, Any], int]:
        if answer.headers:
            exchange.headers.extend(encode_headers(answer.headers))
        if request.operation.if_match and answer.version is not None:
            exchange.headers.append((b"etag", b'"%d"' % answer.version))
        return serving.renderer.item(answer.fields, request), answer.status or request.operation.status

    def _error(self, exchange: _Exchange, error: ApiError) -> tuple[int, bytes, str]:
        exchange.error = error
        if isinstance(error, TooManyRequests):
            exchange.concurrent = error.concurrent
        if error.status == 401:
            exchange.headers.append((b"www-authenticate", b'Basic realm="Twilio API"'))
        suffix = _error_suffix(exchange)
        body, content_type = formats.error(suffix, error)
        return error.status, body, content_type

    def _tell(self, exchange: _Exchange, error: ApiError) -> None:
        """An account hears in its Debugger of what its requests did wrong; test credentials leave no trace."""
        caller, refused = exchange.caller, self._engine.refused
        if refused is None or caller is None or caller.credential == "test":
            return
        if isinstance(error, TooManyRequests):  # a flood of requests is not to be one of alerts
            return
        head = exchange.head
        url = f"{head.scheme}://{head.host}{head.path}"
        refused(Refusal(caller, exchange.operation, head.method, url, exchange.body or head.query, error))

    def _observe(self, exchange: _Exchange, status: int) -> None:
        operation, match, head = exchange.operation, exchange.match, exchange.head
        product, seconds = match.route.api.product if match else "", perf_counter() - head.started
        self._engine.observe(product, operation.id if operation else "", status, seconds)
        if self._engine.access_log:
            log.info(
                "request",
                method=head.method,
                host=head.host,
                path=head.path,
                status=status,
                ms=round(seconds * 1000, 1),
                client=exchange.client,
            )


def _represented(request: Request, payload: dict[str, Any]) -> tuple[bytes, str]:
    if request.api.style == "2010" and request.suffix != ".json":
        return formats.represent(request.suffix, request.resource.name, request.operation, payload)
    return orjson.dumps(payload), request.operation.content_type


class _Headers(Mapping[str, str]):
    """Request headers by lower-case name, decoded when somebody looks."""

    __slots__ = ("_head",)

    def __init__(self, head: Head) -> None:
        self._head = head

    def __getitem__(self, name: str) -> str:
        value = self._head.header(name.encode("latin-1"))
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Any:
        return iter(self._head.header_map())

    def __len__(self) -> int:
        return len(self._head.headers)


def _asked(exchange: _Exchange, status: int, answer: bytes, content_type: str) -> Asked:
    """The exchange as the record may want it: references, cut where they are long."""
    return Asked(
        head=exchange.head,
        match=exchange.match,
        operation=exchange.operation,
        caller=exchange.caller,
        body=exchange.body[:CUT] if exchange.body else None,
        status=status,
        answer=answer[:CUT],
        answer_type=content_type,
        error=exchange.error,
        at=exchange.at,
        seconds=perf_counter() - exchange.head.started,
        from_console=exchange.from_console,
        fault=exchange.fault,
        unanswered=exchange.unanswered,
    )


def _client_of(request: Request) -> str:
    """The name whose secret was presented to a token endpoint."""
    params = request.params
    return str(
        params.get("client_id") or params.get("ClientId") or name_in(request.headers.get("authorization", ""))
    )


def _peer(scope: Scope) -> str:
    """The address of whoever connected; no proxy is believed about it."""
    client = scope.get("client") or ("", 0)
    return str(client[0])


def _below_product(path: str, place: Place, match: Match) -> str:
    product = match.route.api.product
    if place.by_host or (product == "api" and path.startswith("/2010-04-01/")):
        return path
    return path[len(product) + 1 :]


def _error_suffix(exchange: _Exchange) -> str:
    """Errors answer in the format that was asked for: the 2010 API's XML unless the path says otherwise."""
    path = exchange.head.path
    is_2010 = exchange.match.route.api.style == "2010" if exchange.match else "/2010-04-01" in path[:20]
    if not is_2010:
        return ".json"
    return next((suffix for suffix in (".json", ".xml", ".csv") if path.endswith(suffix)), "")
