"""What a document wants of others: a payment by keys; and what nobody can do yet does not hold a call up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.calls.conftest import Loop
from tests.api.webhooks.test_forgetting import holding

HOUR = timedelta(hours=1)
CARD = "4242424242424242"


async def test_a_payment_by_keys_leaves_no_card_behind(loop: Loop) -> None:
    """The action hears of it what Twilio tells; what was pressed is in no table and in no transcript."""
    loop.app.documents["/voice"] = (
        "<Response><Pay action='https://pay.invalid/paid' chargeAmount='10.00'/></Response>"
    )
    keys = [CARD, "1230", "123", "94105"]
    script = [step for key in keys for step in ({"pause": 2}, {"press": f"{key}#"})]
    await loop.ask("POST", "/lab/v1/WebhookSettings", {"Record": "full"})
    made = await loop.call(To="+15005550110")
    for step in script:
        if "press" in step:
            phone = f"/lab/v1/Phones/+15005550110/Calls/{made['sid']}"
            assert (await loop.ask("POST", phone, {"Press": str(step["press"])})).status == 200
        else:
            await loop.go_on(timedelta(seconds=2))
    await loop.go_on(timedelta(minutes=2))
    ended = await loop.ended(made["sid"])
    assert ended["status"] == "completed"
    lines = (await loop.ask("GET", f"/lab/v1/Phones/+15005550110/Calls/{made['sid']}")).json()["lines"]
    assert ("pressed", "…") in [(line["kind"], line["text"]) for line in lines]
    asked = "select count(*) from deliveries where url = 'https://pay.invalid/paid'"
    assert await loop.database.fetchval(asked) == 1
    assert await holding(loop.database, CARD) == set()


@pytest.mark.parametrize(
    "verb",
    [
        "<Connect><Stream url='wss://example.com'/></Connect>",
        "<Start><Stream url='wss://example.com'/></Start>",
        "<Message>hello</Message>",
    ],
)
async def test_what_cannot_be_done_is_said_and_passed(loop: Loop, verb: str) -> None:
    loop.app.documents["/voice"] = f"<Response>{verb}<Say>Goodbye.</Say></Response>"
    made = await loop.call()
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert (ended["status"], ended["duration"]) == ("completed", "1")
    assert await loop.database.fetchval("select count(*) from alerts where error_code = 13750") == 1
