"""Where a program that has just been started takes its webhooks: asked by OPTIONS, and found on either loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from localloop.cli.numbers import Addresses
from localloop.cli.probing import Probe


@contextmanager
def program(answers: dict[str, int], host: str = "127.0.0.1") -> Iterator[tuple[int, list[str]]]:
    """Answers OPTIONS with these statuses, and remembers what it was asked."""
    asked: list[str] = []

    class Routes(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            asked.append(self.path)
            self.send_response(answers.get(self.path, 404))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, 0), Routes)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def found(port: int) -> Addresses:
    probe = Probe(port, Event())
    assert probe.wait()
    return probe.addresses()


@pytest.mark.parametrize("status", [200, 204, 403, 405, 500])
def test_a_route_that_is_there(status: int) -> None:
    with program({"/sms": status, "/voice": status}) as (port, _):
        here = f"http://127.0.0.1:{port}"
        assert found(port) == Addresses(f"{here}/sms", f"{here}/voice")


@pytest.mark.parametrize("status", [400, 404, 410, 501])
def test_a_route_that_is_not(status: int) -> None:
    with program({"/sms": status, "/voice": status, "/message": status, "/answer": status}) as (port, asked):
        assert found(port) == Addresses("", "")
        assert asked == ["/sms", "/message", "/voice", "/answer"]


def test_the_documentations_other_names() -> None:
    with program({"/message": 405, "/answer": 405}) as (port, _):
        here = f"http://127.0.0.1:{port}"
        assert found(port) == Addresses(f"{here}/message", f"{here}/answer")


def _is_here(host: str) -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
        return True


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), *([("::1", "[::1]")] if _is_here("::1") else [])]
)
def test_a_program_on_either_loopback(host: str, shown: str) -> None:
    """Node may listen on ::1 alone when it is told localhost."""
    with program({"/sms": 200}, host) as (port, _):
        assert found(port).sms_url == f"http://{shown}:{port}/sms"


def test_a_program_that_ended_before_it_listened() -> None:
    over = Event()
    over.set()
    assert not Probe(1, over).wait()
