"""The certificate of a link domain: a PEM text with a chain and its private key, held against each other.

Only what is shown of it is kept, never the key: whoever terminates TLS for the domain has it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from msgspec import Struct

from localloop.core import errors

MISSING: Final = 30116
UNREADABLE: Final = 30117
BAD_KEY: Final = 30118
NO_PAIR: Final = 30119
SELF_SIGNED: Final = 30129
EXPIRED: Final = 30102
WRONG_NAME: Final = 30132
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.S)
_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.S)


class Certificate(Struct, frozen=True):
    """What is known of it."""

    expires: datetime


def check(pem: str, domain_name: str, at: datetime) -> Certificate:
    """Raises 30116 to 30119, 30129, 30132 and 30102."""
    chain, key = _CERTIFICATE.findall(pem), _KEY.search(pem)
    if not chain or key is None:
        raise errors.of(MISSING)
    try:
        leaf = x509.load_pem_x509_certificate(chain[0].encode())
    except ValueError:
        raise errors.of(UNREADABLE) from None
    try:
        private = load_pem_private_key(key[0].encode(), None)
    except (ValueError, TypeError):
        raise errors.of(BAD_KEY) from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise errors.of(NO_PAIR)
    if leaf.issuer == leaf.subject:
        raise errors.of(SELF_SIGNED)
    if leaf.not_valid_after_utc <= at:
        raise errors.of(EXPIRED)
    if not _names(leaf, domain_name):
        raise errors.of(WRONG_NAME)
    return Certificate(leaf.not_valid_after_utc)


def _names(leaf: x509.Certificate, domain_name: str) -> bool:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    names = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    return domain_name.lower() in names or f"*.{domain_name.lower().partition('.')[2]}" in names
