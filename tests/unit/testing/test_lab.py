"""The client for tests: what it asks, what it makes of the answers, on real connections."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from application import on_a_thread

from localloop.testing.lab import Lab, LabError, segment


class Said:
    """What a server was asked, and what it answers, first to last."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.headers: dict[str, str] = {}
        self.connections: set[int] = set()
        self.closes = False
        self.answers: list[tuple[int, Any]] = []
        said = self

        class Request(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                said.asked.append((self.command, self.path, body))
                said.headers = dict(self.headers)
                said.connections.add(self.client_address[1])
                status, answer = said.answers.pop(0)
                raw = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
                self.close_connection = said.closes  # without a word

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.lab = Lab(f"http://127.0.0.1:{self.server.server_port}/", "AC1", "secret")


@pytest.fixture
def said() -> Iterator[Said]:
    said = Said()
    with on_a_thread(said.server):
        yield said
        said.lab.close()


def test_a_path_is_the_labs_unless_it_begins_with_a_slash_and_values_are_written_as_twilio_reads_them(
    said: Said,
) -> None:
    said.answers = [(200, {"a": 1}), (201, None), (204, None)]
    noon = datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))

    assert said.lab.get(f"Phones/{segment('whatsapp:+1/5')}", {"Since": noon, "Left": None}) == {"a": 1}
    assert said.lab.post("/2010-04-01/Accounts.json", {"Media": ["x", "y"], "On": True}) is None
    said.lab.delete("Faults/1")

    assert said.asked == [
        ("GET", "/lab/v1/Phones/whatsapp%3A+1%2F5?Since=2026-01-31T12%3A00%3A00Z", ""),
        ("POST", "/2010-04-01/Accounts.json", "Media=x&Media=y&On=true"),
        ("DELETE", "/lab/v1/Faults/1", ""),
    ]
    assert b64decode(said.headers["Authorization"].removeprefix("Basic ")) == b"AC1:secret"
    assert len(said.connections) == 1


def test_a_list_is_read_to_its_end_in_both_styles(said: Said) -> None:
    said.answers = [
        (200, {"phones": [1], "meta": {"next_page_url": f"{said.lab.url}/lab/v1/Phones?Page=1"}}),
        (200, {"phones": [2], "meta": {"next_page_url": None}}),
        (200, {"calls": [3], "next_page_uri": "/2010-04-01/Calls.json?Page=1"}),
        (200, {"calls": [4], "next_page_uri": None}),
    ]

    assert list(said.lab.items("Phones", "phones")) == [1, 2]
    assert list(said.lab.items("/2010-04-01/Calls.json", "calls")) == [3, 4]
    assert [path for _, path, _ in said.asked][1::2] == [
        "/lab/v1/Phones?Page=1",
        "/2010-04-01/Calls.json?Page=1",
    ]


def test_a_refusal_is_told_in_twilios_words_and_what_is_none_by_its_status(said: Said) -> None:
    said.answers = [
        (408, {"code": 20408, "message": "Nothing came.", "details": {"closest": {"body": "hi"}}}),
        (502, ["no error of ours"]),
        (200, {"still": "there"}),
    ]

    with pytest.raises(LabError, match=r"Nothing came\. \(20408\)") as refused:
        said.lab.get("Log")
    with pytest.raises(LabError, match="502 Bad Gateway") as other:
        said.lab.get("Log")

    assert (refused.value.status, refused.value.details["closest"]["body"]) == (408, "hi")
    assert (other.value.status, other.value.code) == (502, 0)
    assert said.lab.get("Log") == {"still": "there"}


def test_threads_share_a_client_and_each_has_a_connection_of_its_own(said: Said) -> None:
    said.answers = [(200, 1), (200, 2)]
    said.lab.get("Log")
    other = threading.Thread(target=lambda: said.lab.get("Log") and said.lab.close())
    other.start()
    other.join()

    assert len(said.connections) == 2


def test_a_connection_that_was_closed_while_it_waited_costs_no_answer(said: Said) -> None:
    said.closes = True
    said.answers = [(200, 1), (200, 2)]

    assert [said.lab.post("Worlds"), said.lab.post("Worlds")] == [1, 2]
    assert len(said.connections) == 2


def test_where_nobody_answers_is_told_with_the_address() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    lab = Lab(f"http://127.0.0.1:{server.server_port}", "AC1", "secret")

    with pytest.raises(LabError, match=rf"GET {lab.url}/lab/v1/Clock: .*refused") as refused:
        lab.get("Clock")

    assert (refused.value.status, refused.value.code) == (0, 0)
    with pytest.raises(ValueError, match="no address"):
        Lab("localhost:4010", "AC1", "secret")
    with pytest.raises(ValueError, match="time zone"):
        lab.post("Clock", {"At": datetime(2026, 1, 31)})  # noqa: DTZ001
