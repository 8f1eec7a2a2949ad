"""OAuth apps, their access tokens, and whom those prove (RFC 6749 §4.4; the SDKs' ClientCredentialProvider)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import jwt
import pytest
from asking import Asker

from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.products.accounts import AccountCredentials, Vault
from localloop.rest.request import Caller, Item

READ = "/twilio/messaging/messages/read"
ANYONE = Caller(account_sid="", world_sid="")  # the token endpoints are called without an account


async def refusal(asked: Any) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        await asked
    return refused.value.status, refused.value.code


def credentials_of(app: dict[str, Any]) -> dict[str, Any]:
    return {"grant_type": "client_credentials", "client_id": app["sid"], "client_secret": app["secret"]}


async def token_of(ask: Asker, app: dict[str, Any], **more: str) -> str:
    answer = await ask.item("oauth.v2.CreateOauth2Token", ANYONE, {**credentials_of(app), **more})
    assert answer["token_type"] == "bearer"
    token: str = answer["access_token"]
    return token


@pytest.fixture
async def app(ask: Asker, parent: Caller) -> dict[str, Any]:
    return await ask.item("iam.v1.CreateOauthAppAccount", parent, {"friendly_name": "jobs"})


async def test_the_token_is_what_the_sdks_expect(ask: Asker, app: dict[str, Any], parent: Caller) -> None:
    answer = await ask.item("oauth.v2.CreateOauth2Token", ANYONE, credentials_of(app))
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    left = claims["exp"] - clock.now().timestamp()
    assert 3590 < left <= 3600
    assert answer["expires_in"] == 3600
    assert claims["act"]["sub"].endswith(parent.account_sid)


async def test_it_proves_the_apps_account(
    ask: Asker, app: dict[str, Any], parent: Caller, strict: AccountCredentials
) -> None:
    caller = await strict.bearer(await token_of(ask, app))
    assert caller is not None
    assert (caller.account_sid, caller.key_sid, caller.policy) == (parent.account_sid, app["sid"], None)
    assert caller.credential == "standard-key"  # no policy: all but accounts and keys


async def test_it_carries_the_apps_policy(ask: Asker, parent: Caller, strict: AccountCredentials) -> None:
    policy = {"allow": ["/twilio/messaging/messages/*"], "deny": ["/twilio/messaging/messages/delete"]}
    app = await ask.item("iam.v1.CreateOauthAppAccount", parent, {"policy": policy})
    assert app["policy"] == policy
    caller = await strict.bearer(await token_of(ask, app))
    assert caller is not None
    assert caller.policy is not None
    assert READ in caller.policy
    assert "/twilio/messaging/messages/delete" not in caller.policy


async def test_v1_and_http_basic_do_too(ask: Asker, app: dict[str, Any], strict: AccountCredentials) -> None:
    pair = base64.b64encode(f"{app['sid']}:{app['secret']}".encode()).decode()
    by_header = await ask(
        "oauth.v2.CreateOauth2Token",
        ANYONE,
        {"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {pair}"},
    )
    assert isinstance(by_header, Item)
    assert await strict.bearer(by_header.fields["access_token"]) is not None
    sent = {"GrantType": "client_credentials", "ClientId": app["sid"], "ClientSecret": app["secret"]}
    by_v1 = await ask.item("oauth.v1.CreateToken", ANYONE, sent)
    assert await strict.bearer(by_v1["access_token"]) is not None


async def test_an_api_key_is_a_client_with_its_own_rights(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    key = await ask.item(
        "iam.v1.CreateNewKey", parent, {"KeyType": "restricted", "Policy": {"allow": [READ]}}
    )
    caller = await strict.bearer(await token_of(ask, key))
    assert caller is not None
    assert (caller.credential, caller.policy) == ("restricted-key", frozenset({READ}))


@pytest.mark.parametrize(
    "change",
    [
        {"client_secret": "wrong"},
        {"client_id": "OQ" + "0" * 32},
        {"client_id": "AC" + "0" * 32},
        {"client_id": "", "client_secret": ""},
        {"account_sid": "AC" + "0" * 32},
    ],
)
async def test_a_wrong_client_is_refused(ask: Asker, app: dict[str, Any], change: dict[str, str]) -> None:
    asked = ask("oauth.v2.CreateOauth2Token", ANYONE, {**credentials_of(app), **change})
    assert await refusal(asked) == (401, 20003)


@pytest.mark.parametrize("grant_type", ["", "authorization_code", "password"])
async def test_other_grants_are_refused(ask: Asker, app: dict[str, Any], grant_type: str) -> None:
    asked = ask("oauth.v2.CreateOauth2Token", ANYONE, {**credentials_of(app), "grant_type": grant_type})
    assert await refusal(asked) == (400, 20001)


async def test_a_token_for_a_subaccount(
    ask: Asker, app: dict[str, Any], child: dict[str, Any], strict: AccountCredentials, parent: Caller
) -> None:
    caller = await strict.bearer(await token_of(ask, app, account_sid=child["sid"]))
    assert caller is not None
    assert (caller.account_sid, caller.world_sid) == (child["sid"], parent.world_sid)


async def test_a_token_expires(
    ask: Asker, parent: Caller, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await ask.item("iam.v1.CreateOauthAppAccount", parent, {"access_token_ttl": 60})
    token = await token_of(ask, app)
    warm = AccountCredentials(vault)
    assert await warm.bearer(token) is not None
    later = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda _world="": later)
    assert await warm.bearer(token) is None
    assert await AccountCredentials(vault).bearer(token) is None


async def test_a_deleted_apps_tokens_die_with_it(
    ask: Asker, app: dict[str, Any], parent: Caller, strict: AccountCredentials
) -> None:
    token = await token_of(ask, app)
    assert await strict.bearer(token) is not None
    await ask("iam.v1.DeleteOauthAppAccount", parent, sid=app["sid"])
    assert await strict.bearer(token) is None
    assert await refusal(ask("iam.v1.DeleteOauthAppAccount", parent, sid=app["sid"])) == (404, 20404)


async def test_a_smaller_policy_counts_for_tokens_that_are_out(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    app = await ask.item(
        "iam.v1.CreateOauthAppAccount", parent, {"policy": {"allow": [READ, READ[:-4] + "list"]}}
    )
    token = await token_of(ask, app)
    before = await strict.bearer(token)
    changed = await ask.item(
        "iam.v1.UpdateOauthAppAccount", parent, {"policy": {"allow": [READ]}}, sid=app["sid"]
    )
    assert changed["secret"] is None
    after = await strict.bearer(token)
    assert before is not None
    assert after is not None
    assert (len(before.policy or ()), after.policy) == (2, frozenset({READ}))


async def test_a_token_signed_by_another_account_proves_nothing(
    ask: Asker, app: dict[str, Any], parent: Caller, strict: AccountCredentials
) -> None:
    claims = jwt.decode(await token_of(ask, app), options={"verify_signature": False})
    for secret in (app["secret"], "x" * 32):
        assert await strict.bearer(jwt.encode(claims, secret, headers={"kid": app["sid"]})) is None
    assert await strict.bearer("no.token.atall") is None


async def test_apps_are_their_accounts(
    ask: Asker, app: dict[str, Any], child: dict[str, Any], parent: Caller
) -> None:
    other = Caller(account_sid=child["sid"], world_sid=parent.world_sid)
    assert await refusal(ask("iam.v1.DeleteOauthAppAccount", other, sid=app["sid"])) == (404, 20404)
    assert await refusal(ask("iam.v1.UpdateOauthAppAccount", other, sid=app["sid"])) == (404, 20404)
    foreign = ask("iam.v1.CreateOauthAppAccount", other, {"owner_sid": parent.account_sid})
    assert await refusal(foreign) == (404, 20404)
    key = Caller(account_sid=parent.account_sid, world_sid=parent.world_sid, credential="standard-key")
    assert await refusal(ask("iam.v1.CreateOauthAppAccount", key)) == (401, 20003)


async def test_a_lifetime_has_limits(ask: Asker, parent: Caller) -> None:
    for ttl in (0, 86_401):
        asked = ask("iam.v1.CreateOauthAppAccount", parent, {"access_token_ttl": ttl})
        assert await refusal(asked) == (400, 20001)
