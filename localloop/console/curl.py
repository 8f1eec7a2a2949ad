"""The shell line that repeats a request: a webhook's, or one to the API."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

# What curl writes itself, and what belongs to one connection.
_ITS_OWN: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"}
)
_HIDDEN: Final = "…"  # stands in the record for credentials


def curl_of(row: Mapping[str, Any], detail: Mapping[str, Any] | None) -> str:
    """The request with its signature, which holds for the same URL and parameters; without what the record does not
    keep (credentials), and without parameters where only the compact row was kept."""
    request = (detail or {}).get("request") or {}
    method, url, body = (
        request.get("method", row["method"]),
        request.get("url", row["url"]),
        request.get("body"),
    )
    words = ["curl", "-i", "-g"]
    if method != ("POST" if body else "GET"):
        words += ["-X", method]
    for name, value in request.get("headers") or ():
        if name.lower() not in _ITS_OWN and value != _HIDDEN:
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if body:
        words += ["--data-raw", body]
    return " ".join([*map(shlex.quote, words), shlex.quote(url)])


def curl_of_request(detail: Mapping[str, Any] | None) -> str | None:
    """A request to the API, with the credentials that the shell knows; None when it is no longer kept."""
    if detail is None:
        return None
    request = detail["request"]
    words = ["curl", "-i", "-g", "-X", request["method"]]
    for name, value in request["headers"]:
        if name == "Content-Type":
            words += ["-H", f"{name}: {value}"]
    if request["body"]:
        words += ["--data-raw", request["body"]]
    credentials = '-u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"'
    return " ".join([*map(shlex.quote, words), credentials, shlex.quote(request["url"])])
