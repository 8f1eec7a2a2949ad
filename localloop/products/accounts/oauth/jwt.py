"""Access tokens for REST: a JWT (RFC 7519) signed with HS256 under the account's own key. Pure.

The account stands in the actor claim (RFC 8693 §4.1) as a resource name, where Twilio's tokens have it:
`act.sub` = `trn:us1:iam:account:AC…`. `kid` names the client, so a deleted client's tokens die with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from localloop.core import jwt
from localloop.core.jwt import Jwt

_RESOURCE_NAME: Final = "trn:{region}:iam:account:{sid}"
# Whoever holds the token goes by `exp` and a clock of its own; whether it still holds is for the world's clock to say.
_HERE: Final = "urn:localloop:exp"


class Grant(Struct, frozen=True, kw_only=True):
    """What a token says."""

    client_sid: str
    account_sid: str
    issued: datetime
    lifetime: timedelta
    issued_here: datetime | None = None  # in the account's world, where that is another time
    region: str = "us1"
    token_id: str = ""


class Parsed(Struct, frozen=True, kw_only=True):
    """A well-formed token, not yet believed."""

    key_id: str
    account_sid: str
    expires: float  # in the account's world
    token: Jwt

    def is_signed_with(self, key: str) -> bool:
        return self.token.is_signed_with(key)


def write(grant: Grant, key: str) -> str:
    account = _RESOURCE_NAME.format(region=grant.region, sid=grant.account_sid)
    issued = int(grant.issued.timestamp())
    claims: dict[str, Any] = {
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
    if grant.issued_here is not None:
        claims[_HERE] = int((grant.issued_here + grant.lifetime).timestamp())
    return jwt.write({"alg": "HS256", "kid": grant.client_sid, "typ": "JWT"}, claims, key)


def parse(text: str) -> Parsed | None:
    """None for what is not a token of ours; the signature is the caller's to check."""
    token = jwt.read(text)
    if token is None or token.header["alg"] != "HS256":
        return None
    try:
        return Parsed(
            key_id=str(token.header["kid"]),
            account_sid=str(token.claims["act"]["sub"]).rpartition(":")[2],
            expires=float(token.claims.get(_HERE, token.claims["exp"])),
            token=token,
        )
    except (KeyError, TypeError, ValueError):
        return None
