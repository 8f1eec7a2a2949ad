"""The local certificate authority: made once in the data folder, good for twilio.com and its subdomains alone.

Programs are told to trust it, so it must be worth little to whoever steals it: name constraints (RFC 5280 §4.2.1.10)
keep every other name and every IP address out, the key is readable by its owner alone, and nothing is installed into
a system's store unless somebody asks for that.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localloop.core import clock

DOMAIN: Final = "twilio.com"
CERTIFICATE: Final = "ca.pem"
KEY: Final = "ca.key"
NAME: Final = "localloop local authority"
_YEARS_TEN: Final = timedelta(days=3650)
_RENEW_BEFORE: Final = timedelta(days=30)
_LEAF_LIFE: Final = timedelta(days=90)
_LEAF_USED: Final = timedelta(days=30)  # then another is made, long before it ends
_BACKDATED: Final = timedelta(days=1)  # clocks differ
_MAX_HOSTS: Final = 256


class AuthorityUnusable(Exception):
    """The authority's files cannot be had; the text is one line for the person at the terminal."""


class Authority:
    """Signs a certificate for each host that is asked for, and keeps it ready as a TLS context."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())  # one for all hosts, never kept
        self._contexts: OrderedDict[str, tuple[datetime, ssl.SSLContext]] = OrderedDict()

    def context_for(self, host: str) -> ssl.SSLContext:
        """TLS of a server that is this host. HTTP/1.1 is all that it speaks."""
        known = self._contexts.get(host)
        now = clock.now()
        if known is not None and now - known[0] < _LEAF_USED:
            self._contexts.move_to_end(host)
            return known[1]
        context = _server_context(self._leaf_key, self.leaf(host), self.certificate)
        self._contexts[host] = (now, context)
        if len(self._contexts) > _MAX_HOSTS:
            self._contexts.popitem(last=False)
        return context

    def leaf(self, host: str) -> x509.Certificate:
        now = clock.now()
        issuer_key = self._key.public_key()
        builder = (
            x509.CertificateBuilder()
            # No common name: it holds 64 characters at most, and nobody has read it for years.
            .subject_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "localloop")]))
            .issuer_name(self.certificate.subject)
            .public_key(self._leaf_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + _LEAF_LIFE)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._leaf_key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key),
                critical=False,
            )
        )
        return builder.sign(self._key, hashes.SHA256())


def ensure(folder: Path) -> Path:
    """The authority's certificate in this folder, made where there is none that will do. One process at a time.

    Raises AuthorityUnusable.
    """
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        found = _read(folder)
        if found is None or found.certificate.not_valid_after_utc < clock.now() + _RENEW_BEFORE:
            _write(folder, *_made())
        else:
            (folder / KEY).chmod(0o600)
    except OSError as error:
        raise AuthorityUnusable(f"the certificate authority in {folder}: {error.strerror}") from None
    return folder / CERTIFICATE


def load(folder: Path) -> Authority:
    """What `ensure` made. Raises AuthorityUnusable."""
    found = _read(folder)
    if found is None:
        raise AuthorityUnusable(f"there is no certificate authority in {folder}")
    return found


def _read(folder: Path) -> Authority | None:
    """None for files that are missing, broken or not each other's."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        key = load_pem_private_key((folder / KEY).read_bytes(), None)
        certificate.verify_directly_issued_by(certificate)
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return Authority(certificate, key)


def _write(folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _replace(folder / KEY, pem, 0o600)
    _replace(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM), 0o644)


def _replace(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


def _made() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "localloop"),
            x509.NameAttribute(NameOID.COMMON_NAME, NAME),
        ]
    )
    everywhere = [x509.IPAddress(ip_network(network)) for network in ("0.0.0.0/0", "::/0")]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _YEARS_TEN)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints([x509.DNSName(DOMAIN)], everywhere), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()), key


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _server_context(
    key: ec.EllipticCurvePrivateKey, leaf: x509.Certificate, issuer: x509.Certificate
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 0  # who comes again is on this machine: a ticket costs more than it saves
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # OpenSSL's Python binding reads a key from a file only; this one is ours alone, and gone at once.
    with tempfile.NamedTemporaryFile(prefix="localloop-", suffix=".pem") as file:
        file.write(pem + leaf.public_bytes(Encoding.PEM) + issuer.public_bytes(Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context
