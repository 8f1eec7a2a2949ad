"""`localloop record`: an unchanged program on a service, what was kept of it, and that it can be replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from localloop_process import COMMAND, Credentials, free_port, new_world, running

from localloop.intercept.recording import Recording, read

PROGRAM = """
import os, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from twilio.rest import Client

incoming, port = sys.argv[1:]
delivered = threading.Event()

class Callbacks(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        if b"MessageStatus=delivered" in body:
            delivered.set()

server = HTTPServer(("127.0.0.1", int(port)), Callbacks)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Client()
sent = client.messages.create(
    from_="+14155550110", to="+14155550111", body="Ada, your table is ready",
    status_callback=f"http://127.0.0.1:{incoming}/status",
)
assert delivered.wait(30)
assert client.messages(sent.sid).fetch().status == "delivered"
assert [each.sid for each in client.messages.list()] == [sent.sid]
client.verify.v2.services.create(friendly_name="Bank")
server.shutdown()
sys.exit(3)
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Credentials]:
    with running("--single") as up:
        yield up


def record(
    file: Path, service: Credentials, *options: str
) -> tuple[subprocess.CompletedProcess[str], Credentials]:
    account = new_world(service.url)
    incoming, port = free_port(), free_port()
    command = [COMMAND, "record", "-o", str(file), "--service", service.url, *options]
    program = [sys.executable, "-c", PROGRAM, str(incoming), str(port)]
    done = subprocess.run(
        [*command, "--callbacks", f"{incoming}:{port}", "--", *program],
        env=account.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done, account


def kept(file: Path) -> Recording:
    with file.open("rb") as lines:
        return read(lines)


def test_a_program_is_recorded_and_does_not_differ(tmp_path: Path, service: Credentials) -> None:
    file = tmp_path / "day.jsonl"
    done, account = record(file, service)
    assert done.returncode == 3, done.stderr
    assert done.stderr.endswith(f"localloop: 4 requests and 2 callbacks recorded in {file}\n")
    recording = kept(file)
    asked = [
        (each.request.method, each.request.host) for each in recording.exchanges if each.kind == "request"
    ]
    api, verify = "api.twilio.com", "verify.twilio.com"
    assert asked == [("POST", api), ("GET", api), ("GET", api), ("POST", verify)]
    assert account.auth_token not in file.read_text()
    assert "Ada, your table is ready" in dict(recording.exchanges[0].request.form)["Body"]
    compared = subprocess.run(
        [COMMAND, "compare", str(file)],
        env=service.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert compared.stdout == (
        "plain here, in the right shape but without effect: verify.v2.CreateService\n"
        "4 requests and 2 callbacks compared, no differences\n"
    )


def test_what_people_wrote_and_their_numbers_can_be_left_out(tmp_path: Path, service: Credentials) -> None:
    file = tmp_path / "day.jsonl"
    done, _ = record(file, service, "--no-bodies", "--no-numbers")
    assert done.returncode == 3, done.stderr
    text = file.read_text()
    assert "Ada" not in text
    assert "4155550110" not in text
    recording = kept(file)
    assert not recording.head.bodies
    assert not recording.head.numbers
    first, *others = recording.exchanges
    to = dict(first.request.form)["To"]
    assert {dict(each.request.params)["To"] for each in others if each.kind == "callback"} == {to}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--service", "nowhere"], "--service wants an address like http://127.0.0.1:4010, not 'nowhere'"),
        (["--callbacks", "5000"], "--callbacks wants 8080:5000"),
        ([], "there is nothing to run: localloop record -- python app.py"),
    ],
)
def test_what_is_asked_wrongly_is_one_line(tmp_path: Path, options: list[str], told: str) -> None:
    command = ["--", "true"] if options else []
    done = subprocess.run(
        [COMMAND, "record", "-o", str(tmp_path / "r"), *options, *command],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"localloop: {told}")
    assert not (tmp_path / "r").exists()
