"""The thread in which uvicorn serves an application of a test. Loaded only for an application of ASGI."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any, Final

import uvicorn

from localloop.testing.serving import listening

_START_S: Final = 30.0
_END_S: Final = 5.0


class AsgiServer:
    """Its lifespan begins and ends with it."""

    def __init__(self, app: Any) -> None:
        self._server = _Server(
            uvicorn.Config(app, access_log=False, log_config=None, server_header=False, date_header=False)
        )
        self._socket = listening()
        self.port: int = self._socket.getsockname()[1]
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="webhook_app", daemon=True)
        self._thread.start()
        if not self._server.up.wait(_START_S) or self._failure is not None or not self._server.started:
            self.close()
            raise RuntimeError("the application does not start") from self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve([self._socket]))
        except (SystemExit, Exception) as error:  # noqa: BLE001 - the edge of the thread: told to who started it
            self._failure = error
        finally:
            self._server.up.set()

    def close(self) -> None:
        self._server.end()
        self._thread.join(_END_S + 1.0)
        self._socket.close()


class _Server(uvicorn.Server):
    """Ends when it is told to, where uvicorn's own looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    def end(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself, and its loop with it
                self._loop.call_soon_threadsafe(self._over.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        self.up.set()
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's name
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_END_S)
        await self.lifespan.shutdown()
