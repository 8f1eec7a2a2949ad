"""What the shell commands ask of a running localloop, over its own HTTP API."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from msgspec import Struct

from localloop.cli import running
from localloop.cli.places import default_directory

TIMEOUT_S = 20.0
_SILENCE_S = 45.0  # of a stream, which says every 15 seconds that it is there
Params: TypeAlias = Mapping[str, Any] | Sequence[tuple[str, Any]]


class Failed(Exception):
    """What was asked for cannot be had; the text is one line for the person at the terminal."""


class Refused(Exception):
    """The server answered with an error; `code` and `status` are Twilio's."""

    def __init__(self, status: int, code: int | None, message: str) -> None:
        super().__init__(f"{message} ({code})" if code else message)
        self.status, self.code, self.message = status, code, message


class Client(Struct, frozen=True):
    url: str
    account_sid: str
    auth_token: str

    def get(self, path: str, params: Params | None = None, *, timeout: float = TIMEOUT_S) -> Any:
        query = f"?{urlencode(params)}" if params else ""
        return self._call("GET", f"{path}{query}", None, timeout)

    def post(self, path: str, params: Mapping[str, Any], *, timeout: float = TIMEOUT_S) -> Any:
        pairs = [(key, value) for key, value in params.items() if value is not None]
        return self._call("POST", path, urlencode(pairs, doseq=True).encode(), timeout)

    def delete(self, path: str, *, timeout: float = TIMEOUT_S) -> None:
        self._call("DELETE", path, None, timeout)

    @contextmanager
    def stream(self, path: str, params: Params) -> Iterator[Iterator[bytes]]:
        """The lines of an answer without an end, as they come. Raises Failed, and OSError when it breaks off."""
        query = f"?{urlencode(params)}" if params else ""
        request = self._request("GET", f"{path}{query}", None)
        request.add_header("Accept", "text/event-stream")
        try:
            answer = build_opener(ProxyHandler({})).open(request, timeout=_SILENCE_S)
        except HTTPError as error:
            raise _refusal(error) from None
        except (URLError, OSError, HTTPException) as error:
            raise Failed(f"no localloop answers at {self.url}: {error}") from None
        with answer:
            yield _lines(answer)

    def _request(self, method: str, path: str, body: bytes | None) -> Request:
        request = Request(f"{self.url}{path}", body, method=method)  # noqa: S310 - the address is our own note's
        secret = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")
        return request

    def _call(self, method: str, path: str, body: bytes | None, timeout: float) -> Any:
        request = self._request(method, path, body)
        try:
            # The environment's proxy is for other hosts: this one is on our own machine.
            with build_opener(ProxyHandler({})).open(request, timeout=timeout) as answer:
                said = answer.read()
        except HTTPError as error:
            raise _refusal(error) from None
        except (URLError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Failed(f"no localloop answers at {self.url}: {reason}") from None
        return json.loads(said) if said else None


def _lines(answer: HTTPResponse) -> Iterator[bytes]:
    try:
        yield from answer
    except HTTPException as error:  # the server died in the midst of it
        raise ConnectionError(str(error)) from error


def _refusal(error: HTTPError) -> Refused:
    try:
        body = json.loads(error.read())
        return Refused(error.code, body.get("code"), body.get("message", error.reason))
    except (ValueError, AttributeError):
        return Refused(error.code, None, str(error.reason))


def connect(data: str = "") -> Client:
    """The server that runs on `data`; else what LOCALLOOP_URL and TWILIO_* name; else the default one."""
    url = os.environ.get("LOCALLOOP_URL", "")
    sid, token = os.environ.get("TWILIO_ACCOUNT_SID", ""), os.environ.get("TWILIO_AUTH_TOKEN", "")
    if url and sid and token and not data:
        return Client(url.rstrip("/"), sid, token)
    note = running.read(Path(data) if data else default_directory())
    if note is None or not running.is_alive(note):
        raise Failed("no localloop is running here; start one with: localloop up")
    return Client(note.url, note.account_sid, note.auth_token)


def note_of(client: Client, data: str) -> running.Running | None:
    """What the running localloop left beside its data, if that is the one asked."""
    note = running.read(Path(data) if data else default_directory())
    return note if note is not None and note.url == client.url else None
