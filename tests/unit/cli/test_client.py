"""What the shell commands make of a server that is not quite there; and that they know all that it may say."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import pytest
from application import on_a_thread

from localloop.cli import calling, lab_wait, tail
from localloop.cli.client import Client, Failed, Refused
from localloop.lab.things import KINDS
from localloop.telephony.leg import LineKind

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HAPPENING = b'data: {"id": "1"}\n'
DYING = CHUNKED + b"%x\r\n%s\r\n" % (len(HAPPENING), HAPPENING) + b"20\r\ndata: half of"


@contextmanager
def answering(*answers: bytes) -> Iterator[Client]:
    """Each request gets one of them, and then the server hangs up."""
    left = list(answers)

    class Once(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(left.pop(0))

    with socketserver.TCPServer(("127.0.0.1", 0), Once) as server, on_a_thread(server):
        yield Client(f"http://127.0.0.1:{server.server_address[1]}", "AC1", "token")


def refused(status: str) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\n{}" % status.encode()


def test_a_follower_outlives_a_server_that_dies_or_is_just_starting() -> None:
    with answering(DYING, refused("503 Service Unavailable")) as client:
        assert [each["id"] for each in tail._stream(client, [], "")] == ["1"]
        assert list(tail._stream(client, [], "1")) == []


def test_a_follower_who_is_not_let_in_is_told() -> None:
    with answering(refused("401 Unauthorized")) as client, pytest.raises(Refused):
        list(tail._stream(client, [], ""))


def test_half_an_answer_is_none() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"
    with answering(cut, b"nonsense\r\n\r\n") as client:
        for _ in range(2):
            with pytest.raises(Failed, match="no localloop answers at"):
                client.get("/")


def test_everything_can_be_waited_for_that_the_lab_knows() -> None:
    assert set(lab_wait._KINDS.values()) == {kind.name for kind in KINDS}


def test_every_line_of_a_call_has_words() -> None:
    assert set(calling._TOLD) == set(get_args(LineKind))
