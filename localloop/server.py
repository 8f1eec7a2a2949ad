"""The composition root: the only place that wires everything.

`prepare` readies a migrated database once; `run_api`, `run_worker` and `run_single` are the lives of processes, each
called in a process of its own by the supervisor. `open_api` and `open_worker` are their insides, for tests as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from ssl import SSLError
from typing import Any, Literal, Protocol, cast
from urllib.parse import urlsplit

import structlog
import uvicorn
from msgspec import Struct

from localloop import contract
from localloop.carriers import Loopback
from localloop.carriers.watch import PhoneWatch
from localloop.console import Console, new_link
from localloop.console import Parts as ConsoleParts
from localloop.contract.model import Api
from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.core.settings import Seed, Settings, SettingsError, is_loopback
from localloop.intercept import Proxy, Routes
from localloop.intercept import load as load_authority
from localloop.jobs import Done, Handler, Job, NewJob, Outcome, Worker, enqueue
from localloop.lab import API as LAB
from localloop.lab import channels as lab_channels
from localloop.lab import consent as lab_consent
from localloop.lab import messages as lab_messages
from localloop.lab import numbers as lab_numbers
from localloop.lab import phones as lab_phones
from localloop.lab import verdicts as lab_verdicts
from localloop.lab import webhooks as lab_webhooks
from localloop.products import accounts, content, monitor, numbers
from localloop.products.messaging import (
    DEACTIVATION_FILES,
    FILES,
    JUDGE,
    Addresses,
    Bench,
    Files,
    Following,
    Keeping,
    Messaging,
    Rules,
    compliance_bindings,
    is_short_link,
    service_bindings,
)
from localloop.products.messaging.keeping import retention as messages_retention
from localloop.rest import limits as rest_limits
from localloop.rest import metrics as rest_metrics
from localloop.rest import recorder, shared
from localloop.rest.admission import Admission, LocalCounts
from localloop.rest.app import App, Engine
from localloop.rest.authenticate import Authenticator
from localloop.rest.connection import Connections
from localloop.rest.guard import Backstage, FrontDoor
from localloop.rest.metrics import Gauge, Metrics
from localloop.rest.operations import Table, existence
from localloop.rest.plain import Plain
from localloop.rest.recorder import Recorder
from localloop.rest.request import Binding, Operate
from localloop.rest.routing import Router
from localloop.rest.shared import LocalRevocations, SharedTable
from localloop.rest.throttle import Throttle
from localloop.rest.wire import Head, Receive, Scope, Send
from localloop.store import Database, Unavailable, needs_migration, objects, partitions, sealing
from localloop.store.objects import Objects
from localloop.store.plain import PlainStore
from localloop.store.worlds import Worlds
from localloop.webhooks import (
    FORGET,
    AddressPolicy,
    Outbound,
    Preferences,
    Tls,
    Webhooks,
    forget_again,
    networks,
    retention,
)
from localloop.webhooks import KIND as WEBHOOK

log = structlog.get_logger("server")
POOL = 10
HOUSEKEEPING = "store.partitions"
SWEEPING = "store.objects"
# Jobs that are always there, and how often they run.
STANDING: Mapping[str, timedelta] = {
    HOUSEKEEPING: timedelta(days=1),
    SWEEPING: timedelta(minutes=10),
    messages_retention.RETENTION: messages_retention.EVERY,
    retention.RETENTION: retention.EVERY,
}
BESIDES: tuple[Api, ...] = (DEACTIVATION_FILES,)  # addresses of ours that answers lead to
STOP_GRACE_S = 8
# Containers that may be made before the collector looks for cycles among them. Requests leave none; at Python's
# own 700 it ran at every third request.
GC_THRESHOLD = 20_000
MAX_FILES = 10_240  # that a process may have open; macOS knows no more
SPARE_FILES = 512  # for the API's own connections


class Place(Struct, frozen=True, kw_only=True):
    """What one process needs to find the rest of its localloop."""

    dsn: str
    runtime: Path  # folder of what the processes of this machine share: admission table, metrics
    url: str  # the address that is printed
    sealing_key: Path
    objects: Path | None = (
        None  # folder of pictures and the like, beside the data; None = it may go with `runtime`
    )


class Interception(Struct, frozen=True):
    """What the intercepting proxy is made of: where it listens, its authority's folder, who is behind it."""

    sock: socket.socket
    authority: Path
    routes: Routes


class Listening(Struct, frozen=True):
    """The sockets that processes of one kind share."""

    api: Sequence[socket.socket]
    interception: Interception | None = None


class Leash(Protocol):
    """How a process and its supervisor know of each other."""

    parent_fd: int

    def ready(self) -> None: ...


class Parts(Struct, frozen=True, kw_only=True):
    """What api and worker processes are both made of."""

    database: Database
    credentials: accounts.AccountCredentials
    vault: accounts.Vault
    directory: numbers.Directory
    records: PlainStore
    carrier: Loopback
    webhooks: Webhooks
    messaging: Messaging
    revocations: accounts.Revocations


async def prepare(settings: Settings, place: Place, seed: Seed) -> accounts.Seeded:
    """Readies a migrated database: sealing key, partitions, the first account, housekeeping. Once per start.

    Raises MissingKey, KeyFileUnusable, SettingsError; each is one line for the person at the terminal.
    """
    _check_authorities(settings.webhook_ca_file)
    await objects.check(_objects_at(settings, place))
    place.runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    shared.create(place.runtime / "shared")
    rest_metrics.clear(place.runtime)
    database = await Database.connect(place.dsn, min_size=1, max_size=2)
    try:
        create = settings.mode == "up"
        sealer = await sealing.unlock(database, place.sealing_key, create=create)
        await partitions.ensure(database)
        vault = accounts.Vault(database, sealer, LocalRevocations())
        seeded = await accounts.seed(vault, seed, settings.profile)
        for kind in STANDING:
            await _plan(database, _standing(kind, seeded.account_sid))
        return seeded
    finally:
        await database.close()


def _objects_at(settings: Settings, place: Place) -> str | Path:
    return settings.object_store or place.objects or place.runtime / "objects"


async def new_console_link(place: Place, account_sid: str) -> str:
    """A one-time link to the console, signed in as this account."""
    database = await Database.connect(place.dsn, min_size=1, max_size=1)
    try:
        return await new_link(database, place.url, account_sid)
    finally:
        await database.close()


async def _plan(database: Database, job: NewJob) -> None:
    if await database.fetchval("select exists (select from jobs where key = $1)", job.key):
        return
    async with database.unit() as unit:
        await enqueue(unit, [job])


def _standing(kind: str, account_sid: str) -> NewJob:
    return NewJob(kind, account_sid, "", b"", clock.now() + STANDING[kind], key=kind)


@asynccontextmanager
async def open_parts(
    settings: Settings, place: Place, revocations: accounts.Revocations, *, runs_jobs: bool
) -> AsyncIterator[Parts]:
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.connect(place.dsn, min_size=1, max_size=POOL)
        stack.push_async_callback(database.close)
        worlds = Worlds(database, runs_jobs=runs_jobs)
        await worlds.start()
        stack.push_async_callback(worlds.close)
        sealer = await sealing.unlock(database, place.sealing_key, create=False)
        vault = accounts.Vault(database, sealer, revocations)
        adoption = None if settings.strict else accounts.Adoption(vault, settings.profile)
        credentials = accounts.AccountCredentials(vault, adoption)
        await credentials.start()
        stack.callback(credentials.close)
        directory = numbers.Directory(database, revocations)
        await directory.start()
        stack.push_async_callback(directory.close)
        records = PlainStore(database)
        stack.push_async_callback(records.close)
        webhooks = await stack.enter_async_context(_webhooks(settings, database, credentials))
        carrier = Loopback(database)
        stack.push_async_callback(carrier.close)
        public_url = (settings.public_url or place.url).rstrip("/")
        keeping = _keeping(settings, place, database, sealer)
        stack.push_async_callback(keeping.objects.close)
        messaging = Messaging(
            database,
            directory,
            records,
            carrier,
            _rules(settings, worlds),
            webhooks,
            public_url,
            credentials.signing_token,
            keeping=keeping,
        )
        stack.push_async_callback(messaging.close)
        await messaging.start()
        yield Parts(
            database=database,
            credentials=credentials,
            vault=vault,
            directory=directory,
            records=records,
            carrier=carrier,
            webhooks=webhooks,
            messaging=messaging,
            revocations=revocations,
        )


@asynccontextmanager
async def _webhooks(
    settings: Settings, database: Database, credentials: accounts.AccountCredentials
) -> AsyncIterator[Webhooks]:
    """All that leaves by HTTP."""
    policy = AddressPolicy(settings.mode == "serve", networks(settings.webhook_allow))
    outbound = Outbound(policy, ca_file=settings.webhook_ca_file, unverified=settings.webhook_unverified)
    try:
        webhooks = Webhooks(
            database,
            outbound,
            credentials,
            defaults=Preferences(retries=settings.webhook_retries, record=settings.record_deliveries),
        )
        try:
            await webhooks.start()
            yield webhooks
        finally:
            await webhooks.close()
    finally:
        await outbound.close()


def _rules(settings: Settings, worlds: Worlds) -> Rules:
    return Rules(
        strict=settings.strict,
        rate=settings.message_rate,
        rates=settings.message_rates,
        account_rate=settings.account_message_rate,
        profile=worlds.profile,
    )


def _keeping(settings: Settings, place: Place, database: Database, sealer: sealing.Sealer) -> Keeping:
    """Where the files of messages lie. Names of the owner's own, beside the one that addresses are built on, are
    vanity; one without a dot is a container's."""
    held = Objects(database, objects.open_place(_objects_at(settings, place)))
    main = urlsplit(settings.public_url).hostname or ""
    vanity = frozenset(name.lower() for name in settings.allowed_hosts if "." in name) - {main}
    return Keeping(held, Addresses(sealer), vanity)


def _check_authorities(ca_file: str) -> None:
    """Said once at the start, rather than by each process."""
    try:
        Tls(ca_file)
    except OSError as error:
        reason = "no certificates" if isinstance(error, SSLError) else error.strerror
        raise SettingsError(f"webhook_ca_file {ca_file}: {reason}") from None


# The API ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_api(
    settings: Settings, place: Place, *, name: str = "api-0", table: SharedTable | None = None
) -> AsyncIterator[Surface]:
    """The whole HTTP surface of one process: API, lab, console, health and metrics."""
    revocations = table or LocalRevocations()
    async with contextlib.AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts(settings, place, revocations, runs_jobs=False))
        measures = Metrics(place.runtime if table else None, name)
        stack.callback(measures.close)
        counts = table or LocalCounts()
        admission = Admission(counts, rest_limits.load())
        engine, watch = assemble(settings, place, parts, admission, measures)
        stack.push_async_callback(watch.close)
        if engine.recorder is not None:
            engine.recorder.start()
            stack.push_async_callback(engine.recorder.close)
        api = App(engine)
        console = _console(settings, parts, engine, api)
        if console is not None:
            stack.push_async_callback(console.close)
        yield Surface(api, engine, console, parts, measures)


def _console(settings: Settings, parts: Parts, engine: Engine, api: App) -> Console | None:
    """A laptop has one; production does not."""
    if settings.mode != "up":
        return None
    return Console(
        ConsoleParts(
            database=parts.database,
            accounts=parts.credentials,
            api=api,
            door=engine.door,
            coverage=engine.table.coverage,
            mode=settings.mode,
            objects=parts.messaging.objects,
        )
    )


def assemble(
    settings: Settings, place: Place, parts: Parts, admission: Admission, measures: Metrics
) -> tuple[Engine, PhoneWatch]:
    known = contract.load()
    plain = Plain(parts.records, known, numbers.attachable(parts.database))
    bound = product_bindings(settings, parts, plain)
    watch = PhoneWatch(parts.database)
    phones = lab_phones.Lab(parts.database, watch, parts.messaging)
    lab = (
        *lab_phones.bindings(phones),
        *lab_numbers.bindings(parts.database),
        *lab_channels.bindings(lab_channels.Decisions(parts.messaging, _reviews(settings, parts))),
        *lab_verdicts.bindings(_bench(parts)),
        *lab_messages.bindings(lab_messages.Messages(parts.messaging.objects, settings.messages_days)),
        *lab_webhooks.bindings(lab_webhooks.Hooks(parts.database, parts.webhooks)),
        *lab_consent.bindings(lab_consent.Rules(parts.database, parts.messaging)),
    )
    plain.know(existence(bound, lambda key: known.resource(key).kind))
    answers = accounts.TestCredentials().answers
    tested = numbers.test_answers()

    def test_answers(operation_id: str) -> Operate | None:
        return tested.get(operation_id) or answers(operation_id)

    served = (*known.apis, *BESIDES)
    apis: Iterable[Api] = (*served, LAB) if settings.mode == "up" else served
    engine = Engine(
        router=Router(apis, domains=_domains(settings)),
        table=Table(plain, (*bound, *lab), rest_limits.load()),
        door=_door(settings, place),
        authenticator=Authenticator(parts.credentials, accounts.permission_for),
        admission=admission,
        failures=Throttle(spare_loopback=settings.mode == "up"),
        test_answers=test_answers,
        observe=measures,
        recorder=_recorder(settings, parts, measures),
        backstage=_backstage(settings),
        plain=settings.plain,
        access_log=settings.access_log,
        refused=monitor.teller(parts.webhooks),
        store_errors=(Unavailable,),
    )
    return engine, watch


def _bench(parts: Parts) -> Bench:
    return Bench(parts.database, parts.records, parts.directory)


def _recorder(settings: Settings, parts: Parts, measures: Metrics) -> Recorder | None:
    if not settings.recorded_requests:
        return None
    share = max(1, settings.recorded_requests // settings.api_processes)
    return Recorder(parts.database, share, measures.unrecorded)


def product_bindings(settings: Settings, parts: Parts, plain: Plain) -> tuple[Binding, ...]:
    """Every behaviour that is bound to the contract."""
    contents = content.Operations(parts.database, plain, _reviews(settings, parts))
    needs = numbers.Needs(parts.database, parts.directory, plain, parts.records, settings.strict)
    closings = (parts.directory.closing(), parts.messaging.closing)
    return (
        *accounts.bindings(parts.vault, closings),
        *numbers.bindings(needs),
        *parts.messaging.bindings(),
        *service_bindings(needs),
        *content.bindings(contents),
        *compliance_bindings(needs),
        *monitor.bindings(parts.database),
    )


def _reviews(settings: Settings, parts: Parts) -> content.Reviews:
    return content.Reviews(parts.database, not settings.strict)


def bindings() -> tuple[Binding, ...]:
    """The bindings alone, for checks that hold them against the contract; nothing is connected."""
    nothing: Any = None
    vault = accounts.Vault(nothing, nothing, LocalRevocations())
    directory = numbers.Directory(nothing, LocalRevocations())
    records = PlainStore(nothing)
    parts = Parts(
        database=nothing,
        credentials=nothing,
        vault=vault,
        directory=directory,
        records=records,
        carrier=nothing,
        webhooks=nothing,
        messaging=Messaging(nothing, directory, records, nothing, Rules(), keeping=Keeping(nothing, nothing)),
        revocations=LocalRevocations(),
    )
    return product_bindings(Settings(), parts, Plain(records, contract.load()))


def _domains(settings: Settings) -> Sequence[str]:
    host = urlsplit(settings.public_url).hostname or ""
    return (host,) if host and not is_loopback(host) else ()


def _door(settings: Settings, place: Place) -> FrontDoor:
    named = [urlsplit(url).hostname or "" for url in (settings.public_url, place.url)]
    hosts = [*settings.allowed_hosts, *(name for name in named if name)]
    reachable = (settings.host, settings.admin_listen.rpartition(":")[0])
    open_to_addresses = any(host and not is_loopback(host) for host in reachable)
    return FrontDoor.of(hosts, _domains(settings), open_to_addresses=open_to_addresses)


def _backstage(settings: Settings) -> Backstage:
    port = settings.admin_listen.rpartition(":")[2]
    return Backstage(frozenset({LAB.product}), int(port or 0))


class Surface:
    """The API with what people and operators ask beside it: `/health`, `/ready` and, backstage, `/metrics` and the
    console under `/console`."""

    def __init__(
        self, app: App, engine: Engine, console: Console | None, parts: Parts, measures: Metrics
    ) -> None:
        self._app = app
        self._engine = engine
        self._database = parts.database
        self._links = Following(parts.messaging.links, app)
        self._files: Files = parts.messaging.files()
        self._measures = measures
        self._console = console

    def end_streams(self) -> None:
        """The server is about to stop: answers without an end get one."""
        if self._console is not None:
            self._console.end_feeds()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hands on rather than awaits, so that a request that waits holds nothing of ours."""
        if scope["type"] != "http":
            return _refuse(scope, send)
        path = scope["path"]
        if path == "/health":
            return _say(send, 200, {"status": "ok"})
        if path == "/ready":
            return self._ready(send)
        if path == "/metrics" and self._may_see(scope):
            return self._metrics(send)
        if path.startswith(FILES):
            return self._files(scope, receive, send)
        if is_short_link(path):
            return self._links(scope, receive, send)
        console = self._console
        if console is not None and _is_console(path) and self._engine.backstage.is_open_to(scope):
            return console(scope, receive, send)
        return self._app(scope, receive, send)

    def _may_see(self, scope: Scope) -> bool:
        """No web page of another origin, whatever its name resolves to, and nobody from elsewhere."""
        head = Head(scope)
        try:
            self._engine.door.admit(head.host, head.origin)
        except ApiError:
            return False
        return self._engine.backstage.is_open_to(scope)

    async def _ready(self, send: Send) -> None:
        try:
            pending = await needs_migration(self._database.dsn)
        except (Unavailable, OSError) as error:
            return await _say(send, 503, {"status": "unavailable", "database": str(error)})
        if pending:
            return await _say(send, 503, {"status": "unavailable", "database": "needs migration"})
        return await _say(send, 200, {"status": "ok", "database": "ok"})

    async def _metrics(self, send: Send) -> None:
        gauges = [
            Gauge(
                "localloop_default_partition_rows", "Rows that fit no month", float(rows), (("table", table),)
            )
            for table, rows in (await partitions.rows_in_default(self._database)).items()
        ]
        body = self._measures.render(gauges)
        await _send(send, 200, body, b"text/plain; version=0.0.4; charset=utf-8")


def _is_console(path: str) -> bool:
    return path.startswith("/console") and path[8:9] in ("", "/")


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})


async def _say(send: Send, status: int, payload: Mapping[str, str]) -> None:
    await _send(send, status, json.dumps(payload).encode(), b"application/json")


async def _send(send: Send, status: int, body: bytes, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# The worker ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_worker(
    settings: Settings, place: Place, *, revocations: accounts.Revocations | None = None
) -> AsyncIterator[Worker]:
    shared_changes = revocations or LocalRevocations()
    async with open_parts(settings, place, shared_changes, runs_jobs=True) as parts:
        yield Worker(parts.database, handlers(settings, parts))


def handlers(settings: Settings, parts: Parts) -> Mapping[str, Handler]:
    bounds = retention.Bounds(
        age=timedelta(days=settings.deliveries_days), size=settings.deliveries_megabytes << 20
    )

    async def again(job: Job) -> Outcome:
        async with parts.database.unit() as unit:
            await enqueue(unit, [_standing(job.kind, job.account_sid)])
        return Done()

    async def keep_house(job: Job) -> Outcome:
        await partitions.ensure(parts.database)
        await recorder.prune(parts.database)
        await parts.messaging.links.prune()
        return await again(job)

    async def sweep(job: Job) -> Outcome:
        await objects.sweep(parts.messaging.objects)
        return await again(job)

    async def prune_messages(job: Job) -> Outcome:
        await messages_retention.prune(parts.database, messages_retention.Pace(days=settings.messages_days))
        return await again(job)

    async def prune(job: Job) -> Outcome:
        await retention.prune(parts.database, bounds)
        return await again(job)

    return {
        WEBHOOK: parts.webhooks.deliver,
        FORGET: partial(forget_again, parts.database),
        HOUSEKEEPING: keep_house,
        retention.RETENTION: prune,
        content.REVIEW: _reviews(settings, parts).review,
        JUDGE: _bench(parts).handler(),
        SWEEPING: sweep,
        messages_retention.RETENTION: prune_messages,
        **parts.messaging.handlers(),
    }


# Lives of processes ----------------------------------------------------------------------------------------------


def run_api(settings: Settings, place: Place, listening: Listening, leash: Leash, name: str) -> None:
    async def life() -> None:
        table = SharedTable(place.runtime / "shared")
        try:
            async with open_api(settings, place, name=name, table=table) as app:
                await _serve(app, listening, leash)
        finally:
            table.close()

    structlog.contextvars.bind_contextvars(process=name)
    _run(life())


def run_worker(settings: Settings, place: Place, leash: Leash, name: str) -> None:
    async def life() -> None:
        table = SharedTable(place.runtime / "shared")
        try:
            async with open_worker(settings, place, revocations=table) as worker:
                await _work(worker, leash, stop=_stop_event(leash))
        finally:
            table.close()

    structlog.contextvars.bind_contextvars(process=name)
    _run(life())


def run_single(settings: Settings, place: Place, listening: Listening, leash: Leash) -> None:
    """API and worker on one loop: half the memory, and no second core."""

    async def life() -> None:
        table = SharedTable(place.runtime / "shared")
        try:
            async with (
                open_worker(settings, place, revocations=table) as worker,
                open_api(settings, place, name="single", table=table) as app,
                asyncio.TaskGroup() as group,
            ):
                running = group.create_task(worker.run())
                await _serve(app, listening, leash)
                worker.stop()
                await running
        finally:
            table.close()

    _run(life())


def _run(life: Any) -> None:
    import uvloop

    gc.set_threshold(GC_THRESHOLD, 20, 20)
    _allow_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(life)


def _allow_files() -> None:
    """A tunnel takes two files, and shells allow 256 or 1,024 unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers of its own: the leash decides when it is over, and hears when it begins."""

    def __init__(
        self,
        config: uvicorn.Config,
        leash: Leash,
        before_stop: Callable[[], None],
        interception: Interception | None,
    ) -> None:
        super().__init__(config)
        self._leash = leash
        self._before_stop = before_stop
        self._interception = interception
        self._proxy: Proxy | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._interception is not None:
            self._proxy = self._intercepting(self._interception)
            await self._proxy.start(self._interception.sock)
        self._leash.ready()

    def _intercepting(self, interception: Interception) -> Proxy:
        """What is meant for Twilio becomes a connection of this server, as if it had come to the API's own port."""
        loop = asyncio.get_running_loop()

        def inside(scheme: Literal["http", "https"]) -> asyncio.Protocol:
            connections = cast(Connections, self.config.http)
            return connections(self.config, self.server_state, {}, loop, scheme)

        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return Proxy(
            inside,
            load_authority(interception.authority),
            interception.routes,
            name=f"localloop-{interception.sock.getsockname()[1]}",
            limit=max(64, (files - SPARE_FILES) // 2) if files != resource.RLIM_INFINITY else MAX_FILES // 2,
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_stop()
        if self._proxy is not None:
            await self._proxy.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


async def _serve(app: Surface, listening: Listening, leash: Leash) -> None:
    gc.freeze()  # the contract and the modules stay: looking through them took up to 0.1 s, with requests waiting
    connections = Connections()
    config = uvicorn.Config(
        app,
        interface="asgi3",
        loop="none",
        http=cast(Any, connections),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the engine reads X-Forwarded-Proto itself
        date_header=True,
        timeout_graceful_shutdown=STOP_GRACE_S,
        backlog=2048,
    )
    server = _Server(config, leash, app.end_streams, listening.interception)
    stop = _stop_event(leash)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=list(listening.api)))
        waiting = group.create_task(stop.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        waiting.cancel()
    connections.close()


async def _work(worker: Worker, leash: Leash, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(worker.run())
        leash.ready()
        waiting = group.create_task(stop.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        worker.stop()
        waiting.cancel()


def _stop_event(leash: Leash) -> asyncio.Event:
    """Set on SIGTERM, and when the supervisor is gone."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    def parent_gone() -> None:
        loop.remove_reader(leash.parent_fd)
        stop.set()

    loop.add_reader(leash.parent_fd, parent_gone)
    return stop
