"""Test credentials: every magic number and its result (Twilio: "Test Credentials")."""

from __future__ import annotations

from typing import Any

import pytest
from asking import request_of

from localloop.contract import load
from localloop.core.errors import ApiError
from localloop.products.accounts import TestCredentials
from localloop.rest.request import Caller, Item

CALLER = Caller(account_sid="AC" + "7" * 32, world_sid="AC" + "1" * 32, credential="test")
GOOD = "+15005550006"
MESSAGES = "api.v2010.CreateMessage"
CALLS, LOOKUPS = "api.v2010.CreateCall", "lookups.v2.FetchPhoneNumber"


async def answer(operation_id: str, params: dict[str, Any] | None = None, **ids: str) -> dict[str, Any]:
    operate = TestCredentials().answers(operation_id)
    assert operate is not None
    item = await operate(request_of(operation_id, CALLER, params, **ids))
    assert isinstance(item, Item)
    return dict(item.fields)


async def code(operation_id: str, params: dict[str, Any]) -> int:
    with pytest.raises(ApiError) as refused:
        await answer(operation_id, params)
    assert refused.value.status == 400
    return refused.value.code


def test_these_operations_answer_and_no_others() -> None:
    allowed = {
        operation.id
        for _, _, _, operation in load().operations()
        if TestCredentials().answers(operation.id) is not None
    }
    assert allowed == {MESSAGES, CALLS, LOOKUPS}


@pytest.mark.parametrize(
    ("from_", "expected"),
    [
        ("+15005550001", 21212),
        ("+15005550007", 21606),
        ("+15005550008", 21611),
        ("+14155550100", 21606),
        ("Acme", 21606),
        ("", 21603),
    ],
)
async def test_senders_of_messages(from_: str, expected: int) -> None:
    assert await code(MESSAGES, {"From": from_, "To": "+14155550101", "Body": "hi"}) == expected


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
        ("12", 21211),
        (GOOD, 21266),
        ("", 21604),
    ],
)
async def test_recipients_of_messages(to: str, expected: int) -> None:
    assert await code(MESSAGES, {"From": GOOD, "To": to, "Body": "hi"}) == expected


@pytest.mark.parametrize(
    ("params", "expected"), [({}, 21602), ({"Body": ""}, 21619), ({"Body": "x" * 1601}, 21617)]
)
async def test_bodies_of_messages(params: dict[str, Any], expected: int) -> None:
    assert await code(MESSAGES, {"From": GOOD, "To": "+14155550101", **params}) == expected


async def test_a_messaging_service_is_not_supported() -> None:
    sent = {"MessagingServiceSid": "MG" + "0" * 32, "To": "+14155550101", "Body": "hi"}
    assert await code(MESSAGES, sent) == 21603


async def test_a_message_that_is_accepted() -> None:
    sent = await answer(MESSAGES, {"From": GOOD, "To": "(415) 555-0101", "Body": "x" * 161})
    assert (sent["to"], sent["from"], sent["body"]) == ("+14155550101", GOOD, "x" * 161)
    assert (sent["status"], sent["direction"], sent["num_segments"]) == ("queued", "outbound-api", "2")
    assert sent["sid"].startswith("SM")
    with_media = await answer(
        MESSAGES, {"From": GOOD, "To": "+14155550101", "MediaUrl": ["https://x.test/a.png"]}
    )
    assert (with_media["sid"][:2], with_media["num_media"]) == ("MM", "1")


@pytest.mark.parametrize(
    ("from_", "expected"), [("+15005550001", 21212), ("+14155550100", 21210), ("", 21213)]
)
async def test_callers(from_: str, expected: int) -> None:
    assert await code(CALLS, {"From": from_, "To": "+14155550101", "Url": "https://x.test"}) == expected


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("+15005550001", 21217),
        ("+15005550002", 21214),
        ("+15005550003", 21215),
        ("+15005550004", 21216),
        ("12", 21211),
        ("", 21201),
    ],
)
async def test_called_numbers(to: str, expected: int) -> None:
    assert await code(CALLS, {"From": GOOD, "To": to, "Url": "https://x.test"}) == expected


async def test_a_call_needs_instructions() -> None:
    assert await code(CALLS, {"From": GOOD, "To": "+14155550101"}) == 21205


@pytest.mark.parametrize("to", ["+14155550101", "client:anna", "sip:anna@example.com"])
async def test_a_call_that_is_accepted(to: str) -> None:
    made = await answer(CALLS, {"From": GOOD, "To": to, "Twiml": "<Response/>"})
    assert (made["to"], made["from"], made["status"]) == (to, GOOD, "queued")
    assert made["sid"].startswith("CA")


async def test_a_lookup_formats_and_validates() -> None:
    found = await answer(LOOKUPS, PhoneNumber="+14159929960")
    assert found == {
        "phone_number": "+14159929960",
        "valid": True,
        "validation_errors": [],
        "country_code": "US",
        "calling_country_code": "1",
        "national_format": "(415) 992-9960",
    }
    national = await answer(LOOKUPS, {"CountryCode": "GB"}, PhoneNumber="020 7183 8750")
    assert (national["phone_number"], national["calling_country_code"]) == ("+442071838750", "44")


@pytest.mark.parametrize(("written", "fault"), [("hello", "NOT_A_NUMBER"), ("+1415", "INVALID_LENGTH")])
async def test_a_lookup_of_what_is_no_number(written: str, fault: str) -> None:
    found = await answer(LOOKUPS, PhoneNumber=written)
    assert (found["valid"], found["validation_errors"]) == (False, [fault])


async def test_a_lookup_package_knows_magic_numbers_only() -> None:
    found = await answer(LOOKUPS, {"Fields": "sim_swap,caller_name"}, PhoneNumber="+14159929960")
    assert found["sim_swap"] == found["caller_name"] == {"error_code": 60622}
    assert "line_status" not in found
