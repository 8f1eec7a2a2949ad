"""API keys and token rotation: what is shown when, who may manage them, and what stops working."""

from __future__ import annotations

import re
from typing import Any

import pytest
from asking import Asker

from localloop.core.errors import ApiError
from localloop.products.accounts import AccountCredentials, Keys, NewKey, Vault
from localloop.rest.request import Caller, Deleted, PageRequest

READ = "/twilio/messaging/messages/read"


async def refusal(asked: Any) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        await asked
    return refused.value.status, refused.value.code


@pytest.mark.parametrize(
    ("create", "fetch"), [("CreateNewKey", "FetchKey"), ("CreateNewSigningKey", "FetchSigningKey")]
)
async def test_the_secret_is_in_the_first_answer_only(
    ask: Asker, parent: Caller, create: str, fetch: str
) -> None:
    made = await ask.item(f"api.v2010.{create}", parent, {"FriendlyName": "foo"})
    assert re.fullmatch(r"SK[0-9a-f]{32}", made["sid"])
    assert re.fullmatch(r"[0-9A-Za-z]{32}", made["secret"])
    fetched = await ask.item(f"api.v2010.{fetch}", parent, Sid=made["sid"])
    assert fetched["secret"] is None
    assert fetched["friendly_name"] == "foo"


async def test_a_key_without_a_name_has_none(ask: Asker, parent: Caller) -> None:
    assert (await ask.item("api.v2010.CreateNewKey", parent))["friendly_name"] is None


async def test_a_name_has_at_most_64_characters(ask: Asker, parent: Caller) -> None:
    asked = ask("api.v2010.CreateNewKey", parent, {"FriendlyName": "x" * 65})
    assert await refusal(asked) == (400, 70001)


async def test_keys_and_signing_keys_are_the_same(ask: Asker, parent: Caller) -> None:
    made = [(await ask.item("api.v2010.CreateNewKey", parent))["sid"] for _ in range(3)]
    for operation in ("api.v2010.ListKey", "api.v2010.ListSigningKey"):
        listed = await ask.items(operation, parent)
        assert [each["sid"] for each in listed.items] == made[::-1]
    listed = await ask.items("iam.v1.ListGetKeys", parent, {"AccountSid": parent.account_sid})
    assert [(each["sid"], list(each["flags"])) for each in listed.items] == [
        (sid, ["rest_api", "signing"]) for sid in made[::-1]
    ]


async def test_pages_of_keys(ask: Asker, parent: Caller) -> None:
    made = [(await ask.item("api.v2010.CreateNewKey", parent))["sid"] for _ in range(3)][::-1]
    first = await ask.items("api.v2010.ListKey", parent, page=PageRequest(size=2))
    assert ([each["sid"] for each in first.items], first.more, first.earlier) == (made[:2], True, False)
    last = await ask.items("api.v2010.ListKey", parent, page=PageRequest(size=2, after=made[1]))
    assert ([each["sid"] for each in last.items], last.more, last.earlier) == (made[2:], False, True)
    back = await ask.items("api.v2010.ListKey", parent, page=PageRequest(size=2, before=made[2]))
    assert ([each["sid"] for each in back.items], back.more, back.earlier) == (made[:2], True, False)


async def test_renaming(ask: Asker, parent: Caller) -> None:
    key = await ask.item("api.v2010.CreateNewKey", parent, {"FriendlyName": "old"})
    renamed = await ask.item("api.v2010.UpdateKey", parent, {"FriendlyName": "new"}, Sid=key["sid"])
    assert renamed["friendly_name"] == "new"
    unchanged = await ask.item("iam.v1.UpdateKey", parent, {"Policy": {"allow": [READ]}}, Sid=key["sid"])
    assert unchanged["policy"] is None  # a standard key has none


async def test_a_standard_key_proves_its_account(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    key = await ask.item("api.v2010.CreateNewKey", parent)
    caller = await strict.basic(key["sid"], key["secret"], parent.account_sid)
    assert caller is not None
    assert (caller.account_sid, caller.credential, caller.key_sid) == (
        parent.account_sid,
        "standard-key",
        key["sid"],
    )
    assert await strict.basic(key["sid"], "wrong", parent.account_sid) is None


async def test_a_standard_key_manages_no_keys(ask: Asker, parent: Caller, strict: AccountCredentials) -> None:
    key = await ask.item("api.v2010.CreateNewKey", parent)
    caller = await strict.basic(key["sid"], key["secret"], None)
    assert caller is not None
    assert await refusal(ask("api.v2010.CreateNewKey", caller)) == (401, 20003)
    assert await refusal(ask("api.v2010.ListKey", caller, page=PageRequest())) == (401, 20003)
    assert await refusal(ask("iam.v1.DeleteKey", caller, Sid=key["sid"])) == (401, 20003)
    assert await refusal(ask("accounts.v1.CreateSecondaryAuthToken", caller)) == (401, 20003)


async def test_a_main_key_is_as_good_as_the_token(
    ask: Asker, vault: Vault, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    new = NewKey(
        sid="SK" + "5" * 32,
        account_sid=parent.account_sid,
        secret="s" * 32,
        now=child["date_created"],
        type="main",
    )
    await Keys(vault).make(new)
    caller = await strict.basic(new.sid, new.secret, None)
    assert caller is not None
    await ask.item("api.v2010.CreateNewKey", caller)
    assert await strict.acting_on(caller, child["sid"]) is not None


async def test_a_restricted_key_carries_its_policy(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    made = await ask.item(
        "iam.v1.CreateNewKey",
        parent,
        {"AccountSid": parent.account_sid, "KeyType": "restricted", "Policy": f'{{"allow":["{READ}"]}}'},
    )
    assert made["policy"] == {"allow": [READ]}
    caller = await strict.basic(made["sid"], made["secret"], None)
    assert caller is not None
    assert (caller.credential, caller.policy) == ("restricted-key", frozenset({READ}))
    fetched = await ask.item("iam.v1.FetchKey", parent, Sid=made["sid"])
    assert fetched["policy"] == {"allow": [READ]}


async def test_a_narrower_policy_counts_at_once(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    made = await ask.item(
        "iam.v1.CreateNewKey",
        parent,
        {"KeyType": "restricted", "Policy": {"allow": ["/twilio/messaging/messages/*"]}},
    )
    before = await strict.basic(made["sid"], made["secret"], None)
    assert before is not None
    assert len(before.policy or ()) == 5
    await ask("iam.v1.UpdateKey", parent, {"Policy": {"allow": [READ]}}, Sid=made["sid"])
    after = await strict.basic(made["sid"], made["secret"], None)
    assert after is not None
    assert after.policy == frozenset({READ})


async def test_the_2010_address_makes_standard_keys_whatever_is_asked(ask: Asker, parent: Caller) -> None:
    sent = {"KeyType": "restricted", "Policy": {"allow": [READ]}}
    made = await ask.item("api.v2010.CreateNewKey", parent, sent)
    assert (await ask.item("iam.v1.FetchKey", parent, Sid=made["sid"]))["policy"] is None


@pytest.mark.parametrize(
    ("params", "region", "code"),
    [
        ({"KeyType": "restricted"}, "us1", 20001),
        ({"KeyType": "restricted", "Policy": {"allow": ["/twilio/fake/x/read"]}}, "us1", 70002),
        ({"KeyType": "restricted", "Policy": {"allow": [READ]}}, "ie1", 70002),
    ],
)
async def test_refused_restricted_keys(
    ask: Asker, parent: Caller, params: dict[str, Any], region: str, code: int
) -> None:
    caller = Caller(account_sid=parent.account_sid, world_sid=parent.world_sid, region=region)
    assert await refusal(ask("iam.v1.CreateNewKey", caller, params)) == (400, code)


async def test_a_key_belongs_to_the_region_where_it_was_made(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    dublin = Caller(account_sid=parent.account_sid, world_sid=parent.world_sid, region="ie1")
    key = await ask.item("api.v2010.CreateNewKey", dublin)
    caller = await strict.basic(key["sid"], key["secret"], None)
    assert caller is not None
    assert caller.region == "ie1"


async def test_a_parent_makes_and_deletes_keys_of_its_subaccount(
    ask: Asker, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    made = await ask.item("iam.v1.CreateNewKey", parent, {"AccountSid": child["sid"]})
    caller = await strict.basic(made["sid"], made["secret"], None)
    assert caller is not None
    assert caller.account_sid == child["sid"]
    assert isinstance(await ask("iam.v1.DeleteKey", parent, Sid=made["sid"]), Deleted)
    assert await strict.basic(made["sid"], made["secret"], None) is None


async def test_keys_of_others_do_not_exist(
    ask: Asker, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    key = await ask.item("api.v2010.CreateNewKey", parent)
    other = await strict.basic(child["sid"], child["auth_token"], None)
    assert other is not None
    assert await refusal(ask("iam.v1.FetchKey", other, Sid=key["sid"])) == (404, 20404)
    assert await refusal(ask("iam.v1.DeleteKey", other, Sid=key["sid"])) == (404, 20404)
    foreign = ask("iam.v1.CreateNewKey", other, {"AccountSid": parent.account_sid})
    assert await refusal(foreign) == (404, 20404)
    assert await strict.basic(key["sid"], key["secret"], None) is not None


async def test_a_main_key_may_delete_itself(
    ask: Asker, vault: Vault, parent: Caller, strict: AccountCredentials
) -> None:
    made = await ask.item("api.v2010.CreateNewKey", parent)
    await vault.database.execute("update api_keys set type = 'main'")
    caller = await strict.basic(made["sid"], made["secret"], None)
    assert caller is not None
    assert isinstance(await ask("api.v2010.DeleteKey", caller, Sid=made["sid"]), Deleted)
    assert await strict.basic(made["sid"], made["secret"], None) is None
    assert await refusal(ask("api.v2010.DeleteKey", parent, Sid=made["sid"])) == (404, 20404)


async def test_both_tokens_work_until_one_is_promoted(
    ask: Asker, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    sid, old = child["sid"], child["auth_token"]
    caller = await strict.basic(sid, old, None)
    assert caller is not None
    second = await ask.item("accounts.v1.CreateSecondaryAuthToken", caller)
    new = second["secondary_auth_token"]
    assert re.fullmatch(r"[0-9a-f]{32}", new)
    assert await strict.basic(sid, old, None) is not None
    assert await strict.basic(sid, new, None) is not None
    assert await strict.signing_token(sid) == old

    promoted = await ask.item("accounts.v1.UpdateAuthTokenPromotion", caller)
    assert (promoted["auth_token"], promoted["date_created"]) == (new, second["date_created"])
    assert await strict.basic(sid, old, None) is None
    assert await strict.basic(sid, new, None) is not None
    assert await strict.signing_token(sid) == new


async def test_a_dropped_secondary_token_stops_working(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    second = await ask.item("accounts.v1.CreateSecondaryAuthToken", parent)
    assert await strict.basic(parent.account_sid, second["secondary_auth_token"], None) is not None
    assert isinstance(await ask("accounts.v1.DeleteSecondaryAuthToken", parent), Deleted)
    assert await strict.basic(parent.account_sid, second["secondary_auth_token"], None) is None


async def test_a_second_secondary_token_replaces_the_first(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    tokens = [
        (await ask.item("accounts.v1.CreateSecondaryAuthToken", parent))["secondary_auth_token"]
        for _ in range(2)
    ]
    proved = [await strict.basic(parent.account_sid, token, None) is not None for token in tokens]
    assert proved == [False, True]


async def test_without_a_secondary_token_there_is_nothing_to_promote_or_delete(
    ask: Asker, parent: Caller
) -> None:
    with pytest.raises(ApiError) as refused:
        await ask("accounts.v1.UpdateAuthTokenPromotion", parent)
    assert refused.value.status == 404
    assert refused.value.message == "The requested resource /AuthTokens/Promote was not found"
    with pytest.raises(ApiError) as refused:
        await ask("accounts.v1.DeleteSecondaryAuthToken", parent)
    assert refused.value.message == "The requested resource /AuthTokens/Secondary was not found"
