"""Stoplight Prism, mocking the same operation from an OpenAPI file that is made from our contract."""

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

from benchmarks.instance import BASIC, MESSAGES, free_port
from benchmarks.table import NotRun
from localloop import contract
from localloop.contract.model import Field, Operation, Param

_PROGRAM = Path(__file__).parent / "prism/node_modules/@stoplight/prism-cli/dist/index.js"
_TYPES = {"string", "integer", "number", "boolean", "array", "object"}
START_TIMEOUT_S = 30.0


@contextmanager
def mocking(operation_id: str) -> Iterator[str]:
    """The URL of a Prism that mocks this operation and no other."""
    node = shutil.which("node")
    if node is None or not _PROGRAM.exists():
        raise NotRun("prism is missing (make bench installs it where there is npm)")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ll-prism-") as folder:
        document = Path(folder, "openapi.json")
        document.write_text(json.dumps(openapi(operation_id)), "utf-8")
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
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def openapi(operation_id: str) -> dict[str, Any]:
    path, operation = _find(operation_id)
    names = re.findall(r"\{(\w+)\}", path)
    return {
        "openapi": "3.0.3",
        "info": {"title": "one operation", "version": "1"},
        "paths": {
            path: {
                operation.method.lower(): {
                    "operationId": "operation",
                    "parameters": [
                        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                        for name in names
                    ],
                    "requestBody": {
                        "content": {"application/x-www-form-urlencoded": {"schema": _form(operation)}}
                    },
                    "responses": {
                        str(operation.status): {
                            "description": "done",
                            "content": {"application/json": {"schema": _object(operation.fields)}},
                        }
                    },
                }
            }
        },
    }


def _find(operation_id: str) -> tuple[str, Operation]:
    for resource in contract.load().resources():
        for path in resource.paths:
            for operation in path.operations:
                if operation.id == operation_id:
                    suffix = ".json" if operation_id.startswith("api.v2010") else ""
                    return path.template + suffix, operation
    raise LookupError(operation_id)


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
