"""`X-Twilio-Signature`: what proves to an application that a request comes from us.

HMAC-SHA1, keyed with the account's primary auth token, over the URL as requested followed by the
names and values of the form; Base64. Twilio's validators try a URL with and without its port, since
Twilio itself is not consistent: only voice over HTTPS leaves the port out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

Params: TypeAlias = Mapping[str, str | Sequence[str]]

HEADER: Final = "X-Twilio-Signature"
BODY_HASH: Final = "bodySHA256"
_NO_PARAMS: Final[Params] = {}


def signature(token: str, url: str, params: Params = _NO_PARAMS, *, voice: bool = False) -> str:
    """The header's value; `params` are a posted form's, decoded. A GET or a JSON body signs its URL alone."""
    text = signed_url(url, voice=voice)
    if params:
        text += "".join(_parts(params))
    digest = hmac.digest(token.encode(), text.encode(), "sha1")
    return base64.b64encode(digest).decode()


@lru_cache(maxsize=4096)
def signed_url(url: str, *, voice: bool = False) -> str:
    """The URL as it is signed: without fragment and user info, and for voice over HTTPS without port."""
    scheme, netloc, path, query, _ = urlsplit(url)
    netloc = netloc.rpartition("@")[2]
    if voice and scheme in ("https", "wss"):
        netloc = _without_port(netloc)
    return urlunsplit((scheme, netloc, path, query, ""))


def body_hash(body: bytes) -> str:
    """What the query of a request with a JSON body carries, so that the URL's signature covers the body."""
    return f"{BODY_HASH}={hashlib.sha256(body).hexdigest()}"


def _parts(params: Params) -> list[str]:
    """Names in byte order, each before each of its values, which are sorted and unique."""
    parts: list[str] = []
    for name in _in_order(tuple(params)):
        value = params[name]
        if isinstance(value, str):
            parts += (name, value)
        else:
            for each in sorted(set(value)):
                parts += (name, each)
    return parts


@lru_cache(maxsize=512)
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _without_port(netloc: str) -> str:
    """On an IPv6 address it stays: Twilio's validator for Python cannot take it off there."""
    host, colon, port = netloc.rpartition(":")
    return host if colon and port.isdigit() and not host.endswith("]") else netloc
