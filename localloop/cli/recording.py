"""`localloop record`: a program on the real service, with its own credentials, and what they say to each other kept."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct

from localloop import intercept
from localloop.cli.child import Interrupted, Signals
from localloop.cli.client import Failed
from localloop.cli.places import PlaceUnusable, listen
from localloop.intercept import environment
from localloop.intercept.forwarding import Forwarding, Reach, always, as_named
from localloop.intercept.recording import RecordingFile, Scrubber

_CLIENTS: Final = 512
_LOOP_S: Final = 20.0
_Result = TypeVar("_Result")


class Wanted(Struct, frozen=True, kw_only=True):
    """The command line."""

    command: Sequence[str]
    file: Path
    callbacks: str = ""
    service: str = ""
    hides_bodies: bool = False
    hides_numbers: bool = False


class Callbacks(Struct, frozen=True):
    """Where the service's requests come in, and where the program listens."""

    port: int
    program: str


def record(wanted: Wanted) -> int:
    """The program's exit status. Raises Failed."""
    if not wanted.command:
        raise Failed("there is nothing to run: localloop record -- python app.py")
    signals = Signals()
    try:
        reach = always(wanted.service) if wanted.service else as_named
    except ValueError:
        raise Failed(
            f"--service wants an address like http://127.0.0.1:4010, not {wanted.service!r}"
        ) from None
    callbacks = _callbacks(wanted.callbacks)
    scrubber = Scrubber(hides_bodies=wanted.hides_bodies, hides_numbers=wanted.hides_numbers)
    try:
        file = RecordingFile(wanted.file, scrubber)
    except OSError as error:
        raise Failed(f"{wanted.file}: {error.strerror}") from None
    try:
        with tempfile.TemporaryDirectory(prefix="localloop-") as folder, _Recorder(file) as recorder:
            added = recorder.begin(Path(folder), reach, callbacks)
            return signals.run(wanted.command, {**os.environ, **added})
    except Interrupted as interrupted:
        return interrupted.status
    finally:
        file.close()
        told = " and ".join(
            f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in file.counts.items()
        )
        print(f"localloop: {told} recorded in {wanted.file}", file=sys.stderr)


def _callbacks(text: str) -> Callbacks | None:
    """`8080:5000` or `8080:http://app:5000`. Raises Failed."""
    if not text:
        return None
    port, _, program = text.partition(":")
    url = f"http://127.0.0.1:{program}" if program.isdecimal() else program
    try:
        always(url)
        if not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ValueError(port)
    except ValueError:
        raise Failed(
            f"--callbacks wants 8080:5000, where callbacks come in and where the program listens, not {text!r}"
        ) from None
    return Callbacks(int(port), url)


class _Recorder:
    """The proxy, and the way of the callbacks, on an event loop of their own while the program runs."""

    def __init__(self, file: RecordingFile) -> None:
        self._file = file
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="recorder", daemon=True)
        self._ways: list[Forwarding] = []
        self._proxy: intercept.Proxy | None = None
        self._server: asyncio.Server | None = None

    def __enter__(self) -> _Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._run(self._end())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_LOOP_S)
            self._loop.close()

    def begin(self, folder: Path, reach: Reach, callbacks: Callbacks | None) -> dict[str, str]:
        """What the program's environment must say. Raises Failed."""
        with _told():
            intercept.ensure(folder)
            sock = listen("127.0.0.1", 0)
            other = listen("127.0.0.1", callbacks.port, option="--callbacks") if callbacks else None
            self._run(self._start(folder, sock, reach))
            if callbacks and other:
                self._run(self._receive(other, callbacks.program))
            url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            interceptor = environment.Interceptor(url, folder, folder / "programs")
            return environment.variables(interceptor, os.environ)

    async def _start(self, folder: Path, sock: socket.socket, reach: Reach) -> None:
        routes = intercept.routes(os.environ, "", sock.getsockname()[1])
        way = Forwarding(self._file, "request", reach, routes=routes)
        self._ways.append(way)
        self._proxy = intercept.Proxy(
            way, intercept.load(folder), routes, name=f"localloop-{os.getpid()}", limit=_CLIENTS
        )
        await self._proxy.start(sock)

    async def _receive(self, sock: socket.socket, program: str) -> None:
        way = Forwarding(self._file, "callback", always(program))
        self._ways.append(way)
        self._server = await self._loop.create_server(lambda: way("http"), sock=sock)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._proxy is not None:
            await self._proxy.close()
        for way in self._ways:
            await way.close()

    def _run(self, job: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(job, self._loop).result(_LOOP_S)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (PlaceUnusable, intercept.AuthorityUnusable, ValueError) as error:
        raise Failed(str(error)) from None
    except OSError as error:
        raise Failed(f"{error.filename}: {error.strerror}") from None
