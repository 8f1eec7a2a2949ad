"""The front door: which `Host` and `Origin` may speak to this server at all.

A laptop's localloop is reachable by every page that its owner's browser opens. A page can send a simple POST
anywhere, and DNS rebinding makes any name resolve to 127.0.0.1; so a foreign `Origin` is refused (403, preflight
too) and a foreign `Host` is 421 before anything else is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from localloop.core.errors import ApiError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def host_of(authority: str) -> str:
    """The host of a `Host` header: without port, without brackets, in lower case."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()


def is_loopback(host: str) -> bool:
    if host in LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class FrontDoor(Struct, frozen=True):
    """`hosts` are the further names under which this server is known, `domains` those whose subdomains are products."""

    hosts: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    open_to_addresses: bool = False  # bound to the network on purpose: any literal IP address may be the host

    @classmethod
    def of(
        cls, hosts: Iterable[str], domains: Iterable[str] = (), *, open_to_addresses: bool = False
    ) -> FrontDoor:
        return cls(frozenset(host.lower() for host in hosts), ("twilio.com", *domains), open_to_addresses)

    def knows(self, host: str) -> bool:
        if is_loopback(host) or host in self.hosts:
            return True
        if any(host == domain or host.endswith(f".{domain}") for domain in self.domains):
            return True
        return self.open_to_addresses and _is_address(host)

    def admit(self, authority: str, origin: str | None) -> None:
        """Raises ApiError 421 for a foreign `Host`, 403 for a foreign `Origin`.

        An origin is ours when its host is: the console's own pages and pages on this machine's loopback that run on
        *this server's* authority. Another port of localhost is another application, hence foreign.
        """
        if not self.knows(host_of(authority)):
            raise ApiError(421, 20404, f"This server does not answer for the host {authority!r}.")
        if origin is None:
            return
        parts = urlsplit(origin)
        if parts.netloc.lower() != authority.lower():
            raise ApiError(403, 20403, f"Requests from the origin {origin!r} are not allowed.")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
