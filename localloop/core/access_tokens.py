"""The tokens that an application gives to its users' devices: Twilio's access tokens, and the older capability tokens.

Voice, Conversations, Sync and Video take the same token, each its own grant of it. Pure: who knows the secret that a
token must be signed with, and what time it is, asks here. Source: Twilio's "Access Tokens" and its server packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Struct

from localloop.core import errors, jwt
from localloop.core.errors import ApiError
from localloop.core.jwt import Jwt
from localloop.core.sids import is_sid

CONTENT_TYPE: Final = "twilio-fpa;v=1"
LONGEST_LIFE: Final = timedelta(hours=24)
LONGEST_IDENTITY: Final = 121
HOME_REGION: Final = "us1"

# Grants ------------------------------------------------------------------------------------------------------


class Incoming(Struct, frozen=True):
    allow: bool = False


class Outgoing(Struct, frozen=True):
    application_sid: str = ""
    params: Mapping[str, Any] = {}


class VoiceGrant(Struct, frozen=True):
    incoming: Incoming | None = None
    outgoing: Outgoing | None = None
    push_credential_sid: str | None = None
    endpoint_id: str | None = None


class ChatGrant(Struct, frozen=True):
    """Of Conversations too."""

    service_sid: str | None = None
    endpoint_id: str | None = None
    deployment_role_sid: str | None = None
    push_credential_sid: str | None = None


class SyncGrant(Struct, frozen=True):
    service_sid: str | None = None
    endpoint_id: str | None = None


class VideoGrant(Struct, frozen=True):
    room: str | None = None


class TaskRouterGrant(Struct, frozen=True):
    workspace_sid: str | None = None
    worker_sid: str | None = None
    role: str | None = None


class Grants(Struct, frozen=True):
    """`identity` is whom the device belongs to; grants that are not known here are passed over."""

    identity: str | None = None
    voice: VoiceGrant | None = None
    chat: ChatGrant | None = None
    data_sync: SyncGrant | None = None
    video: VideoGrant | None = None
    task_router: TaskRouterGrant | None = None
    player: Mapping[str, Any] | None = None


# Access tokens -----------------------------------------------------------------------------------------------


class AccessToken(Struct, frozen=True, kw_only=True):
    """A token that is believed."""

    key_sid: str
    account_sid: str
    grants: Grants
    expires: datetime
    token_id: str = ""
    region: str = HOME_REGION

    @property
    def identity(self) -> str:
        return self.grants.identity or ""


class Presented(Struct, frozen=True, kw_only=True):
    """A well-formed token, not yet believed: whose key signed it, and for which account."""

    token: Jwt
    key_sid: str
    account_sid: str
    region: str

    def believe(self, secret: str | None, now: datetime, real: datetime | None = None) -> AccessToken:
        """`secret` is the key's; None where it is not known and nobody minds. Raises 20104 to 20107.

        A token ends by `now`. It begins by `real` too: whoever made it knows no other time.
        """
        if secret is not None and not self.token.is_signed_with(secret):
            raise errors.of(20107)
        claims = self.token.claims
        expires = _lifetime(claims, now, max(now, real or now))
        return AccessToken(
            key_sid=self.key_sid,
            account_sid=self.account_sid,
            grants=_grants(claims.get("grants")),
            expires=expires,
            token_id=str(claims.get("jti") or ""),
            region=self.region,
        )


def read(text: str) -> Presented:
    """Raises 20101 for what is no token, 20102 and 20103 for one that cannot be right."""
    token = jwt.read(text)
    if token is None:
        raise errors.invalid_access_token()
    header, claims = token.header, token.claims
    if header["alg"] not in jwt.DIGESTS or header.get("cty") != CONTENT_TYPE or header.get("typ") != "JWT":
        raise errors.of(20102)
    issuer, subject = str(claims.get("iss") or ""), str(claims.get("sub") or "")
    if not is_sid(issuer, "SK") or not is_sid(subject, "AC"):
        raise errors.of(20103)
    region = str(header.get("twr") or HOME_REGION)
    return Presented(token=token, key_sid=issuer, account_sid=subject, region=region)


def demand_voice(token: AccessToken) -> VoiceGrant:
    """The grant of a device that calls and is called. Raises 20106 without one, or without an identity."""
    grant = token.grants.voice
    if grant is None or not is_identity(token.identity):
        raise errors.of(20106)
    return grant


def is_identity(text: str) -> bool:
    return 0 < len(text) <= LONGEST_IDENTITY and text.isprintable()


def _lifetime(claims: Mapping[str, Any], now: datetime, latest: datetime) -> datetime:
    """When it expires. Raises 20104 for a token without an end, past it or with too far a one, 20105."""
    expires, begins = _moment(claims.get("exp"), now), _moment(claims.get("nbf"), now)
    if expires is None or expires <= now:
        raise errors.access_token_expired()
    if begins is not None and begins > latest:
        raise errors.of(20105)
    issued = _moment(claims.get("iat"), now) or begins or _issued(str(claims.get("jti") or ""), now) or now
    if expires - issued > LONGEST_LIFE:
        raise errors.access_token_expired()
    return expires


def _issued(token_id: str, now: datetime) -> datetime | None:
    """Twilio's packages name a token by its key and the second of its making: `SK…-1700000000`."""
    seconds = token_id.rpartition("-")[2]
    return _moment(int(seconds), now) if seconds.isdecimal() and len(seconds) < 12 else None


def _moment(seconds: Any, now: datetime) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, now.tzinfo)
    except (ValueError, OverflowError, OSError):
        return None


def _grants(claimed: Any) -> Grants:
    try:
        return msgspec.convert(claimed, Grants)
    except msgspec.ValidationError:
        raise errors.of(20106) from None


# Capability tokens -------------------------------------------------------------------------------------------


class Capability(Struct, frozen=True, kw_only=True):
    """What an older token lets a device do: call an application, be called under a name."""

    account_sid: str
    expires: datetime
    application_sid: str = ""  # of outgoing calls; "" = none are allowed
    params: Mapping[str, str] = {}
    client_name: str = ""
    may_be_called: bool = False


class PresentedCapability(Struct, frozen=True, kw_only=True):
    token: Jwt
    account_sid: str

    def believe(self, auth_tokens: tuple[str, ...], now: datetime) -> Capability:
        """`auth_tokens` are all that the account has. Raises 31202, 31204, 31205, 31207."""
        if not any(self.token.is_signed_with(each) for each in auth_tokens):
            raise errors.of(31202)
        expires = _moment(self.token.claims.get("exp"), now)
        if expires is None:
            raise errors.of(31204)
        if expires <= now:
            raise errors.of(31205)
        if expires - now > LONGEST_LIFE:
            raise errors.of(31207)
        return _scoped(self.account_sid, expires, str(self.token.claims.get("scope") or ""))


def read_capability(text: str) -> PresentedCapability:
    """Raises 31204 for what is no such token, 31203 for one of no account."""
    token = jwt.read(text)
    if token is None or token.header["alg"] != "HS256":
        raise errors.of(31204)
    issuer = str(token.claims.get("iss") or "")
    if not is_sid(issuer, "AC"):
        raise errors.of(31203)
    return PresentedCapability(token=token, account_sid=issuer)


def _scoped(account_sid: str, expires: datetime, scope: str) -> Capability:
    """`scope:client:outgoing?appSid=AP…&clientName=…&appParams=…`, `scope:client:incoming?clientName=…`."""
    found = {}
    for each in scope.split():
        parts = urlsplit(each.removeprefix("scope:"))
        found[parts.path] = {name: values[0] for name, values in parse_qs(parts.query).items()}
    out, in_ = found.get("outgoing"), found.get("incoming")
    if out is None and in_ is None:
        raise errors.of(31204)
    params = {name: values[0] for name, values in parse_qs((out or {}).get("appParams", "")).items()}
    return Capability(
        account_sid=account_sid,
        expires=expires,
        application_sid=(out or {}).get("appSid", ""),
        params=params,
        client_name=(in_ or {}).get("clientName") or (out or {}).get("clientName") or "",
        may_be_called=in_ is not None,
    )


# What a device is told ---------------------------------------------------------------------------------------

_TO_A_DEVICE: Final[Mapping[int, int]] = {
    20101: 31204,
    20102: 31204,
    20103: 31203,
    20105: 31204,
    20106: 31204,
    20107: 31202,
}


def device_code(error: ApiError, now: datetime, text: str) -> int:
    """The code of the voice devices' protocol, which knows why a token's end is wrong."""
    if error.code != 20104:
        return _TO_A_DEVICE.get(error.code, error.code)
    token = jwt.read(text)
    expires = _moment(token.claims.get("exp"), now) if token is not None else None
    return 31207 if expires is not None and expires > now else 31205
