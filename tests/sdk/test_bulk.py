"""examples/bulk end to end: every recipient gets one text, whatever is refused on the way."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from application import on_a_thread
from localloop_process import Credentials
from twilio.rest import Client

EXAMPLE = Path(__file__).parents[2] / "examples" / "bulk"
BODY = "The shop opens at nine."
REFUSED_OF = 5
LIMIT_S = 240


class Turnstile(ThreadingHTTPServer):
    """Stands before localloop and refuses each fifth request as a limit does: without passing it on."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Pass)
        self.upstream = urlsplit(url).netloc
        self.refused = 0
        self._turns = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def refuses(self) -> bool:
        with self._lock:
            refused = next(self._turns) % REFUSED_OF == 0
            self.refused += refused
            return refused


class _Pass(BaseHTTPRequestHandler):
    server: Turnstile

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refuses():
            self._answer(429, b'{"code": 20429, "message": "Too Many Requests", "status": 429}')
            return
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=30)
        with contextlib.closing(upstream):
            upstream.request("POST", self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            self._answer(answer.status, answer.read())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def turnstile(account: Credentials) -> Iterator[Turnstile]:
    server = Turnstile(account.url)
    with on_a_thread(server):
        yield server


def _send(count: int, account: Credentials, turnstile: Turnstile, folder: Path) -> list[str]:
    recipients = [f"+1415555{index:04}" for index in range(count)]
    (folder / "recipients").write_text("\n".join(recipients))
    environment = account.environment() | {
        "BULK_FROM": "+15551230000",
        "LOCALLOOP_URL": turnstile.url,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ended = subprocess.run(
        [sys.executable, "send.py", folder / "recipients", BODY],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{count} recipients, {count} messages\n"
    return recipients


def _judge(client: Client, recipients: list[str]) -> None:
    sent = client.messages.list(page_size=1_000)
    assert Counter(each.to for each in sent) == dict.fromkeys(recipients, 1)
    assert {each.body for each in sent} == {BODY}


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_everybody_gets_one(
    account: Credentials, client: Client, turnstile: Turnstile, tmp_path: Path, count: int
) -> None:
    recipients = _send(count, account, turnstile, tmp_path)
    assert turnstile.refused >= count // REFUSED_OF
    _judge(client, recipients)
