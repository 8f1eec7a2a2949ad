"""TLS of outbound connections: 1.2 or newer, certificates verified, server names indicated; both can be given up.

A context notes when its handshake begins, which is when the TCP connection was there. Without SNI (`sni=n`) Python
would also stop comparing the name with the certificate, so that is done here (RFC 6125 §6.4).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

_HOSTNAME_MISMATCH: Final = 62  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH
_IP_ADDRESS_MISMATCH: Final = 64


class Tls:
    """The contexts of one client. `ca_file`: authorities that are trusted besides the system's."""

    def __init__(self, ca_file: str = "", on_handshake: Callable[[], None] = lambda: None) -> None:
        """OSError or ssl.SSLError for a file that is no bundle."""
        self._ca_file = ca_file
        self._on_handshake = on_handshake
        self._made: dict[tuple[bool, bool], ssl.SSLContext] = {}
        if ca_file:
            self.context()  # the system's own are read when they are wanted: it takes 30 ms, and many never are

    def context(self, *, verified: bool = True, sni: bool = True) -> ssl.SSLContext:
        """Always the same one for the same wishes, so that connections can be kept."""
        wishes = (verified, sni)
        if wishes not in self._made:
            self._made[wishes] = self._make(verified, sni)
        return self._made[wishes]

    def _make(self, verified: bool, sni: bool) -> ssl.SSLContext:
        context = _Context(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.on_handshake = self._on_handshake
        context.sni = sni
        context.check_hostname = verified and sni
        if verified:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
            if self._ca_file:
                context.load_verify_locations(self._ca_file)
        else:
            context.verify_mode = ssl.CERT_NONE
        return context


class _Nameless(ssl.SSLObject):
    """A connection that did not say whom it asks for, and compares the certificate all the same."""

    expected: str | None = None

    def do_handshake(self) -> None:
        super().do_handshake()
        if self.expected is not None and self.context.verify_mode is ssl.CERT_REQUIRED:
            compare(self.getpeercert() or {}, self.expected)


class _Context(ssl.SSLContext):
    sni = True
    on_handshake: Callable[[], None] = staticmethod(lambda: None)
    sslobject_class = _Nameless

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        self.on_handshake()
        asked = server_hostname if self.sni else None
        wrapped = super().wrap_bio(incoming, outgoing, server_side, asked, session)
        if not self.sni and isinstance(wrapped, _Nameless):
            wrapped.expected = server_hostname if isinstance(server_hostname, str) else None
        return wrapped


def compare(certificate: dict[str, Any], host: str) -> None:
    """SSLCertVerificationError unless the certificate (as `getpeercert` tells it) is one for this host."""
    names = certificate.get("subjectAltName", ())
    try:
        address = ip_address(host)
    except ValueError:
        if any(kind == "DNS" and _covers(name, host) for kind, name in names):
            return
        raise _mismatch(_HOSTNAME_MISMATCH, f"the certificate is not for {host}") from None
    if not any(kind == "IP Address" and ip_address(name) == address for kind, name in names):
        raise _mismatch(_IP_ADDRESS_MISMATCH, f"the certificate is not for {host}")


def _covers(name: str, host: str) -> bool:
    """A wildcard stands for the whole first label and for no other."""
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if not name.startswith("*."):
        return name == host
    return host.partition(".")[2] == name[2:] and "." in name[2:]


def _mismatch(verify_code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code = verify_code
    error.verify_message = message
    return error
