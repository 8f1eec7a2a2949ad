"""Who asks, and may they: credentials, regions, the account in the path, and what each kind of key may touch."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Protocol

from localloop.contract.model import Operation
from localloop.core import errors
from localloop.core.errors import ApiError
from localloop.rest.credentials import Credentials
from localloop.rest.request import Caller
from localloop.rest.routing import Match

ACCOUNT_PARAM = "AccountSid"
# A standard key may do everything but manage accounts and keys (Twilio: "API keys", key types).
KEY_MANAGEMENT = frozenset(
    {"Account", "Key", "NewKey", "SigningKey", "NewSigningKey", "AuthTokenPromotion", "SecondaryAuthToken"}
)
KEY_PRODUCTS = frozenset({"api", "iam", "accounts"})


class Permissions(Protocol):
    def __call__(self, product: str, template: str, verb: str) -> str:
        """The name of the permission that a restricted key needs for an operation on this path."""
        ...


class Authenticator:
    """Turns an `Authorization` header into the caller, or the 401 that Twilio answers."""

    def __init__(self, credentials: Credentials, permission_for: Permissions) -> None:
        self._credentials = credentials
        self._permission_for = permission_for

    async def caller(self, header: str, path_account_sid: str | None, region: str) -> Caller:
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "basic":
            username, password = _basic(value)
            found = await self._credentials.basic(username, password, path_account_sid, region)
        elif scheme.lower() == "bearer" and value:
            found = await self._credentials.bearer(value.strip())
        else:
            raise errors.authenticate()
        if found is None:
            raise errors.authenticate()
        return found

    async def authorize(
        self, caller: Caller, match: Match, operation: Operation, region: str, address: str
    ) -> Caller:
        """The caller as the account acted upon. Raises 401, 403 or 404 as Twilio does."""
        if caller.region != region:
            raise errors.authenticate()
        if caller.status == "closed":
            raise errors.authenticate()
        self._check_key(caller, match, operation)
        path_account = account_in(match)
        if path_account is None or path_account == caller.account_sid:
            acted = caller
        else:
            reached = await self._credentials.acting_on(caller, path_account)
            if reached is None:
                raise errors.authenticate() if caller.credential != "account" else errors.not_found(address)
            acted = reached
        if acted.status != "active" and operation.method != "GET" and not _manages_account(match):
            raise errors.account_not_active()
        return acted

    def _check_key(self, caller: Caller, match: Match, operation: Operation) -> None:
        route = match.route
        guarded = route.api.product in KEY_PRODUCTS and route.resource.name in KEY_MANAGEMENT
        if caller.credential == "standard-key" and guarded:
            raise errors.authenticate()
        if caller.credential == "restricted-key":
            wanted = self._permission_for(route.api.product, route.path.template, operation.verb)
            if caller.policy is None or wanted not in caller.policy:
                raise errors.missing_permission(wanted)


def account_in(match: Match) -> str | None:
    """The account SID that a path names: `/Accounts/{AccountSid}/…`, or the account's own `/Accounts/{Sid}`."""
    if match.route.api.style != "2010":
        return None
    return match.ids.get(ACCOUNT_PARAM) or (
        match.ids.get("Sid") if match.route.resource.name == "Account" else None
    )


def _manages_account(match: Match) -> bool:
    return match.route.resource.name == "Account"


def name_in(header: str) -> str:
    """The name under which failures of this `Authorization` are counted: the username, else the credential itself."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return _basic(value)[0]
        except ApiError:
            return ""
    return value.strip()[:48]


def _basic(value: str) -> tuple[str, str]:
    try:
        username, colon, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise errors.authenticate() from None
    if not colon or not username or "\0" in username:
        raise errors.authenticate()
    return username, password
