"""What a document wants of others: a payment by keys, a message."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from localloop.core import clock, sids
from localloop.jobs import Job
from localloop.products.voice import Text
from localloop.products.voice.call import texting
from localloop.store import Database, Unit
from localloop.webhooks import Webhooks
from tests.api.calls.conftest import FROM, TO, Loop
from tests.api.webhooks.test_forgetting import holding

HOUR = timedelta(hours=1)
CARD = "4242424242424242"


async def test_what_is_entered_to_pay_is_sealed_meanwhile(loop: Loop) -> None:
    """In the row of the live call and in a snapshot of its world; and it is there when the world is set back."""
    loop.app.documents["/voice"] = "<Response><Pay postalCode='false' securityCode='false'/></Response>"
    made = await loop.call(To="+15005550110")
    phone = f"/lab/v1/Phones/+15005550110/Calls/{made['sid']}"
    await loop.go_on(timedelta(seconds=3))
    await loop.ask("POST", phone, {"Press": CARD[:10]})
    await loop.quiet()
    saved = await loop.ask("POST", "/lab/v1/Snapshots", {"UniqueName": "paying"})
    assert saved.status == 201, saved.body
    assert not any([await holding(loop.database, CARD[start : start + 5]) for start in (0, 5)])
    kept = await loop.database.fetchval("select convert_from(state, 'utf8') from shelf.live_calls")
    assert '"secret":' in kept
    assert CARD[:5] not in kept
    await loop.go_on(timedelta(minutes=1))
    assert (await loop.ended(made["sid"]))["status"] == "completed"
    restored = await loop.ask("POST", "/lab/v1/Snapshots/paying/Restore")
    assert restored.status < 300, restored.body
    for keys in (CARD[10:], "1230"):
        await loop.ask("POST", phone, {"Press": keys})
    await loop.go_on(timedelta(minutes=1))
    paid = loop.app.told("/voice")[-1]
    assert (paid["Result"], paid["PaymentCardNumber"]) == ("success", "xxxxxxxxxxxx4242")


async def test_a_payment_by_keys_leaves_no_card_behind(loop: Loop) -> None:
    """The action hears of it what Twilio tells; what was pressed is in no table and in no transcript."""
    loop.app.documents["/voice"] = (
        "<Response><Pay action='https://pay.invalid/paid' chargeAmount='10.00' statusCallback='/step'/></Response>"
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
    steps = loop.app.told("/step")
    assert len({step.pop("PaymentSid") for step in steps}) == 1
    assert [step["For"] for step in steps] == [
        "payment-card-number",
        "expiration-date",
        "security-code",
        "postal-code",
        "payment-processing",
    ]
    assert steps[0] == {
        "AccountSid": loop.ask.account_sid,
        "CallSid": made["sid"],
        "For": "payment-card-number",
        "Attempt": "1",
        "PaymentCardNumber": "xxxxxxxxxxxx4242",
        "PaymentCardType": "visa",
    }


async def messages(loop: Loop) -> list[dict[str, str]]:
    path = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Messages.json"
    return list((await loop.ask("GET", path)).json()["messages"])


async def test_a_message_is_sent_from_the_calls_number_to_its_other_end(loop: Loop) -> None:
    """Even where the document ends with it; its status callback is that of any message."""
    loop.app.documents["/voice"] = "<Response><Sms statusCallback='/status'>Hello</Sms></Response>"
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    [message] = await messages(loop)
    assert (message["from"], message["to"], message["body"]) == (FROM, TO, "Hello")
    assert (message["direction"], message["status"]) == ("outbound-call", "delivered")
    assert [told["SmsSid"] for told in loop.app.told("/status")] == [message["sid"]] * 2
    assert {told["To"] for told in loop.app.told("/status")} == {TO}
    received = (await loop.ask("GET", f"/lab/v1/Phones/{TO}/Messages")).json()["messages"]
    assert [each["body"] for each in received] == ["Hello"]


@pytest.mark.parametrize(
    ("verb", "told"),
    [("Sms", {"SmsSid", "SmsStatus"}), ("Message", {"SmsSid", "SmsStatus", "MessageSid", "MessageStatus"})],
)
async def test_the_action_of_a_message_goes_on_with_the_call(loop: Loop, verb: str, told: set[str]) -> None:
    sent = f"<{verb} action='/sent' from='+15017122662' to='+15005550113'>Hi</{verb}>"
    loop.app.documents["/voice"] = f"<Response>{sent}</Response>"
    loop.app.documents["/sent"] = "<Response><Say>Goodbye.</Say></Response>"
    made = await loop.call()
    await loop.advance(HOUR)
    ended = await loop.ended(made["sid"])
    assert ended["duration"] == "1"
    [message] = await messages(loop)
    assert (message["from"], message["to"]) == ("+15017122662", "+15005550113")
    [asked] = loop.app.told("/sent")
    assert {name for name in asked if name.startswith(("Sms", "Message"))} == told
    assert (asked["SmsSid"], asked["SmsStatus"]) == (message["sid"], "sending")
    assert asked["CallSid"] == made["sid"]


async def test_a_message_that_is_refused_does_not_hold_the_call_up(loop: Loop) -> None:
    """Its recipient wants none (21610), or it is sent to itself (14101): the Debugger says so, and the action."""
    await loop.database.execute(
        "insert into consents (account_sid, recipient, sender, status, source, date_of_consent, date_created,"
        " date_updated) values ($1, $2, $3, 'opt-out', 'opt-out-message', $4, $4, $4)",
        loop.ask.account_sid,
        TO,
        FROM,
        clock.now(),
    )
    loop.app.documents["/voice"] = (
        f"<Response><Sms to='{FROM}'>Hello</Sms><Sms action='/sent'>Hi</Sms></Response>"
    )
    made = await loop.call()
    await loop.advance(HOUR)
    await loop.ended(made["sid"])
    assert [each for each in await messages(loop) if each["direction"] == "outbound-call"] == []
    [asked] = loop.app.told("/sent")
    assert asked["SmsStatus"] == "invalid"
    assert "SmsSid" not in asked
    alerts = await loop.database.fetch("select error_code, resource_sid from alerts order by error_code")
    assert [tuple(alert) for alert in alerts] == [(14101, made["sid"]), (21610, made["sid"])]


class Noting:
    """Whoever sends messages: notes what is accepted."""

    def __init__(self) -> None:
        self.accepted = 0

    async def prepare(self, _: Text) -> Noting:
        return self

    async def accept(self, _: Unit) -> str:
        self.accepted += 1
        return sids.new("SM")


async def test_a_message_is_sent_once_whoever_has_its_job(database: Database) -> None:
    """One worker was taken for dead while it had the job, and another did the work: what the first does is void."""
    account = sids.new("AC")
    text = Text(account_sid=account, world_sid=account, at=clock.now(), from_=FROM, to=TO, body="Hello")
    wanted = texting.Wanted(sids.new("CA"), sids.new_id(), sids.new_id(), 1, text)
    kept = "insert into jobs (account_sid, world_sid, kind, payload, due_at, run_at, attempts, leased)"
    id = await database.fetchval(
        f"{kept} values ($1, $1, 'nobody', '', $2, 'infinity', 2, true) returning id", account, text.at
    )
    jobs = [Job(id, account, account, "nobody", None, wanted, text.at, attempts) for attempts in (1, 2)]
    texts = Noting()
    texter = texting.Texting(database, texts, cast(Webhooks, None))
    for job in (*jobs, *jobs):
        await texter.send(job)
    assert texts.accepted == 1
    assert await database.fetchval("select count(*) from jobs where kind = 'call.event'") == 1
