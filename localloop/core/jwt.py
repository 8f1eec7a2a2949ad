"""JSON Web Tokens signed with a shared key (RFC 7519, RFC 7515; HS256, HS384, HS512). Pure."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, Final

import msgspec
from msgspec import Struct

LONGEST: Final = 16_384  # characters; what carries one keeps to 8 kB
DIGESTS: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class Jwt(Struct, frozen=True, kw_only=True):
    """A well-formed token, not yet believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    def is_signed_with(self, key: str) -> bool:
        digest = DIGESTS.get(self.header.get("alg") or "")
        return digest is not None and compare_digest(self.signature, _signature(self.signed, key, digest))


def read(token: str) -> Jwt | None:
    """None for what is no such token; the signature is the caller's to check."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST:
        return None
    try:
        header, claims = (msgspec.json.decode(_decode(part), type=dict[str, Any]) for part in parts[:2])
        signature = _decode(parts[2])
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        return None
    if not isinstance(header.get("alg"), str):
        return None
    return Jwt(header=header, claims=claims, signed=".".join(parts[:2]).encode(), signature=signature)


def write(header: Mapping[str, Any], claims: Mapping[str, Any], key: str) -> str:
    """`header` names the algorithm."""
    signed = b".".join((_encode(msgspec.json.encode(header)), _encode(msgspec.json.encode(claims))))
    return b".".join((signed, _encode(_signature(signed, key, DIGESTS[header["alg"]])))).decode()


def _signature(signed: bytes, key: str, digest: str) -> bytes:
    return hmac_digest(key.encode(), signed, digest)


def _encode(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _decode(part: str) -> bytes:
    if not part.isascii():
        raise ValueError("not base64")
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
