"""Stoplight Prism, mocking the 2010 API or one operation of it, from an OpenAPI file made from our contract."""

from __future__ import annotations

import json
import re
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
from localloop import contract
from localloop.contract.model import Field, Operation, Param

_PROGRAM = Path(__file__).parent / "prism/node_modules/@stoplight/prism-cli/dist/index.js"
_TYPES = {"string", "integer", "number", "boolean", "array", "object"}
START_TIMEOUT_S = 30.0


class Mock(Struct, frozen=True):
    """A Prism that runs."""

    url: str
    pid: int


@contextmanager
def mocking(*, only: str = "") -> Iterator[Mock]:
    """Of the whole 2010 API, or of the operations on one path template alone."""
    node = shutil.which("node")
    if node is None or not _PROGRAM.exists():
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
    """The whole 2010 API, as one who mocks Twilio would have it; or one path of it."""
    paths: dict[str, dict[str, Any]] = {}
    for api in contract.load().apis:
        if api.style == "2010":
            for path in (path for resource in api.resources for path in resource.paths):
                if only and path.template != only:
                    continue
                operations = paths.setdefault(f"{path.template}.json", {})
                operations |= {
                    each.method.lower(): _operation(path.template, each) for each in path.operations
                }
    return {"openapi": "3.0.3", "info": {"title": "2010 API", "version": "1"}, "paths": paths}


def _operation(template: str, operation: Operation) -> dict[str, Any]:
    answer = {"content": {"application/json": {"schema": _object(operation.fields)}}}
    described: dict[str, Any] = {
        "operationId": operation.id,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"\{(\w+)\}", template)
        ],
        "responses": {str(operation.status): {"description": "done", **answer}},
    }
    if operation.body == "form":
        form = {"application/x-www-form-urlencoded": {"schema": _form(operation)}}
        described["requestBody"] = {"content": form}
    return described


def _form(operation: Operation) -> dict[str, Any]:
    params = [param for param in operation.params if param.location == "body"]
    return {
        "type": "object",
        "required": [param.name for param in params if param.required],
        "properties": {param.name: _schema(param) for param in params},
    }


def _object(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [field.name for field in fields],
        "properties": {field.name: _schema(field) for field in fields},
    }


def _schema(told: Field | Param) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": told.type} if told.type in _TYPES else {}
    if told.type == "array":
        schema["items"] = _schema(told.items) if told.items else {}
    if told.enum:
        schema["enum"] = list(told.enum)
    if told.type == "string" and told.format in ("date-time", "date", "uri"):
        schema["format"] = told.format
    return schema


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
