"""Whose tokens let a device in: real keys of a fresh database, tokens of Twilio's own package."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asking import Asker
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.jwt.client import ClientCapabilityToken

from localloop.core import clock, sids
from localloop.core.clock import WorldTime
from localloop.core.errors import ApiError
from localloop.products.accounts import ClientTokens, Seeded, Vault
from localloop.rest.request import Caller


def token(account_sid: str, key: dict[str, Any], *, ttl: int = 3600, region: str | None = None) -> str:
    made = AccessToken(account_sid, key["sid"], key["secret"], identity="ada", ttl=ttl, region=region)
    made.add_grant(VoiceGrant(incoming_allow=True))
    return str(made.to_jwt())


async def code(tokens: ClientTokens, text: str) -> int | None:
    try:
        await tokens.access(text)
    except ApiError as error:
        return error.code
    return None


@pytest.fixture
def tokens(vault: Vault) -> ClientTokens:
    return ClientTokens(vault, adopts=False)


@pytest.fixture
async def key(ask: Asker, parent: Caller) -> dict[str, Any]:
    return await ask.item("api.v2010.CreateNewKey", parent)


async def test_a_key_signs_for_its_account(tokens: ClientTokens, parent: Caller, key: dict[str, Any]) -> None:
    admitted = await tokens.access(token(parent.account_sid, key))
    assert admitted.world_sid == parent.world_sid
    assert (admitted.token.identity, admitted.token.key_sid) == ("ada", key["sid"])
    assert await code(tokens, token(parent.account_sid, {**key, "secret": "guessed" * 5})) == 20107


async def test_for_no_other_account_and_not_in_another_region(
    tokens: ClientTokens, parent: Caller, key: dict[str, Any], child: dict[str, Any]
) -> None:
    assert await code(tokens, token(child["sid"], key)) == 20103
    assert await code(tokens, token(sids.new("AC"), key)) == 20103
    assert await code(tokens, token(parent.account_sid, key, region="ie1")) == 20103


async def test_restricted_and_deleted_keys_sign_nothing(
    tokens: ClientTokens, vault: Vault, ask: Asker, parent: Caller, key: dict[str, Any]
) -> None:
    policy = {"Policy": {"allow": ["/twilio/messaging/messages/read"]}, "KeyType": "restricted"}
    restricted = await ask.item("iam.v1.CreateNewKey", parent, {"AccountSid": parent.account_sid, **policy})
    assert await code(tokens, token(parent.account_sid, restricted)) == 20103
    await ask("api.v2010.DeleteKey", parent, Sid=key["sid"])
    for each in (tokens, ClientTokens(vault, adopts=True)):
        assert await code(each, token(parent.account_sid, key)) == 20103


async def test_in_open_mode_a_key_that_is_not_known_signs(vault: Vault, parent: Caller) -> None:
    unknown = {"sid": sids.new("SK"), "secret": "kept elsewhere" * 3}
    text = token(parent.account_sid, unknown)
    assert await code(ClientTokens(vault, adopts=True), text) is None
    assert await code(ClientTokens(vault, adopts=False), text) == 20103


async def test_a_token_ends_by_the_clock_of_its_world(
    tokens: ClientTokens, parent: Caller, key: dict[str, Any]
) -> None:
    text = token(parent.account_sid, key, ttl=600)
    clock.set_world(parent.world_sid, WorldTime("offset", offset=timedelta(minutes=11)))
    assert await code(tokens, text) == 20104


async def test_a_token_that_is_younger_than_its_world_has_begun(
    tokens: ClientTokens, parent: Caller, key: dict[str, Any]
) -> None:
    """Where a world's clock stands still, the application's goes on."""
    before = clock.now() - timedelta(minutes=10)
    clock.set_world(parent.world_sid, WorldTime("frozen", frozen_at=before))
    assert await code(tokens, token(parent.account_sid, key, ttl=600)) is None


async def test_an_account_that_is_suspended_lets_nobody_in(
    tokens: ClientTokens, ask: Asker, parent: Caller, child: dict[str, Any]
) -> None:
    caller = Caller(account_sid=child["sid"], world_sid=parent.world_sid)
    own = await ask.item("api.v2010.CreateNewKey", caller)
    await ask.item("api.v2010.UpdateAccount", parent, {"Status": "suspended"}, Sid=child["sid"])
    assert await code(tokens, token(child["sid"], own)) == 20005


async def test_capability_tokens(tokens: ClientTokens, seeded: Seeded, parent: Caller) -> None:
    made = ClientCapabilityToken(parent.account_sid, seeded.auth_token)
    made.allow_client_incoming("ada")
    found = await tokens.capability(made.to_jwt())
    assert (found.client_name, found.may_be_called, found.application_sid) == ("ada", True, "")
    forged = ClientCapabilityToken(parent.account_sid, "guessed" * 5).to_jwt()
    with pytest.raises(ApiError) as refused:
        await tokens.capability(forged)
    assert refused.value.code == 31202
