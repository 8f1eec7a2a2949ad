"""Payments that an agent leads over REST while the payer is on the line (Twilio: "Payments subresource")."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.calls.conftest import Loop
from tests.api.webhooks.test_forgetting import holding

PAYER, AGENT = "+15005550110", "+15005550111"
CARD = "4242424242424242"
ALL = "payment-card-number,expiration-date,security-code,postal-code"


async def _talking(loop: Loop) -> str:
    """A payer who is connected to an agent: the SID of the payer's call."""
    loop.app.documents["/voice"] = f"<Response><Dial>{AGENT}</Dial></Response>"
    made = await loop.call(To=PAYER)
    await loop.advance(timedelta(seconds=5))
    return str(made["sid"])


async def _begun(loop: Loop, call: str, **params: Any) -> str:
    wish = {"IdempotencyKey": "begin", "StatusCallback": f"{loop.app.url}/paid", **params}
    begun = await loop.ask("POST", f"{loop.path}/{call}/Payments.json", wish)
    assert begun.status == 201, begun.body
    return str(begun.json()["sid"])


async def _ask(loop: Loop, call: str, payment: str, **params: Any) -> int:
    """The status of the answer, or the code of the error."""
    wish = {"IdempotencyKey": "ask", "StatusCallback": f"{loop.app.url}/paid", **params}
    asked = await loop.ask("POST", f"{loop.path}/{call}/Payments/{payment}.json", wish)
    return int(asked.json()["code"]) if asked.status >= 400 else asked.status


async def _press(loop: Loop, call: str, digits: str) -> None:
    reply = await loop.ask("POST", f"/lab/v1/Phones/{PAYER}/Calls/{call}", {"Press": digits})
    assert reply.status == 200, reply.body


async def _told(loop: Loop) -> list[dict[str, str]]:
    await loop.quiet()
    return loop.app.told("/paid")


async def _heard(loop: Loop, number: str) -> list[tuple[str, str]]:
    calls = (await loop.ask("GET", f"/lab/v1/Phones/{number}/Calls")).json()["calls"]
    lines = (await loop.ask("GET", f"/lab/v1/Phones/{number}/Calls/{calls[0]['sid']}")).json()["lines"]
    return [(line["kind"], line["text"]) for line in lines]


async def test_an_agent_asks_for_one_piece_after_the_other(loop: Loop) -> None:
    """The agent hears no key of it, and of the card nothing is kept that could be read, neither meanwhile nor after."""
    await loop.ask("POST", "/lab/v1/WebhookSettings", {"Record": "full"})
    call = await _talking(loop)
    payment = await _begun(loop, call, ChargeAmount="12.00", Parameter='{"name":"foobar"}')
    (first,) = await _told(loop)
    assert first.pop("DateCreated").endswith("Z")
    assert first == {
        "AccountSid": loop.ask.account_sid,
        "CallSid": call,
        "Sid": payment,
        "PaymentConnector": "Default",
        "PaymentMethod": "credit-card",
        "ChargeAmount": "12.00",
    }
    assert await _ask(loop, call, payment, Capture="payment-card-number") == 202
    await _press(loop, call, CARD[:12])
    assert not any([await holding(loop.database, CARD[start : start + 6]) for start in (0, 6)])
    await _press(loop, call, CARD[12:])
    told = (await _told(loop))[1:]
    assert [each["PartialResult"] for each in told] == ["true"] * 16 + ["false"]
    assert [each.get("PaymentCardNumber") for each in told] == [
        None,
        *("x" * count for count in range(1, 16)),
        "xxxxxxxxxxxx4242",
    ]
    assert [told[0]["Required"], told[-1]["Required"]] == [ALL, ALL.partition(",")[2]]
    assert (told[-1]["Capture"], told[-1]["PaymentCardType"]) == ("payment-card-number", "visa")
    for piece, keys in {"expiration-date": "1230", "security-code": "123", "postal-code": "94105#"}.items():
        assert await _ask(loop, call, payment, Capture=piece, IdempotencyKey=piece) == 202
        await _press(loop, call, keys)
    assert await _ask(loop, call, payment, Status="complete") == 202
    last = (await _told(loop))[-1]
    assert last["Result"] == "success"
    assert last["PaymentConfirmationCode"].startswith("ch_")
    assert (last["PaymentToken"], last["ProfileId"]) == ("", "")
    assert (last["SecurityCode"], last["ExpirationDate"], last["PaymentCardPostalCode"]) == (
        "xxx",
        "1230",
        "94105",
    )
    assert all(kind != "tones" for kind, _ in await _heard(loop, AGENT))
    await _press(loop, call, "7")
    await loop.quiet()
    assert await _heard(loop, AGENT) == [("tones", "7")]
    await loop.advance(timedelta(hours=5))
    await loop.ended(call)
    assert await holding(loop.database, CARD) == set()
    assert {text for kind, text in await _heard(loop, PAYER) if kind == "pressed"} == {"…", "7"}


async def test_a_mistake_is_told_and_asked_for_again(loop: Loop) -> None:
    call = await _talking(loop)
    payment = await _begun(loop, call, SecurityCode="true", PostalCode="false", TokenType="one-time")
    assert await _ask(loop, call, payment, Capture="security-code") == 202
    await _ask(loop, call, payment, Capture="payment-card-number")
    await _press(loop, call, "4242424242424241")
    await _ask(loop, call, payment, Capture="payment-card-number")
    await _press(loop, call, "42")
    await loop.advance(timedelta(seconds=6))  # longer than it waits between two keys
    told = await _told(loop)
    assert [each["ErrorType"] for each in told if "ErrorType" in each] == [
        "invalid-card-number-security-code-capture-sequence",
        "invalid-card-number",
        "invalid-card-number",
    ]
    assert await _ask(loop, call, payment, Status="complete") == 64019
    for piece, keys in {
        "payment-card-number": CARD,
        "security-code": "123",
        "expiration-date": "1230",
    }.items():
        await _ask(loop, call, payment, Capture=piece)
        await _press(loop, call, keys)
    assert await _ask(loop, call, payment, Status="complete", IdempotencyKey="end") == 202
    last = (await _told(loop))[-1]
    assert (last["Result"], last["TokenType"], last["PaymentToken"][:4]) == ("success", "one-time", "tok_")
    count = len(loop.app.told("/paid"))
    assert await _ask(loop, call, payment, Status="complete", IdempotencyKey="end") == 202
    assert await _ask(loop, call, payment, Capture="postal-code") == 64021
    assert len(await _told(loop)) == count


async def test_a_bank_account_and_a_refusal(loop: Loop) -> None:
    call = await _talking(loop)
    payment = await _begun(
        loop, call, PaymentMethod="ach-debit", BankAccountType="consumer-savings", ChargeAmount="5"
    )
    assert await _ask(loop, call, payment, Capture="payment-card-number") == 64020
    for piece, keys in {"bank-routing-number": "021000021", "bank-account-number": "000111111113#"}.items():
        await _ask(loop, call, payment, Capture=piece)
        await _press(loop, call, keys)
    assert await _ask(loop, call, payment, Status="complete") == 202
    last = (await _told(loop))[-1]
    assert last["Result"] == "payment-connector-error"
    assert (last["PayErrorCode"], last["PaymentError"]) == ("64008", "account_closed")
    assert (last["BankRoutingNumber"], last["BankAccountNumber"]) == ("021000021", "xxxxxxxxxx13")
    assert await loop.database.fetchval("select count(*) from alerts where error_code = 64008") == 1


@pytest.mark.parametrize(
    ("by", "result"),
    [
        ({"Press": "*"}, "caller-interrupted-with-star"),
        ({"Status": "completed"}, "caller-hung-up"),
        ({}, None),
    ],
)
async def test_it_ends_early(loop: Loop, by: dict[str, str], result: str | None) -> None:
    """By the payer, or by the agent, of which Twilio documents no result."""
    call = await _talking(loop)
    payment = await _begun(loop, call)
    await _ask(loop, call, payment, Capture="payment-card-number")
    await _press(loop, call, "4242")
    if by:
        assert (await loop.ask("POST", f"/lab/v1/Phones/{PAYER}/Calls/{call}", by)).status == 200
    else:
        assert await _ask(loop, call, payment, Status="cancel") == 202
    last = (await _told(loop))[-1]
    assert last.get("Result") == result
    assert "PaymentCardNumber" not in last
    assert await _ask(loop, call, payment, Status="complete") == (21220 if "Status" in by else 64021)


async def test_what_is_refused(loop: Loop) -> None:
    call = await _talking(loop)
    path = f"{loop.path}/{call}/Payments.json"

    async def refusal(**params: str) -> int:
        wish = {"IdempotencyKey": "other", "StatusCallback": f"{loop.app.url}/paid", **params}
        return int((await loop.ask("POST", path, wish)).json()["code"])

    assert await refusal(ChargeAmount="-0.5") == 64003
    assert await refusal(BankAccountType="consumer-checking") == 64017
    assert await refusal(ValidCardTypes="visa gold") == 64020
    assert await refusal(Parameter="[1]") == 64020
    assert await refusal(Timeout="601") == 64020
    payment = await _begun(loop, call)
    assert await _begun(loop, call) == payment  # the same key
    assert await refusal() == 64021  # another beside it
    assert await _ask(loop, call, payment) == 64018
    assert await _ask(loop, call, "PK" + "0" * 32, Status="cancel") == 20404
    ringing = (await loop.call(To="+15005550112"))["sid"]
    path = f"{loop.path}/{ringing}/Payments.json"
    assert await refusal() == 21220
