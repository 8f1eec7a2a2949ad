"""Accounts: what a parent may do with its subaccounts, and they not with it (Twilio: "Subaccounts", "Account")."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from asking import Asker, request_of

from localloop.core import clock
from localloop.core.errors import ApiError
from localloop.products import accounts
from localloop.products.accounts import AccountCredentials, Accounts, Vault
from localloop.products.accounts.account import resource as account_resource
from localloop.rest.request import Caller, Item, PageRequest
from localloop.store import Database


async def refusal(asked: Any) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        await asked
    return refused.value.status, refused.value.code


async def acting(strict: AccountCredentials, parent: Caller, child: dict[str, Any]) -> Caller:
    caller = await strict.acting_on(parent, child["sid"])
    assert caller is not None
    return caller


async def of(strict: AccountCredentials, account: dict[str, Any]) -> Caller:
    caller = await strict.basic(account["sid"], account["auth_token"], None)
    assert caller is not None
    return caller


async def set_status(
    ask: Asker, strict: AccountCredentials, parent: Caller, child: dict[str, Any], status: str
) -> dict[str, Any]:
    caller = await acting(strict, parent, child)
    return await ask.item("api.v2010.UpdateAccount", caller, {"Status": status}, Sid=child["sid"])


async def test_a_subaccount_belongs_to_its_parent_and_its_world(
    ask: Asker, parent: Caller, strict: AccountCredentials
) -> None:
    made = await ask.item("api.v2010.CreateAccount", parent, {"FriendlyName": "Submarine"})
    assert made["owner_account_sid"] == parent.account_sid
    assert (made["friendly_name"], made["status"], made["type"]) == ("Submarine", "active", "Full")
    caller = await of(strict, made)
    assert (caller.account_sid, caller.world_sid) == (made["sid"], parent.world_sid)


async def test_the_default_name_tells_the_worlds_time(ask: Asker, parent: Caller) -> None:
    clock.set_world(parent.world_sid, clock.frozen(datetime(2014, 10, 3, 21, 48, tzinfo=UTC)))
    made = await ask.item("api.v2010.CreateAccount", parent)
    assert made["friendly_name"] == "SubAccount Created at 2014-10-03 09:48 pm"
    assert made["date_created"] == datetime(2014, 10, 3, 21, 48, tzinfo=UTC)


async def test_subaccounts_have_no_subaccounts(
    ask: Asker, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    assert await refusal(ask("api.v2010.CreateAccount", await of(strict, child))) == (400, 21101)


async def test_a_name_has_at_most_64_characters(ask: Asker, parent: Caller) -> None:
    assert await refusal(ask("api.v2010.CreateAccount", parent, {"FriendlyName": "x" * 65})) == (400, 20002)
    made = await ask.item("api.v2010.CreateAccount", parent, {"FriendlyName": "x" * 64})
    assert made["friendly_name"] == "x" * 64


async def test_a_trial_account_has_one_subaccount_even_when_two_are_asked_for_at_once(
    ask: Asker, parent: Caller, database: Database
) -> None:
    await database.execute("update accounts set type = 'Trial'")
    both = await asyncio.gather(
        *(ask("api.v2010.CreateAccount", parent) for _ in range(2)), return_exceptions=True
    )
    made, refused = sorted(both, key=lambda each: isinstance(each, ApiError))
    assert isinstance(made, Item)
    assert made.fields["type"] == "Trial"
    assert isinstance(refused, ApiError)
    assert refused.code == 21480


async def test_a_closed_subaccount_makes_room(
    ask: Asker, parent: Caller, database: Database, strict: AccountCredentials
) -> None:
    await database.execute("update accounts set type = 'Trial'")
    only = await ask.item("api.v2010.CreateAccount", parent)
    await set_status(ask, strict, parent, only, "closed")
    await ask.item("api.v2010.CreateAccount", parent)


async def test_the_list_has_the_parent_and_its_subaccounts_newest_first(ask: Asker, parent: Caller) -> None:
    made = [
        (await ask.item("api.v2010.CreateAccount", parent, {"FriendlyName": f"n{n}"}))["sid"]
        for n in range(3)
    ]
    listed = await ask.items("api.v2010.ListAccount", parent)
    assert [each["sid"] for each in listed.items] == [*reversed(made), parent.account_sid]
    named = await ask.items("api.v2010.ListAccount", parent, {"FriendlyName": "n1"})
    assert [each["sid"] for each in named.items] == [made[1]]


async def test_the_list_by_status(
    ask: Asker, parent: Caller, child: dict[str, Any], strict: AccountCredentials
) -> None:
    await set_status(ask, strict, parent, child, "suspended")
    suspended = await ask.items("api.v2010.ListAccount", parent, {"Status": "suspended"})
    assert [each["sid"] for each in suspended.items] == [child["sid"]]
    active = await ask.items("api.v2010.ListAccount", parent, {"Status": "active"})
    assert [each["sid"] for each in active.items] == [parent.account_sid]


async def test_pages_of_accounts_that_share_a_moment_neither_skip_nor_repeat(
    ask: Asker, parent: Caller
) -> None:
    clock.set_world(parent.world_sid, clock.frozen(datetime(2030, 1, 1, tzinfo=UTC)))
    made = {(await ask.item("api.v2010.CreateAccount", parent))["sid"] for _ in range(5)}
    seen: list[str] = []
    page = await ask.items("api.v2010.ListAccount", parent, page=PageRequest(size=2))
    while True:
        seen += [each["sid"] for each in page.items]
        if not page.more:
            break
        page = await ask.items("api.v2010.ListAccount", parent, page=PageRequest(size=2, after=seen[-1]))
    assert len(seen) == 6
    assert set(seen) == made | {parent.account_sid}
    back = await ask.items("api.v2010.ListAccount", parent, page=PageRequest(size=2, before=seen[4]))
    assert [each["sid"] for each in back.items] == seen[2:4]
    assert back.more
    assert back.earlier


async def test_a_subaccount_sees_itself_alone(
    ask: Asker, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    await ask.item("api.v2010.CreateAccount", parent)
    caller = await of(strict, child)
    listed = await ask.items("api.v2010.ListAccount", caller)
    assert [each["sid"] for each in listed.items] == [child["sid"]]
    assert await refusal(ask("api.v2010.FetchAccount", caller, Sid=parent.account_sid)) == (404, 20404)


async def test_suspension_and_reactivation(
    ask: Asker, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    suspended = await set_status(ask, strict, parent, child, "suspended")
    assert suspended["status"] == "suspended"
    assert (await of(strict, child)).status == "suspended"
    assert (await acting(strict, parent, child)).status == "suspended"
    assert (await set_status(ask, strict, parent, child, "active"))["status"] == "active"
    assert (await of(strict, child)).status == "active"


async def test_a_suspended_subaccount_reads_but_does_not_write_its_own_name(
    ask: Asker, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    await set_status(ask, strict, parent, child, "suspended")
    caller = await of(strict, child)
    assert (await ask.item("api.v2010.FetchAccount", caller, Sid=child["sid"]))["status"] == "suspended"
    renaming = ask("api.v2010.UpdateAccount", caller, {"FriendlyName": "new"}, Sid=child["sid"])
    assert await refusal(renaming) == (403, 20005)
    by_parent = await acting(strict, parent, child)
    renamed = await ask.item("api.v2010.UpdateAccount", by_parent, {"FriendlyName": "new"}, Sid=child["sid"])
    assert renamed["friendly_name"] == "new"


async def test_closing_is_for_good_and_ends_what_the_account_had(
    ask: Asker,
    parent: Caller,
    strict: AccountCredentials,
    child: dict[str, Any],
    closed_accounts: list[str],
) -> None:
    assert (await set_status(ask, strict, parent, child, "closed"))["status"] == "closed"
    assert closed_accounts == [child["sid"]]
    assert await strict.basic(child["sid"], child["auth_token"], None) is None
    assert (await ask.item("api.v2010.FetchAccount", parent, Sid=child["sid"]))["status"] == "closed"
    with pytest.raises(ApiError) as refused:
        await set_status(ask, strict, parent, child, "active")
    assert refused.value.code == 21479
    assert closed_accounts == [child["sid"]]


async def test_what_ends_with_an_account_and_its_status_are_one_transaction(
    vault: Vault, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    async def fail(_unit: object, _account_sid: str) -> None:
        raise RuntimeError("numbers could not be released")

    failing = Asker(accounts.bindings(vault, closings=(fail,)))
    with pytest.raises(RuntimeError):
        await set_status(failing, strict, parent, child, "closed")
    assert (await of(strict, child)).status == "active"


async def test_a_main_account_cannot_be_suspended(ask: Asker, parent: Caller) -> None:
    asked = ask("api.v2010.UpdateAccount", parent, {"Status": "suspended"}, Sid=parent.account_sid)
    assert await refusal(asked) == (400, 21477)


async def test_a_subaccount_cannot_close_itself(
    ask: Asker, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    asked = ask("api.v2010.UpdateAccount", await of(strict, child), {"Status": "closed"}, Sid=child["sid"])
    assert await refusal(asked) == (403, 20003)


async def test_a_bad_status(
    ask: Asker, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    with pytest.raises(ApiError) as refused:
        await set_status(ask, strict, parent, child, "asleep")
    assert refused.value.code == 21475


async def test_an_operators_suspension_is_not_the_parents_to_lift(
    ask: Asker, vault: Vault, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    await accounts.suspend_as_operator(Accounts(vault), child["sid"])
    with pytest.raises(ApiError) as refused:
        await set_status(ask, strict, parent, child, "active")
    assert refused.value.code == 21478
    await accounts.resume_as_operator(Accounts(vault), child["sid"])
    assert (await of(strict, child)).status == "active"


async def test_a_suspended_parent_takes_its_subaccounts_with_it(
    ask: Asker, vault: Vault, parent: Caller, strict: AccountCredentials, child: dict[str, Any]
) -> None:
    await accounts.suspend_as_operator(Accounts(vault), parent.account_sid)
    assert (await of(strict, child)).status == "suspended"
    assert await refusal(ask("api.v2010.CreateAccount", parent)) == (403, 20005)
    with pytest.raises(ApiError) as refused:
        await set_status(ask, strict, parent, child, "closed")
    assert refused.value.code == 21476


async def test_two_closings_at_once_release_once(
    ask: Asker,
    parent: Caller,
    strict: AccountCredentials,
    child: dict[str, Any],
    closed_accounts: list[str],
) -> None:
    both = await asyncio.gather(
        *(set_status(ask, strict, parent, child, "closed") for _ in range(2)), return_exceptions=True
    )
    assert closed_accounts == [child["sid"]]
    assert [each.code for each in both if isinstance(each, ApiError)] == [21479]


@pytest.mark.parametrize("kind", ["standard-key", "bearer"])
async def test_lesser_credentials_are_refused(ask: Asker, parent: Caller, kind: Any) -> None:
    lesser = Caller(account_sid=parent.account_sid, world_sid=parent.world_sid, credential=kind)
    for operation, ids in (("CreateAccount", {}), ("FetchAccount", {"Sid": parent.account_sid})):
        assert await refusal(ask(f"api.v2010.{operation}", lesser, **ids)) == (401, 20003)


async def test_a_balance_is_what_is_left(vault: Vault, parent: Caller, child: dict[str, Any]) -> None:
    async def spent(_world: str) -> Decimal:
        return Decimal("1.2375")

    ask = Asker(accounts.bindings(vault, spent=spent))
    balance = await ask.item("api.v2010.FetchBalance", parent)
    assert balance == {"account_sid": parent.account_sid, "balance": "98.76", "currency": "USD"}
    subaccount = Caller(account_sid=child["sid"], world_sid=parent.world_sid)
    assert await refusal(ask("api.v2010.FetchBalance", subaccount)) == (404, 20404)


async def test_a_vanished_account_cannot_make_subaccounts(vault: Vault, stranger: str) -> None:
    request = request_of("api.v2010.CreateAccount", Caller(account_sid=stranger, world_sid=stranger))
    assert await refusal(account_resource.create(Accounts(vault), request)) == (401, 20003)
