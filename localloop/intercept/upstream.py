"""The proxy behind ours: which one the environment names for an address, and none for what NO_PROXY exempts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from localloop.core.settings import is_loopback

OWN: Final = "LOCALLOOP_PROXY"  # where `env` and `run` say which proxy is ours
_VARIABLES: Final = {
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}
_PORTS: Final = {"http": 80, "https": 443}


class Upstream(Struct, frozen=True):
    """A proxy that speaks HTTP, over TLS or not. `authorization` is what it wants to hear, "" = nothing."""

    host: str
    port: int
    secure: bool
    authorization: str

    @property
    def name(self) -> str:
        """For people: without the password."""
        return f"{self.host}:{self.port}"


class Routes(Struct, frozen=True):
    """Through whom an address is reached. The schemes are those of a proxy's variables."""

    http: Upstream | None = None
    https: Upstream | None = None
    exempt: tuple[str, ...] = ()

    def to(self, scheme: str, host: str, port: int) -> Upstream | None:
        """None = directly. What is on this machine always is."""
        if is_loopback(host) or any(exempts(entry, host, port) for entry in self.exempt):
            return None
        return self.http if scheme == "http" else self.https


def named_in(environ: Mapping[str, str], scheme: str) -> str:
    """The URL of the proxy that the environment names for a scheme; "" when it is our own, or none."""
    own = environ.get(OWN, "")
    found = next((environ[name] for name in _VARIABLES[scheme] if environ.get(name)), "")
    return "" if own and found.rstrip("/") == own.rstrip("/") else found


def routes(environ: Mapping[str, str], chosen: str, own_port: int) -> Routes:
    """`chosen` stands in place of what the environment names. Raises ValueError for a proxy that we cannot speak to."""
    found = {}
    for scheme in ("http", "https"):
        url = chosen or named_in(environ, scheme)
        upstream = parse(url) if url else None
        if upstream is not None and is_loopback(upstream.host) and upstream.port == own_port:
            upstream = None
        found[scheme] = upstream
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return Routes(found["http"], found["https"], entries(exempt))


def entries(no_proxy: str) -> tuple[str, ...]:
    return tuple(entry.strip().lower() for entry in no_proxy.split(",") if entry.strip())


def parse(url: str) -> Upstream:
    """Raises ValueError with one line that names no password."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"a proxy of the kind {parts.scheme}:// is none that localloop can go through")
    authorization = ""
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + b64encode(secret.encode()).decode()
    return Upstream(
        parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "https", authorization
    )


def exempts(entry: str, host: str, port: int) -> bool:
    """Whether one entry of NO_PROXY (in lower case) means this host: a name with what is below it, or a network."""
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in(host, entry)
    name, separator, wanted = entry.rpartition(":")
    if separator and wanted.isdigit() and ":" not in name.strip("[]"):
        if int(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").removeprefix(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def _is_in(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
