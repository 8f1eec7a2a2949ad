"""A proxy in front of a service that changes what the service answers, or what it sends: differences on purpose."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson


class Said:
    """An answer that may be changed, or a form that is sent."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = {name.title(): value for name, value in headers}
        self.body = body
        is_json = "json" in self.headers.get("Content-Type", "")
        self.json: Any = orjson.loads(body) if is_json and body else None
        is_form = "form" in self.headers.get("Content-Type", "")
        self.form = dict(parse_qsl(body.decode(), keep_blank_values=True)) if is_form else None

    def bytes(self) -> bytes:
        if self.json is not None:
            return orjson.dumps(self.json)
        return urlencode(self.form).encode() if self.form is not None else self.body


Change = Callable[[Said], None]


class Planted:
    """One difference, in what is answered (or asked) by this method at this path."""

    def __init__(
        self, method: str, path: str, change: Change, *, status: int = 0, in_request: bool = False
    ) -> None:
        self.method = method
        self.path = re.compile(path)
        self.change = change
        self.status = status  # only in answers of this status
        self.in_request = in_request

    def fits(self, method: str, path: str) -> bool:
        return method == self.method and self.path.fullmatch(path) is not None


class Planter:
    """Passes on to `target`, `Host` included, and plants."""

    def __init__(self, target: str, planted: Sequence[Planted] = ()) -> None:
        self.target = urlsplit(target)
        self.planted = planted
        planter = self

        class Passing(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                planter.pass_on(self, Said(0, list(self.headers.items()), body))

            do_GET = do_DELETE = do_POST  # noqa: N815 - named by http.server

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def pass_on(self, asking: BaseHTTPRequestHandler, asked: Said) -> None:
        fitting = [each for each in self.planted if each.fits(asking.command, asking.path.partition("?")[0])]
        for each in fitting:
            if each.in_request:
                each.change(asked)
        connection = HTTPConnection(self.target.hostname or "", self.target.port, timeout=30)
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "content-length"}
        body = asked.bytes()
        connection.request(asking.command, asking.path, body or None, headers)
        answer = connection.getresponse()
        said = Said(answer.status, answer.getheaders(), answer.read())
        connection.close()
        for each in fitting:
            if not each.in_request and each.status in (0, said.status):
                each.change(said)
        content = said.bytes()
        asking.send_response_only(said.status)
        for name, value in said.headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                asking.send_header(name, value)
        if said.status != 204:
            asking.send_header("Content-Length", str(len(content)))
        asking.end_headers()
        asking.wfile.write(content)
