"""An application of WSGI or ASGI, served on a real port of this machine in a thread, for as long as a test needs it."""

from __future__ import annotations

import inspect
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from socketserver import BaseServer, ThreadingMixIn
from typing import Any, Final, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

HOST: Final = "127.0.0.1"
_END_S: Final = 5.0  # what a request that is under way may still take
_BACKLOG: Final = 128


class Serving(Protocol):
    """A server in a thread of its own."""

    @property
    def port(self) -> int: ...

    def close(self) -> None:
        """Returns when what was under way has ended, or has taken too long."""
        ...


def serve(app: Any) -> Serving:
    """Serves it at once. Raises TypeError for what is neither of WSGI nor of ASGI."""
    if not callable(app):
        raise TypeError(f"{app!r} is no application of WSGI or ASGI: it cannot be called")
    if not _is_asgi(app):
        return _Wsgi(app)
    from localloop.testing.asgi_server import AsgiServer

    return AsgiServer(app)


def listening() -> socket.socket:
    return socket.create_server((HOST, 0), backlog=_BACKLOG)


def _is_asgi(app: Callable[..., Any]) -> bool:
    """Told by what is called: ASGI's is a coroutine function, or takes scope, receive and send."""
    called = app if inspect.isroutine(app) else type(app).__call__
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(called):
        return True
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return False
    return sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters) == 3


class _Wsgi(ThreadingMixIn, WSGIServer):
    """A thread for each request, and none that outlives it by long."""

    request_queue_size = _BACKLOG

    def __init__(self, app: Any) -> None:
        super().__init__((HOST, 0), _Request)
        self.set_app(app)
        self._is_over = False
        self._requests: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="webhook_app", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self.server_port

    def server_bind(self) -> None:
        """Without asking for the machine's name, which may take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])
        self.setup_environ()

    def setup_environ(self) -> None:
        super().setup_environ()
        self.base_environ["wsgi.multithread"] = True

    def process_request(self, request: Any, client_address: Any) -> None:
        self._requests = [each for each in self._requests if each.is_alive()]
        asked = (request, client_address)
        thread = threading.Thread(target=self.process_request_thread, args=asked, daemon=True)
        self._requests.append(thread)
        thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # who asked did not wait for the answer
            super().handle_error(request, client_address)

    def _run(self) -> None:
        while not self._is_over:
            self.handle_request()

    def close(self) -> None:
        self._is_over = True
        with suppress(OSError):  # it waits for a request: here is one
            socket.create_connection((HOST, self.port), 1.0).close()
        for thread in (self._thread, *self._requests):
            thread.join(_END_S)
        self.server_close()


class _Request(WSGIRequestHandler):
    server: BaseServer

    def get_environ(self) -> dict[str, Any]:
        # What was asked for, as it was written: signatures are made over that.
        return {**super().get_environ(), "REQUEST_URI": self.path}

    def log_message(self, *_: Any) -> None:
        """Deliveries are in the world's log."""
