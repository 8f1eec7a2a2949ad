"""The end of an account, or its suspension, is that of its calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import validators

from tests.api.calls.conftest import Loop


@pytest.fixture
def settings() -> Mapping[str, Any]:
    """An account begins a call each second."""
    return {"message_rate": 0, "call_rate": 1.0}


async def _calls_of_a_subaccount(loop: Loop) -> tuple[str, list[dict[str, Any]]]:
    """One that talks, two that ring, and one that waits for its turn."""
    made = await loop.ask("POST", "/2010-04-01/Accounts.json", {"FriendlyName": "sub"})
    sub = made.json()["sid"]
    validators.expect(sub, made.json()["auth_token"])
    loop.app.documents["/voice"] = "<Response><Gather timeout='600'><Say>Well?</Say></Gather></Response>"
    path = f"/2010-04-01/Accounts/{sub}/Calls.json"
    wish = {
        "From": "+15017122662",
        "Url": f"{loop.app.url}/voice",
        "StatusCallback": f"{loop.app.url}/status",
    }
    await loop.persona("+15005550111", takes="never")

    async def made_to(*numbers: str) -> list[dict[str, Any]]:
        return [(await loop.ask("POST", path, {"To": to, **wish})).json() for to in numbers]

    early = await made_to("+15005550110", "+15005550111")
    await loop.advance(timedelta(seconds=5))
    return sub, early + await made_to("+15005550112", "+15005550113")


@pytest.mark.parametrize("status", ["closed", "suspended"])
async def test_an_accounts_calls_end_with_it(loop: Loop, status: str) -> None:
    sub, calls = await _calls_of_a_subaccount(loop)
    own = (await loop.call())["sid"]
    await loop.quiet()
    changed = await loop.ask("POST", f"/2010-04-01/Accounts/{sub}.json", {"Status": status})
    assert changed.status == 200, changed.body
    await loop.quiet()
    rows = await loop.database.fetch("select id, status from calls where account_sid = $1", sub)
    by_id = {str(row["id"]).replace("-", ""): row["status"] for row in rows}
    assert [by_id[call["sid"][2:]] for call in calls] == ["completed", "canceled", "canceled", "canceled"]
    assert sorted(each["CallStatus"] for each in loop.app.told("/status")) == [
        "canceled",
        "canceled",
        "completed",
    ]
    assert (await loop.fetch(own))["status"] == "ringing"
    assert await loop.database.fetchval("select count(*) from live_calls where account_sid = $1", sub) == 0
