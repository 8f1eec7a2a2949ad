"""Twilio's own client for Python, whose requests go to a localloop. Loaded only by tests that ask for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

__all__ = ["Client", "client"]
_TWILIO = ".twilio.com"


def client(url: str, account_sid: str, auth_token: str) -> Client:
    return Client(account_sid, auth_token, http_client=_transport(url))


class _Transport(TwilioHttpClient):  # type: ignore[misc]  # the package has no types
    """Requests for a product of Twilio's go to where localloop has it. Connections are kept from test to test."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.session.trust_env = False  # neither a proxy nor a .netrc has a say about our own machine

    def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
        return super().request(method, self._here(url), *arguments, **named)

    def _here(self, url: str) -> str:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host.endswith(_TWILIO):
            return url
        product = host.partition(".")[0]
        # The 2010 API is at the root; the others are folders, since their paths collide.
        path = parts.path if product == "api" else f"/{product}{parts.path}"
        return f"{self._url}{path}?{parts.query}" if parts.query else f"{self._url}{path}"


_transports: dict[str, _Transport] = {}


def _transport(url: str) -> _Transport:
    if url not in _transports:
        _transports[url] = _Transport(url)
    return _transports[url]
