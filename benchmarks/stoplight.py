"""Stoplight Prism, mocking the 2010 API or one operation of it, from the OpenAPI document that Twilio publishes."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.instance import BASIC, MESSAGES, free_port
from benchmarks.table import NotRun

_MODULES = Path(__file__).parent / "prism/node_modules"
_PROGRAM = _MODULES / "@stoplight/prism-cli/dist/index.js"
_DOCUMENT = _MODULES / "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"
START_TIMEOUT_S = 30.0


class Mock(Struct, frozen=True):
    """A Prism that runs."""

    url: str
    pid: int


@contextmanager
def mocking(*, only: str = "") -> Iterator[Mock]:
    """Of the whole 2010 API, or of the operations on one path alone."""
    node = shutil.which("node")
    if node is None or not (_PROGRAM.exists() and _DOCUMENT.exists()):
        raise NotRun("prism is missing (make bench installs it where there is npm)")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ll-prism-") as folder:
        document = Path(folder, "openapi.json")
        document.write_text(json.dumps(openapi(only)), "utf-8")
        command = [
            node,
            str(_PROGRAM),
            "mock",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-v",
            "error",
            str(document),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await_answer(port, process)
            yield Mock(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            process.wait(10)


def openapi(only: str = "") -> dict[str, Any]:
    """Twilio's own document of the 2010 API, as one who mocks Twilio would take it; or one path of it."""
    document: dict[str, Any] = json.loads(_DOCUMENT.read_text("utf-8"))
    if only:
        document["paths"] = {only: document["paths"][only]}
    return document


def _await_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    form = "To=%2B12125550001&From=%2B14155550001&Body=hello"
    headers = {"Authorization": BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    while time.monotonic() - began < START_TIMEOUT_S and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("POST", MESSAGES, form, headers)
            answer = connection.getresponse()
            if answer.status == 201:
                return
            raise NotRun(f"prism answers {answer.status}: {answer.read()[:200]!r}")
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise NotRun("prism does not start")
