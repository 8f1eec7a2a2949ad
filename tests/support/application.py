"""Applications of Twilio's on threads of their own: what they answer, and what they were asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from socketserver import BaseServer
from typing import Any
from urllib.parse import parse_qsl

import validators

_PATIENCE_S = 30
_LOOK_S = 0.02  # how long a server takes to see that it is to end


@contextmanager
def on_a_thread(server: BaseServer) -> Iterator[None]:
    """It serves until the block is left."""
    thread = threading.Thread(target=server.serve_forever, args=(_LOOK_S,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Webhook(BaseHTTPRequestHandler):
    """One POST, which Twilio's validators get to see."""

    def posted(self) -> str:
        raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        validators.note("http", self.path, headers, raw)
        return raw.decode()

    def answer(self, status: int, content_type: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None: ...


class Application:
    """A program's webhooks: what it answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, str]] = {}
        self.asked: Queue[tuple[str, dict[str, str]]] = Queue()
        application = self

        class Request(_Webhook):
            def do_POST(self) -> None:
                body = self.posted()
                self.answer(200, *application.answers.get(self.path, ("text/xml", "<Response/>")))
                application.asked.put((self.path, dict(parse_qsl(body, keep_blank_values=True))))

            def do_GET(self) -> None:
                """A file: media of a message."""
                known = application.answers.get(self.path)
                self.answer(200 if known else 404, *(known or ("text/plain", "none")))

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def told(self, path: str) -> dict[str, str]:
        """The next request; it must be for this path."""
        asked, form = self.asked.get(timeout=20)
        assert asked == path
        return form


class Callbacks:
    """Fails until it is told to answer; remembers the tokens of what it was sent by this account."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self.status = 500
        self.tokens: list[str] = []
        self._came = threading.Condition()
        application = self

        class Request(_Webhook):
            def do_POST(self) -> None:
                validators.expect(account_sid, auth_token)
                self.posted()
                with application._came:
                    application.tokens.append(self.headers["I-Twilio-Idempotency-Token"])
                    application._came.notify_all()
                self.answer(application.status, "text/plain", "")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self.server.server_port}/status"

    def wait(self, count: int) -> None:
        """Until so many came."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.tokens) >= count, _PATIENCE_S)
