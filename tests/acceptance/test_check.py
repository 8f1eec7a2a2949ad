"""`localloop check`: a folder, a running application, a recording; for people and for programs."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from localloop_process import COMMAND

from localloop.intercept.recording import Answer, Exchange, RecordingFile, Request, Scrubber

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCUMENTS = {
    "/voice": '<Response><Gather action="/menu?x=1"><Say>Press 1</Say></Gather><Redirect>/voice</Redirect></Response>',
    "/menu": '<Response><Dial action="https://elsewhere.example/done"><Number>+1555</Number></Dial></Response>',
    "/sms": "<Response><Message>hi</Message></Response>",
}


@pytest.fixture
def application() -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            document = DOCUMENTS.get(self.path.partition("?")[0], "").encode()
            self.send_response(200 if document and self.headers["X-Twilio-Signature"] else 404)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, "check", *arguments],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done


def found(*arguments: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(check(*arguments, "--json").stdout)
    return report


def test_a_folder() -> None:
    shown = check(str(EXAMPLES / "bulk")).stdout
    assert shown == (
        "operations\n"
        "  behaves  api.v2010.CreateMessage                      Body From To\n"
        "           tasks.py:45\n"
        "\n"
        "1 behaves\n"
    )


def test_the_documents_of_a_running_application(application: str) -> None:
    report = found(f"{application}/voice")
    assert {row["name"]: row["places"] for row in report["verbs"]} == {
        "voice <Dial>": [f"{application}/menu?x=1:1"],
        "voice <Gather>": [f"{application}/voice:1"],
        "voice <Number>": [f"{application}/menu?x=1:1"],
        "voice <Redirect>": [f"{application}/voice:1"],
        "voice <Response>": [f"{application}/menu?x=1:1", f"{application}/voice:1"],
        "voice <Say>": [f"{application}/voice:1"],
    }
    assert [row["name"] for row in report["webhooks"]] == ["dial", "gather", "voice"]
    assert report["unclear"] == []


def test_the_documents_for_messages(application: str) -> None:
    report = found(f"{application}/sms")
    assert {row["name"]: row["verdict"] for row in report["verbs"]} == {
        "messaging <Message>": "behaves",
        "messaging <Response>": "behaves",
    }


def test_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    file = RecordingFile(path, Scrubber())
    url = "https://verify.twilio.com/v2/Services/VA1/Verifications"
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    request = Request(method="POST", url=url, headers=form, body="To=%2B15550001111&Channel=sms")
    file.keep(Exchange(kind="request", at="", request=request, answer=Answer(status=201)))
    file.close()
    (row,) = found(str(path))["operations"]
    assert (row["name"], row["uses"], row["places"]) == (
        "verify.v2.CreateVerification",
        ["Channel", "To"],
        ["day.jsonl:1"],
    )


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("{application}/nothing", "{application}/nothing: 11200"),
        ("{folder}/missing", "{folder}/missing: No such file or directory"),
    ],
)
def test_nothing_to_look_at_is_one_line(application: str, tmp_path: Path, target: str, told: str) -> None:
    places = {"application": application, "folder": tmp_path}
    done = check(target.format(**places), status=1)
    assert done.stderr.startswith(f"localloop: {told.format(**places)}")
    assert done.stderr.count("\n") == 1


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    assert check(str(tmp_path)).stdout == f"{tmp_path} uses nothing of Twilio's that is known here\n"
