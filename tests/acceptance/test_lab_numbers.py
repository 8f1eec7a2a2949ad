"""What Twilio does by hand or by a call: the lab leases short codes and types validation codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from installed import Home, Up

PHONE = "+14155550100"


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Up]:
    up = home.up("--ephemeral", "--single")
    yield up
    up.destroy()


def post(up: Up, path: str, **form: Any) -> requests.Response:
    return requests.post(up.url + path, form, auth=(up.sid, up.token), timeout=20)


def test_a_number_is_verified_when_its_code_is_typed(up: Up) -> None:
    account, typed = f"/2010-04-01/Accounts/{up.sid}", f"/lab/v1/Phones/{PHONE}/ValidationCodes"
    asked = post(up, f"{account}/OutgoingCallerIds.json", PhoneNumber=PHONE, FriendlyName="Anna")
    code = asked.json()["validation_code"]
    wrong = post(up, typed, Code="000000" if code != "000000" else "000001")
    assert (wrong.status_code, wrong.json()["code"]) == (400, 20001)
    assert up.ask(f"{account}/OutgoingCallerIds.json")["outgoing_caller_ids"] == []
    right = post(up, typed, Code=code)
    assert (right.status_code, right.json()["friendly_name"]) == (201, "Anna")
    (caller_id,) = up.ask(f"{account}/OutgoingCallerIds.json")["outgoing_caller_ids"]
    assert (caller_id["sid"], caller_id["phone_number"]) == (right.json()["sid"], PHONE)
    assert post(up, typed, Code=code).status_code == 400


def test_a_short_code_is_leased_and_sends(up: Up) -> None:
    leased = post(up, "/lab/v1/ShortCodes", ShortCode="12345")
    assert leased.status_code == 201
    account = f"/2010-04-01/Accounts/{up.sid}"
    (found,) = up.ask(f"{account}/SMS/ShortCodes.json")["short_codes"]
    assert (found["sid"], found["short_code"]) == (leased.json()["sid"], "12345")
    sent = post(up, f"{account}/Messages.json", From="12345", To=PHONE, Body="hello")
    assert (sent.status_code, sent.json()["from"]) == (201, "12345")
    for refused, code in (("12345", 21422), ("1", 21401)):
        answer = post(up, "/lab/v1/ShortCodes", ShortCode=refused)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
