"""A localloop that runs, asked over HTTP: a small synchronous client for tests, on the standard library alone.

    lab = Lab("http://127.0.0.1:4010", account_sid, auth_token)
    lab.post("Phones/+15551230001", {"Behavior": "30003"})
    lab.get("/2010-04-01/Accounts.json")["accounts"]

The rest of this package stands on it, and knows no more of HTTP.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

Params: TypeAlias = Mapping[str, Any]

TIMEOUT_S: Final = 30.0
_ROOT: Final = "/lab/v1/"
# The server closes a connection after five idle seconds: one that old is not trusted with a request.
_IDLE_S: Final = 2.0
_FORM: Final = "application/x-www-form-urlencoded"


class LabError(Exception):
    """The server refused, in Twilio's words; `status` is 0 when nobody answered at all."""

    def __init__(
        self, code: int, message: str, status: int, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{message} ({code})" if code else message)
        self.code, self.message, self.status = code, message, status
        self.details: Mapping[str, Any] = details or {}


# This thread's connections, by server: every test has another account, and all of them the same server.
_connections = threading.local()


class Lab:
    """One account of a running localloop, for all threads. A path is below /lab/v1 unless it begins with a slash."""

    def __init__(self, url: str, account_sid: str, auth_token: str) -> None:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a localloop")
        self.url, self.account_sid, self.auth_token = url.rstrip("/"), account_sid, auth_token
        self._parts = parts
        secret = b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {secret}", "Accept": "application/json"}
        self._key = f"{parts.scheme}://{parts.netloc}"

    def get(self, path: str, params: Params | None = None, *, timeout: float = TIMEOUT_S) -> Any:
        """`timeout` is how long an answer may take: of a long poll, somewhat more than what it waits itself."""
        query = _encoded(params)
        return self._ask("GET", f"{path}?{query}" if query else path, None, timeout)

    def post(self, path: str, params: Params | None = None, *, timeout: float = TIMEOUT_S) -> Any:
        return self._ask("POST", path, _encoded(params), timeout)

    def delete(self, path: str, *, timeout: float = TIMEOUT_S) -> None:
        self._ask("DELETE", path, None, timeout)

    def download(self, path: str, params: Params | None = None, *, timeout: float = TIMEOUT_S) -> bytes:
        """What is no JSON, as it is."""
        query = _encoded(params)
        return self._answer("GET", f"{path}?{query}" if query else path, None, timeout)

    def items(self, path: str, key: str, params: Params | None = None) -> Iterator[Any]:
        """All of a list, page after page; `key` is what its answers call the items."""
        answer = self.get(path, params)
        while True:
            yield from answer[key]
            following = (answer.get("meta") or {}).get("next_page_url") or answer.get("next_page_uri")
            if not following:
                return
            parts = urlsplit(following)
            answer = self.get(f"{parts.path}?{parts.query}")

    def close(self) -> None:
        """This thread's connection to the server; the next request opens another."""
        connection, _ = _held().pop(self._key, (None, 0.0))
        if connection is not None:
            connection.close()

    def _ask(self, method: str, path: str, body: str | None, timeout: float) -> Any:
        said = self._answer(method, path, body, timeout)
        return json.loads(said) if said else None

    def _answer(self, method: str, path: str, body: str | None, timeout: float) -> bytes:
        headers = self._headers if body is None else {**self._headers, "Content-Type": _FORM}
        target = self._parts.path + (path if path.startswith("/") else _ROOT + path)
        while True:
            connection, is_used = self._connected(timeout)
            try:
                connection.request(method, target, body, headers)
                answer = connection.getresponse()
                said = answer.read()
                break
            except (OSError, HTTPException) as error:
                self.close()
                # The server may have closed a connection that waited: the lab's answers are lost in no other way.
                if is_used and isinstance(error, ConnectionError) and _ROOT in target:
                    continue
                reason = str(error) or type(error).__name__
                raise LabError(0, f"{method} {self.url}{target}: {reason}", 0) from None
        _held()[self._key] = connection, time.monotonic()
        if answer.status >= 400:
            raise _refusal(answer, said)
        return said

    def _connected(self, timeout: float) -> tuple[HTTPConnection, bool]:
        """A connection, and whether it was used before."""
        connection, used = _held().get(self._key, (None, 0.0))
        if connection is not None and time.monotonic() - used > _IDLE_S:
            self.close()
            connection = None
        is_used = connection is not None
        if connection is None:
            kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
            connection = kind(self._parts.hostname or "", self._parts.port, timeout=timeout)
            _held()[self._key] = connection, time.monotonic()
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection, is_used


def _held() -> dict[str, tuple[HTTPConnection, float]]:
    """By server, each with when it was used last."""
    if not hasattr(_connections, "held"):
        _connections.held = {}
    held: dict[str, tuple[HTTPConnection, float]] = _connections.held
    return held


def segment(value: str) -> str:
    """A number, an address or a SID as a part of a path."""
    return quote(value, safe="+")


def _refusal(answer: HTTPResponse, said: bytes) -> LabError:
    try:
        body = json.loads(said)
        message = str(body.get("message") or answer.reason)
        return LabError(int(body.get("code") or 0), message, answer.status, body.get("details"))
    except (ValueError, AttributeError, TypeError):
        return LabError(0, f"{answer.status} {answer.reason}", answer.status)


def _encoded(params: Params | None) -> str:
    pairs = [(name, value) for name, value in (params or {}).items() if value is not None]
    return urlencode([(name, _written(each)) for name, value in pairs for each in _each(value)])


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone names no moment")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
