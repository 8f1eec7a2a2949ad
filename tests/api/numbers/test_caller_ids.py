"""OutgoingCallerIds: validation by a code, and what then exists (Twilio's reference, error dictionary)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asking import Asker

from localloop.core import clock, sids
from localloop.products.numbers import confirm, is_verified
from localloop.rest.request import Caller, Deleted
from localloop.store import Database
from tests.api.numbers.conftest import buy, refusal

VALIDATE = "api.v2010.CreateValidationRequest"
LIST = "api.v2010.ListOutgoingCallerId"
NUMBER = "+14158675309"


async def validation(ask: Asker, caller: Caller, **params: Any) -> dict[str, Any]:
    return await ask.item(VALIDATE, caller, {"PhoneNumber": NUMBER, **params})


async def test_the_code_makes_the_caller_id(ask: Asker, database: Database, parent: Caller) -> None:
    asked = await validation(ask, parent, FriendlyName="Home")
    assert set(asked) == {"account_sid", "call_sid", "friendly_name", "phone_number", "validation_code"}
    assert sids.is_sid(asked["call_sid"], "CA")
    assert len(asked["validation_code"]) == 6
    assert asked["validation_code"].isdecimal()
    assert (await ask.items(LIST, parent)).items == []
    assert not await is_verified(database, parent.world_sid, parent.account_sid, NUMBER)
    verified = await confirm(database, parent.world_sid, NUMBER, asked["validation_code"])
    assert verified is not None
    assert sids.is_sid(verified.sid, "PN")
    assert await is_verified(database, parent.world_sid, parent.account_sid, NUMBER)
    fetched = await ask.item("api.v2010.FetchOutgoingCallerId", parent, Sid=verified.sid)
    assert (fetched["friendly_name"], fetched["phone_number"]) == ("Home", NUMBER)
    assert await confirm(database, parent.world_sid, NUMBER, asked["validation_code"]) is None


async def test_a_wrong_an_old_and_a_strangers_code(
    ask: Asker, database: Database, parent: Caller, stranger: Caller
) -> None:
    code = (await validation(ask, parent))["validation_code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert await confirm(database, parent.world_sid, NUMBER, wrong) is None
    assert await confirm(database, stranger.world_sid, NUMBER, code) is None
    clock.set_world(parent.world_sid, clock.running(timedelta(minutes=11)))
    assert await confirm(database, parent.world_sid, NUMBER, code) is None


async def test_a_new_request_replaces_the_code(ask: Asker, database: Database, parent: Caller) -> None:
    first = (await validation(ask, parent))["validation_code"]
    second = (await validation(ask, parent))["validation_code"]
    if first != second:
        assert await confirm(database, parent.world_sid, NUMBER, first) is None
    assert await confirm(database, parent.world_sid, NUMBER, second) is not None


async def test_refusals(ask: Asker, database: Database, parent: Caller, child: Caller) -> None:
    assert await refusal(validation(ask, parent, PhoneNumber="nonsense")) == (400, 21401)
    assert await refusal(validation(ask, parent, CallDelay=61)) == (400, 21454)
    await buy(ask, parent, "+14152345678")
    assert await refusal(validation(ask, parent, PhoneNumber="+14152345678")) == (400, 21449)
    code = (await validation(ask, parent, CallDelay=60))["validation_code"]
    await confirm(database, parent.world_sid, NUMBER, code)
    assert await refusal(validation(ask, parent)) == (400, 21450)
    assert await refusal(validation(ask, child)) == (400, 21453)


async def test_a_caller_id_is_renamed_and_removed(
    ask: Asker, database: Database, parent: Caller, child: Caller
) -> None:
    code = (await validation(ask, parent))["validation_code"]
    verified = await confirm(database, parent.world_sid, NUMBER, code)
    assert verified is not None
    assert verified.friendly_name == "(415) 867-5309"
    renamed = await ask.item(
        "api.v2010.UpdateOutgoingCallerId", parent, {"FriendlyName": "Work"}, Sid=verified.sid
    )
    assert renamed["friendly_name"] == "Work"
    assert [item["sid"] for item in (await ask.items(LIST, parent, {"FriendlyName": "Work"})).items] == [
        verified.sid
    ]
    assert len((await ask.items(LIST, parent, {"PhoneNumber": NUMBER})).items) == 1
    assert (await ask.items(LIST, parent, {"PhoneNumber": "+14158675300"})).items == []
    delete = "api.v2010.DeleteOutgoingCallerId"
    assert await refusal(ask(delete, child, Sid=verified.sid)) == (404, 20404)
    assert isinstance(await ask(delete, parent, Sid=verified.sid), Deleted)
    assert await refusal(ask("api.v2010.FetchOutgoingCallerId", parent, Sid=verified.sid)) == (404, 20404)


@pytest.mark.parametrize("delay", [0, 60, ""])
async def test_delays_that_are_allowed(ask: Asker, parent: Caller, delay: object) -> None:
    assert await validation(ask, parent, CallDelay=delay)
