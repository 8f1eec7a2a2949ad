"""An application of Twilio's on a thread of its own: answers by path, remembers what it was asked."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl

import validators


class Application:
    """A program's webhooks: what it answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, str]] = {}
        self.asked: Queue[tuple[str, dict[str, str]]] = Queue()
        application = self

        class Request(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                validators.note("http", self.path, headers, raw)
                body = raw.decode()
                content_type, text = application.answers.get(self.path, ("text/xml", "<Response/>"))
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
                application.asked.put((self.path, dict(parse_qsl(body, keep_blank_values=True))))

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def told(self, path: str) -> dict[str, str]:
        """The next request; it must be for this path."""
        asked, form = self.asked.get(timeout=20)
        assert asked == path
        return form
