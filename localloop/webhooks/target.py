"""A webhook's URL taken apart: what is requested and signed, who logs in, and how it is to be reached."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from msgspec import Struct
from yarl import URL

from localloop.payloads import wire
from localloop.webhooks import failure, overrides
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.overrides import Overrides

HTTP: Final = ("http", "https")
WEBSOCKET: Final = ("ws", "wss")
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LOGIN: Final = re.compile(r"^\s*([A-Za-z]+://)[^/?#]*@")
_HOST: Final = re.compile(r"[A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.]+\]")


class Target(Struct, frozen=True):
    """One URL, ready to be requested. What is printed of it holds no login."""

    text: str  # as requested and signed: no fragment, no user info
    url: URL  # the same for the HTTP client
    origin: tuple[str, str, int]  # scheme, host, port
    credentials: tuple[str, str] | None
    overrides: Overrides

    @property
    def host(self) -> str:
        return self.origin[1]

    def __repr__(self) -> str:
        return f"Target({self.text!r})"


@lru_cache(maxsize=4096)
def parse(url: str, schemes: tuple[str, ...] = HTTP) -> Target:
    """Failure 11100 for what is no HTTP URL, 11210 for a host that can be none, 1124x for wrong overrides."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise Failure(failure.INVALID_URL, url) from error
    scheme = parts.scheme.lower()
    if scheme not in schemes or not parts.netloc:
        raise Failure(failure.INVALID_URL, url)
    host = _host(parts)
    text = f"{scheme}://{host}{'' if port is None else f':{port}'}{wire.path_of(parts.path, parts.query)}"
    return Target(
        text=text,
        url=URL(text, encoded=True),
        origin=(scheme, host.lower(), port or _PORTS[scheme]),
        credentials=_credentials(parts),
        overrides=overrides.parse(parts.fragment),
    )


def shown(url: str) -> str:
    """A URL as it may be shown and kept, however broken: without fragment and login."""
    return _LOGIN.sub(r"\1", url.partition("#")[0])


def redirected(target: Target, location: str) -> Target:
    """Where a redirect leads; Failure 11216 when that is no URL that could be asked. Overrides stay."""
    if not location:
        raise Failure(failure.INVALID_REDIRECT, f"{target.text} names no Location", Stage.BODY)
    try:
        reached = parse(urljoin(target.text, location.partition("#")[0]))
    except (Failure, ValueError) as error:
        raise Failure(failure.INVALID_REDIRECT, f"{target.text} to {location}", Stage.BODY) from error
    return Target(reached.text, reached.url, reached.origin, reached.credentials, target.overrides)


def with_query(target: Target, query: str) -> Target:
    """The same target with more in its query, already encoded."""
    if not query:
        return target
    text = wire.with_query(target.text, query)
    return Target(text, URL(text, encoded=True), target.origin, target.credentials, target.overrides)


def _host(parts: SplitResult) -> str:
    """The host as written, in ASCII."""
    host = parts.netloc.rpartition("@")[2]
    host = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if not host.isascii():
        try:
            host = URL(f"http://{host}/").raw_host or ""
        except (ValueError, UnicodeError):
            host = ""
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise Failure(failure.BAD_HOST_NAME, parts.netloc.rpartition("@")[2])
    return host


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")
