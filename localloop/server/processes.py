"""The lives of processes, each called in a process of its own by the supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import structlog
import uvicorn
from msgspec import Struct

from localloop.core.settings import Settings
from localloop.intercept import Proxy, Routes
from localloop.intercept import load as load_authority
from localloop.jobs import Worker
from localloop.rest.connection import Connections
from localloop.rest.shared import SharedTable
from localloop.server.api import open_api
from localloop.server.parts import Place
from localloop.server.surface import Surface
from localloop.server.worker import open_worker

STOP_GRACE_S = 8
# Containers that may be made before the collector looks for cycles among them. Requests leave none; at Python's
# own 700 it ran at every third request.
GC_THRESHOLD = 20_000
MAX_FILES = 10_240  # that a process may have open; macOS knows no more
SPARE_FILES = 512  # for the API's own connections


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
