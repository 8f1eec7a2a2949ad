"""The address guard: where outbound requests may not go.

An application chooses the URLs of its webhooks, so without a guard it could make us call our own
network (SSRF). Names are resolved once, every address is judged, and the connection is made to a
judged address, never to the name again, so an answer that changes between check and use (DNS
rebinding) gains nothing. Addresses within addresses (IPv4-mapped IPv6, NAT64, SIIT, 6to4, Teredo,
ISATAP) are judged by what they carry, too. Numbers that only some readers take for addresses
(`2130706433`, `0x7f.1`, `0177.0.0.1`, `127.1`) are not asked for where only public addresses are.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from msgspec import Struct

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Where clouds answer with a machine's credentials (AWS, GCP, Azure, ECS, EKS, Alibaba, Oracle).
METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)
# Where an IPv6 address is an IPv4 address behind a prefix: NAT64 (RFC 6052), its local use (RFC 8215), SIIT (RFC 7915).
_TRANSLATED: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})  # RFC 5214 §6.1: the interface is an IPv4 address
# Python's own table of special addresses changed between the versions that we support; this one does not.
_NOT_PUBLIC: Final[dict[str, tuple[Network, ...]]] = {
    kind: tuple(ip_network(text) for text in texts.split())
    for kind, texts in {
        "unspecified": "0.0.0.0/8 ::/128",
        "loopback": "127.0.0.0/8 ::1/128",
        "link-local": "169.254.0.0/16 fe80::/10",
        "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 fec0::/10 64:ff9b:1::/48",
        "multicast": "224.0.0.0/4 ff00::/8",
        "reserved": "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24"
        " 240.0.0.0/4 ::/96 100::/64 2001:db8::/32 2001:2::/48 3fff::/20 5f00::/16",
    }.items()
}


class AddressError(OSError):
    """An address that the guard refuses, or a name that has no other."""


class AddressPolicy(Struct, frozen=True):
    """Which addresses are refused: `up` refuses metadata only; `serve` all that is not public or listed."""

    public_only: bool
    allowed: tuple[Network, ...] = ()

    def refusal(self, address: str) -> str | None:
        """Why this address (an IP literal, a scope id allowed) is refused; None when it is not."""
        return _refusal(self, address)

    def admits_name(self, host: str) -> bool:
        """Whether a host may be looked up at all: public names have no underscores, and are no odd numbers."""
        return not self.public_only or not ("_" in host or is_odd_number(host))


UP: Final = AddressPolicy(public_only=False)
SERVE: Final = AddressPolicy(public_only=True)


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Listed exceptions, `10.1.0.0/16` or a single address; ValueError for anything else."""
    return tuple(ip_network(text, strict=False) for text in texts)


def is_odd_number(host: str) -> bool:
    """What ends in a number is meant as an IPv4 address (WHATWG's URL standard), but is not written as one."""
    last = host.rstrip(".").rpartition(".")[2]
    if not re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", last):
        return False
    try:
        IPv4Address(host)
    except ValueError:
        return True
    return False


@lru_cache(maxsize=8192)
def _refusal(policy: AddressPolicy, text: str) -> str | None:
    try:
        outer = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return "no address"
    carried = _carried(outer)
    if any(each in METADATA for each in carried):
        return "metadata"
    if not policy.public_only:
        return None
    return next((reason for each in carried if (reason := _not_public(policy, each))), None)


def _not_public(policy: AddressPolicy, address: Address) -> str | None:
    if any(address in network for network in policy.allowed):
        return None
    kinds = (kind for kind, ranges in _NOT_PUBLIC.items() if any(address in range_ for range_ in ranges))
    return next(kinds, None)


def _carried(address: Address) -> list[Address]:
    """The addresses that a packet to this one may reach: itself, or those that it carries."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    low = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _TRANSLATED[0]:
        return [low]
    is_carrier = any(address in network for network in _TRANSLATED)
    is_carrier |= int(address) >> 32 & 0xFFFF_FFFF in _ISATAP
    is_carrier |= address in _IPV4_COMPATIBLE and int(address) > 1
    return [address, low] if is_carrier else [address]


class GuardedResolver(AbstractResolver):
    """Resolves names to those of their addresses that the policy admits."""

    def __init__(self, policy: AddressPolicy, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver if resolver is not None else ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        admitted = [result for result in found if self._policy.refusal(result["host"]) is None]
        if found and not admitted:
            address = found[0]["host"]
            raise AddressError(f"{host} is {address}, a {self._policy.refusal(address)} address")
        return admitted

    async def close(self) -> None:
        await self._resolver.close()
