"""What goes wrong on the way to an application, as the application sees it."""

from __future__ import annotations

import re

import validators
from faulty import Loop

from localloop.console.queries import Scope
from localloop.console.reads import Reads
from localloop.lab.faults.things import Things


async def test_without_faults_every_callback_comes_once(loop: Loop) -> None:
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["sent", "delivered"]
    assert all(map(loop.is_signed, loop.app.requests))
    assert await loop.applied() == []


async def test_a_dropped_callback_never_comes_and_is_on_record(loop: Loop) -> None:
    rule = await loop.fault("webhook-drop", match={"MessageStatus": "sent"})
    sid = (await loop.send())["sid"]
    await loop.quiet()
    assert loop.statuses == ["delivered"]
    [applied] = await loop.applied()
    assert (applied["fault_sid"], applied["resource_sid"], applied["event"], applied["attempt"]) == (
        rule["sid"],
        sid,
        "sent",
        1,
    )
    story = await Reads(loop.database).message(Scope(loop.ask.account_sid, loop.ask.account_sid), sid)
    [event] = [each for each in story["timeline"] if each["kind"] == "fault"]
    assert (event["title"], event["detail"]["fault_sid"]) == ("webhook-drop: sent", rule["sid"])
    [told] = (await loop.ask("GET", "/lab/v1/Log?Kind=fault")).json()["log"]
    assert (told["resource_sid"], told["title"]) == (
        sid,
        "webhook-drop struck sent: the request never reaches the application",
    )
    listed = (await loop.ask("GET", f"/lab/v1/Deliveries?ResourceSid={sid}&Status=failed")).json()[
        "deliveries"
    ]
    assert [(each["error_code"], each["status_code"]) for each in listed] == [(11205, None)]
    assert rule["sid"] in listed[0]["error"]


async def test_a_dropped_callback_is_retried_where_retries_are_wished(loop: Loop) -> None:
    await loop.ask("POST", "/lab/v1/WebhookSettings", {"Retries": "extended"})
    await loop.fault("webhook-drop", match={"MessageStatus": "sent"}, Count="1")
    await loop.freeze()
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["delivered"]
    await loop.advance(seconds=6)
    assert loop.statuses == ["delivered", "sent"]


async def test_a_late_callback_is_overtaken_in_the_world_s_time(loop: Loop) -> None:
    await loop.fault("webhook-delay", match={"MessageStatus": "sent"}, Delay="3600000")
    await loop.freeze()
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["delivered"]
    await loop.advance(minutes=61)
    assert loop.statuses == ["delivered", "sent"]


async def test_a_duplicate_has_the_same_token(loop: Loop) -> None:
    await loop.fault("webhook-duplicate", match={"MessageStatus": "!sent"})
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["sent", "delivered", "delivered"]
    tokens = [request.headers["i-twilio-idempotency-token"] for request in loop.app.requests]
    assert tokens[1] == tokens[2] != tokens[0]


async def test_callbacks_change_places_within_one_job(loop: Loop) -> None:
    await loop.fault("webhook-reorder", match={"MessageStatus": "sent"})
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["delivered", "sent"]


async def test_callbacks_change_places_between_jobs(loop: Loop) -> None:
    await loop.ask("POST", "/lab/v1/Phones/+15558675310", {"Behavior": "deliver", "Delay": "60000"})
    await loop.fault("webhook-reorder", match={"MessageStatus": "sent"}, Delay="600000")
    await loop.freeze()
    await loop.send()
    await loop.quiet()
    assert loop.statuses == []
    await loop.advance(seconds=61)
    assert loop.statuses == ["delivered", "sent"]
    await loop.advance(hours=1)
    assert loop.statuses == ["delivered", "sent"]


async def test_what_nothing_follows_is_only_late(loop: Loop) -> None:
    await loop.fault("webhook-reorder", match={"MessageStatus": "delivered"}, Delay="30000")
    await loop.freeze()
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["sent"]
    await loop.advance(seconds=31)
    assert loop.statuses == ["sent", "delivered"]


async def test_a_wrong_signature_is_one(loop: Loop) -> None:
    validators.expect_forged(1)
    await loop.fault("webhook-signature", match={"MessageStatus": "sent"})
    await loop.send()
    await loop.quiet()
    assert [(each.form["MessageStatus"], loop.is_signed(each)) for each in loop.app.requests] == [
        ("sent", False),
        ("delivered", True),
    ]


async def test_instructions_go_wrong_too_and_the_fallback_is_asked(loop: Loop) -> None:
    number = "+15550001111"
    await loop.ask(
        "POST",
        f"/2010-04-01/Accounts/{loop.ask.account_sid}/IncomingPhoneNumbers.json",
        {"PhoneNumber": number, "SmsUrl": f"{loop.app.url}/sms", "SmsFallbackUrl": f"{loop.app.url}/other"},
    )
    await loop.fault("webhook-drop", match={"Body": "~^lost", "Url": "~/sms$"})
    await loop.fault("webhook-duplicate", match={"Body": "twice"})
    for body in ("lost one", "twice"):
        text = {"To": number, "Body": body}
        assert (await loop.ask("POST", "/lab/v1/Phones/+15551230001/Messages", text)).status == 201
        await loop.quiet()
    assert [(each.path, each.form["Body"]) for each in loop.app.requests] == [
        ("/other", "lost one"),
        ("/sms", "twice"),
        ("/sms", "twice"),
    ]
    assert loop.app.requests[0].form["ErrorCode"] == "11205"


async def test_a_rule_strikes_as_often_as_it_may_and_not_after_its_end(loop: Loop) -> None:
    bounded = await loop.fault("webhook-drop", Count="2")
    for _ in range(2):
        await loop.send()
        await loop.quiet()
    assert loop.statuses == ["sent", "delivered"]
    shown = (await loop.ask("GET", f"/lab/v1/Faults/{bounded['sid']}")).json()
    assert (shown["applied"], shown["count"]) == (2, 2)
    endless = await loop.fault("webhook-drop")
    assert (await loop.ask("DELETE", f"/lab/v1/Faults/{endless['sid']}")).status == 204
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["sent", "delivered"] * 2
    assert len(await loop.applied()) == 2


async def test_another_world_has_nothing_to_do_with_it(loop: Loop) -> None:
    await loop.fault("webhook-drop")
    other = Loop(loop.ask.acting_as("AC" + "7" * 32, "t" * 32), loop.database, loop.app, "t" * 32)
    await other.send()
    await loop.send()
    await loop.quiet()
    assert loop.statuses == ["sent", "delivered"]
    assert (await other.ask("GET", "/lab/v1/Faults")).json()["faults"] == []
    assert await other.applied() == []


async def test_a_rule_that_makes_no_sense_is_refused_in_words(loop: Loop) -> None:
    wrong = [
        ({"Kind": "webhook-explode"}, r"Kind"),
        ({"Kind": "webhook-drop", "Probability": "2"}, r"Probability"),
        ({"Kind": "webhook-drop", "Delay": "5"}, r"webhook-drop does not wait"),
        ({"Kind": "api-error", "Status": "404"}, r"one of 429, 500, 503"),
        ({"Kind": "webhook-drop", "Match.Body": "~("}, r"Match\.Body"),
        ({"Kind": "carrier-refuse", "ErrorCode": "11200"}, r"error of a message"),
    ]
    for params, said in wrong:
        reply = await loop.ask("POST", "/lab/v1/Faults", params)
        assert (reply.status, bool(re.search(said, reply.json()["message"]))) == (400, True), reply.body


async def test_callbacks_of_calls_go_wrong_as_well(loop: Loop) -> None:
    """The second call to a phone is that in every run, so its callbacks are decided by themselves."""
    await loop.fault("webhook-duplicate", match={"CallStatus": "completed", "To": "+15558675310"})
    call = {
        "To": "+15558675310",
        "From": "+15017122661",
        "Twiml": "<Response><Hangup/></Response>",
        "StatusCallback": f"{loop.app.url}/call",
    }
    target = f"/2010-04-01/Accounts/{loop.ask.account_sid}/Calls.json"
    sids = []
    for _ in range(2):
        made = await loop.ask("POST", target, call)
        assert made.status == 201, made.body
        sids.append(made.json()["sid"])
        await loop.quiet()
    assert [each.form["CallSid"] for each in loop.app.requests] == [sids[0]] * 2 + [sids[1]] * 2
    assert {each["resource_sid"] for each in await loop.applied()} == set(sids)
    thing = await Things(loop.database).of(loop.ask.account_sid, sids[1], {})
    assert thing.name == "call outbound-api +15558675310 2"
