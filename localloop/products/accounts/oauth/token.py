"""`oauth` `/v2/token` and `/v1/token`: a client's id and secret for an access token (RFC 6749 §4.4).

These operations carry their credentials in the body, or as HTTP Basic (RFC 6749 §2.3.1), and are called without an
account. The grants that need a person's consent in a browser are not offered.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import unquote_plus

from localloop.core import clock, errors, sids
from localloop.products.accounts import directory
from localloop.products.accounts.directory import Client
from localloop.products.accounts.oauth import jwt
from localloop.products.accounts.vault import Vault
from localloop.rest.request import Answer, Binding, Item, Request


async def create(vault: Vault, request: Request) -> Item:
    """v2 names its parameters as RFC 6749 does, v1 as Twilio does."""
    grant_type = _param(request, "grant_type", "GrantType")
    if not grant_type:
        raise errors.missing_parameter("grant_type")
    if grant_type != "client_credentials":
        raise errors.invalid_parameter("grant_type", "Only client_credentials is supported.")
    client = await _proved(vault, request)
    account_sid = await _account(vault, client, request.params.get("account_sid"))
    world_sid = client.known.caller.world_sid
    grant = jwt.Grant(
        client_sid=client.known.caller.key_sid or "",
        account_sid=account_sid,
        issued=clock.now(),  # real time: whoever holds the token compares it with a clock of its own
        lifetime=timedelta(seconds=client.ttl_s),
        issued_here=None if clock.world_time(world_sid).mode == "real" else clock.now(world_sid),
        region=client.known.caller.region,
        token_id=sids.new_secret(),
    )
    return Item(
        fields={
            "access_token": jwt.write(grant, client.token_key),
            "token_type": "bearer",
            "expires_in": client.ttl_s,
        }
    )


async def _proved(vault: Vault, request: Request) -> Client:
    client_id, secret = _presented(request)
    client = await directory.client(vault, client_id) if client_id[:2] in ("OQ", "SK") else None
    if client is None or not client.known.is_proved_by(secret):
        raise errors.authenticate()
    return client


def _presented(request: Request) -> tuple[str, str]:
    client_id, secret = (
        _param(request, "client_id", "ClientId"),
        _param(request, "client_secret", "ClientSecret"),
    )
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if secret or scheme.lower() != "basic":
        return client_id, secret
    try:
        name, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise errors.authenticate() from None
    return unquote_plus(name), unquote_plus(password)


async def _account(vault: Vault, client: Client, wanted: str | None) -> str:
    """The client's own account, or a subaccount of it that the request names."""
    own = client.known.caller.account_sid
    if not wanted or wanted == own:
        return own
    standing = await directory.standing(vault, wanted)
    if standing is None or standing.owner_account_sid != own or standing.status == "closed":
        raise errors.authenticate()
    return wanted


def _param(request: Request, *names: str) -> str:
    return next((str(request.params[name]) for name in names if request.params.get(name)), "")


def bindings(vault: Vault) -> tuple[Binding, ...]:
    async def operate(request: Request) -> Answer:
        return await create(vault, request)

    bound: Callable[[Request], Awaitable[Answer]] = operate
    return (
        Binding(resource="oauth.v1.Token", operations={"CreateToken": bound}),
        Binding(resource="oauth.v2.Oauth2Token", operations={"CreateOauth2Token": bound}),
    )
