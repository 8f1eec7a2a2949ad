"""A simulated webhook as a request: signed, and handed to the test client of a web framework."""

from __future__ import annotations

import inspect
import os
import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from localloop.payloads import wire
from localloop.payloads.kinds import Kind
from localloop.payloads.signature import HEADER, signature
from localloop.testing import asgi
from localloop.testing.sample import Value, kind_of, sample

# What signs where neither the test nor TWILIO_AUTH_TOKEN says it.
AUTH_TOKEN: Final = "localloop-testing-auth-token-0001"  # noqa: S105 - it guards nothing
# Where an application is for Django's, Starlette's and FastAPI's test clients; Flask's takes any.
BASE_URL: Final = "http://testserver"


class WebhookRequest(Struct, frozen=True, kw_only=True):
    """One request, ready to be made. Making it twice is what a retry does: the idempotency token stays."""

    kind: str
    method: str
    url: str
    headers: dict[str, str]
    params: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def flask(self, client: Any) -> Any:
        """The answer of `app.test_client()`, or of another client of Werkzeug's."""
        parts = urlsplit(self.url)
        return client.open(
            self.path,
            base_url=f"{parts.scheme}://{parts.netloc}",
            method=self.method,
            headers=self.headers,
            data=self.body or None,
        )

    def django(self, client: Any) -> Any:
        """The answer of `django.test.Client()`; of an `AsyncClient()`, what to await for it."""
        parts = urlsplit(self.url)
        content_type = self.headers.get("Content-Type", "")
        others = {name: value for name, value in self.headers.items() if name != "Content-Type"}
        if parts.netloc != urlsplit(BASE_URL).netloc:
            if inspect.iscoroutinefunction(client.request):
                raise ValueError(
                    f"Django's AsyncClient asks {BASE_URL} only, not {self.url}: give a path, or use asgi()"
                )
            others["Host"] = parts.netloc
        return client.generic(
            self.method,
            self.path,
            self.body,
            content_type,
            secure=parts.scheme == "https",
            headers=others,
        )

    def httpx(self, client: Any) -> Any:
        """The answer of a client of httpx, or of Starlette's or FastAPI's `TestClient(app)`; async: to be awaited."""
        return client.request(self.method, self.url, headers=self.headers, content=self.body)

    async def asgi(self, app: asgi.App) -> asgi.Answer:
        """The answer of an ASGI application, called directly."""
        return await asgi.ask(app, self.method, self.url, self.headers, self.body)

    def kwargs(self) -> dict[str, Any]:
        """For other clients, whose `request` takes `method`, `url`, `headers` and `data`: requests, aiohttp."""
        return {"method": self.method, "url": self.url, "headers": self.headers, "data": self.body}


def request_for(
    kind: str,
    url: str = "",
    *,
    method: str = "POST",
    token: str | None = None,
    extra: Mapping[str, str] | None = None,
    **changes: Value,
) -> WebhookRequest:
    """A webhook of this kind as Twilio would send it to `url`, signed.

    `url` may be a path; without one it is the kind's name, on BASE_URL. The token is the argument, else
    TWILIO_AUTH_TOKEN, else AUTH_TOKEN. `changes` are parameters by Twilio's names (Body="hello", From="+12125550101"),
    None leaves one out; `extra` are parameters that Twilio does not name, such as those that a client gives its call.
    Raises NotDeclared for a kind, a parameter or a value that does not exist.
    """
    found = kind_of(kind)
    params = {**sample(found, changes), **(extra or {})}
    return _signed(found, _address(url or f"/{kind}"), method.upper(), params, _token(token))


def _token(given: str | None) -> str:
    return given if given is not None else os.environ.get("TWILIO_AUTH_TOKEN") or AUTH_TOKEN


def _signed(kind: Kind, url: str, method: str, params: dict[str, str], token: str) -> WebhookRequest:
    if method not in ("GET", "POST"):
        raise ValueError(f"webhooks are sent by GET or POST, not by {method!r}")
    headers = {**wire.HEADERS, wire.IDEMPOTENCY: str(uuid.uuid4())}
    if kind.is_voice:
        headers |= wire.VOICE_HEADERS
    body = b""
    signed: dict[str, str] = {}
    if method == "POST":
        headers["Content-Type"] = wire.FORM
        body = wire.form(params).encode()
        signed = params
    else:
        url = wire.with_query(url, wire.query(params))
    headers[HEADER] = signature(token, url, signed, voice=kind.is_voice)
    return WebhookRequest(kind=kind.name, method=method, url=url, headers=headers, params=params, body=body)


def _address(url: str) -> str:
    """The URL as it would be requested: without fragment and user info, percent-encoded where HTTP wants it."""
    parts = urlsplit(f"{BASE_URL}{url}" if url.startswith("/") else url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is neither a path nor a URL of HTTP")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{wire.path_of(parts.path, parts.query)}"
