"""Certificates for tests: one authority, and servers' certificates with whatever is wrong with them."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from localloop.core import clock


class Authority:
    """A certificate authority whose own certificate lies in `ca_file`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("test authority")
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(self._name, self._name, self._key).add_extension(constraints, critical=True)
        self.certificate = builder.sign(self._key, hashes.SHA256())
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(self, host: str = "localhost", *, expired: bool = False) -> ssl.SSLContext:
        """TLS of a server for this host name or address."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = clock.now() - timedelta(days=1) if expired else None
        builder = _builder(_name(host), self._name, key, until)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(host)]), critical=False)
        pem = self._folder / f"{host}-{expired}.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context


def key_and_certificate(host: str, *, signed_by_itself: bool = False, days: int = 9) -> tuple[str, str]:
    """A new key and a certificate for this name that ends in so many days, both in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name(host if signed_by_itself else "test authority")
    builder = _builder(_name(host), issuer, key, clock.now() + timedelta(days=days))
    made = builder.add_extension(x509.SubjectAlternativeName([_general(host)]), critical=False)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(pem, form, serialization.NoEncryption())
    return private.decode(), made.sign(key, hashes.SHA256()).public_bytes(pem).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime | None = None
) -> x509.CertificateBuilder:
    now = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(until or now + timedelta(days=9))
    )
