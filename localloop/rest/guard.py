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

from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.rest.wire import Scope

_PASSED_ON = frozenset({b"forwarded", b"x-forwarded-for"})
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


class Backstage(Struct, frozen=True):
    """What only operators may see: asked from this machine, or at the address that was opened for them.

    What a proxy passes on came from elsewhere, wherever the proxy runs.
    """

    products: frozenset[str] = frozenset()
    port: int = 0  # of the operators' address; 0 = there is none

    def is_open_to(self, scope: Scope) -> bool:
        server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
        if self.port and server[1] == self.port:
            return True
        return is_loopback(client[0]) and not any(name in _PASSED_ON for name, _ in scope["headers"])

    def admit(self, product: str, path: str, scope: Scope) -> None:
        """Raises 404 / 20404 where somebody else asks for one of `products`."""
        if product in self.products and not self.is_open_to(scope):
            raise errors.not_found(path)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
