"""Access tokens for REST: a JWT (RFC 7519) signed with HS256 under the account's own key. Pure.

The account stands in the actor claim (RFC 8693 §4.1) as a resource name, where Twilio's tokens have it:
`act.sub` = `trn:us1:iam:account:AC…`. `kid` names the client, so a deleted client's tokens die with it.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, Final

import msgspec
from msgspec import Struct

_RESOURCE_NAME: Final = "trn:{region}:iam:account:{sid}"
_LONGEST: Final = 4096


class Grant(Struct, frozen=True, kw_only=True):
    """What a token says."""

    client_sid: str
    account_sid: str
    issued: datetime
    lifetime: timedelta
    region: str = "us1"
    token_id: str = ""


class Parsed(Struct, frozen=True, kw_only=True):
    """A well-formed token, not yet believed."""

    key_id: str
    account_sid: str
    expires: float
    signed: bytes
    signature: bytes

    def is_signed_with(self, key: str) -> bool:
        return compare_digest(self.signature, _signature(self.signed, key))


def write(grant: Grant, key: str) -> str:
    account = _RESOURCE_NAME.format(region=grant.region, sid=grant.account_sid)
    issued = int(grant.issued.timestamp())
    claims = {
        "iss": "https://oauth.twilio.com",
        "sub": grant.client_sid,
        "aud": "https://api.twilio.com",
        "act": {"sub": account},
        "urn:tw:iam_ctx": account,
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(grant.lifetime.total_seconds()),
        "jti": grant.token_id,
    }
    header = {"alg": "HS256", "kid": grant.client_sid, "typ": "JWT"}
    signed = b".".join((_encode(msgspec.json.encode(header)), _encode(msgspec.json.encode(claims))))
    return b".".join((signed, _encode(_signature(signed, key)))).decode()


def parse(token: str) -> Parsed | None:
    """None for what is not a token of ours; the signature is the caller's to check."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST:
        return None
    try:
        header, claims = (msgspec.json.decode(_decode(part), type=dict[str, Any]) for part in parts[:2])
        if header["alg"] != "HS256":
            return None
        return Parsed(
            key_id=str(header["kid"]),
            account_sid=str(claims["act"]["sub"]).rpartition(":")[2],
            expires=float(claims["exp"]),
            signed=".".join(parts[:2]).encode(),
            signature=_decode(parts[2]),
        )
    except (KeyError, TypeError, ValueError, binascii.Error, msgspec.MsgspecError):
        return None


def _signature(signed: bytes, key: str) -> bytes:
    return hmac_digest(key.encode(), signed, sha256)


def _encode(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
