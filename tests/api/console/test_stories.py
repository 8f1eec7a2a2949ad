"""A message's whole story on one time line, and a delivery's detail with the line that repeats it."""

from __future__ import annotations

import asyncio
from typing import Any

from http_server import Server as Application
from http_server import answer as reply
from http_server import running
from waiting import until

from tests.api.console.conftest import FROM, TO, Page, Server
from tests.needs import needs


def told(story: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event["kind"], event["title"]) for event in story["timeline"]]


async def test_a_message_that_arrived(server: Server, page: Page) -> None:
    async with running(Application(reply("200 OK"))) as application:
        sid = await page.send(StatusCallback=f"{application.url}/status", Body="hi")
        await server.idle()
    story = await page.get(f"messages/{sid}")
    assert story["message"]["status"] == "delivered"
    states = [event for event in told(story) if event[0] == "state"]
    assert states == [("state", "queued"), ("state", "sent"), ("state", "delivered")]
    assert ("carrier", "arrived on the phone") in told(story)
    callbacks = [event for event in story["timeline"] if event["kind"] == "callback"]
    assert [event["title"] for event in callbacks] == ["callback sent: 200", "callback delivered: 200"]
    delivery = await page.get(f"deliveries/{callbacks[0]['detail']['sid']}")
    assert delivery["resource_sid"] == sid
    assert [event["at"] for event in story["timeline"]] == sorted(event["at"] for event in story["timeline"])


async def test_a_message_that_did_not_arrive(server: Server, page: Page) -> None:
    await page.post(f"lab/v1/Phones/{TO}", Behavior="30003")
    sid = await page.send()
    await server.idle()
    story = await page.get(f"messages/{sid}")
    carrier = next(event for event in story["timeline"] if event["kind"] == "carrier")
    assert carrier["title"] == "not delivered"
    assert carrier["detail"]["error_code"] == 30003
    assert carrier["detail"]["error_title"] == "Unreachable destination handset"
    assert told(story)[-1] == ("state", "undelivered")


async def test_a_message_that_came_in_and_was_answered(server: Server, page: Page) -> None:
    twiml = b"<Response><Message>and hello to you</Message></Response>"
    async with running(Application(reply("200 OK", twiml, "Content-Type: text/xml"))) as application:
        await page.post(
            f"2010-04-01/Accounts/{page.account_sid}/IncomingPhoneNumbers.json",
            PhoneNumber="+15005550006",
            SmsUrl=application.url,
        )
        text = await page.post(f"lab/v1/Phones/{TO}/Messages", To="+15005550006", Body="hello")
        await server.idle()
    story = await page.get(f"messages/{text['message_sid']}")
    kinds = [event["kind"] for event in story["timeline"]]
    assert kinds.count("instruction") == 1
    assert ("carrier", "sent from the phone") in told(story)
    answer = (await page.get("messages", q="direction:outbound-reply"))["messages"][0]
    created = (await page.get(f"messages/{answer['sid']}"))["timeline"][0]
    assert (created["kind"], created["title"]) == ("state", "queued")  # no request made it
    assert created["detail"]["in_reply_to"] == text["message_sid"]


async def test_callbacks_of_a_redacted_message_stay_on_its_time_line(server: Server, page: Page) -> None:
    sid = await page.send(StatusCallback="http://127.0.0.1:9/x", Body="secret")
    await server.idle()
    await page.post(f"2010-04-01/Accounts/{page.account_sid}/Messages/{sid}.json", Body="")
    story = await page.get(f"messages/{sid}")
    assert "secret" not in str(story)
    callbacks = [event for event in story["timeline"] if event["kind"] == "callback"]
    assert callbacks
    delivery = await page.get(f"deliveries/{callbacks[0]['detail']['sid']}")
    assert delivery["detail"] is None
    assert delivery["has_detail"] is False
    assert delivery["curl"] == "curl -i -g -X POST http://127.0.0.1:9/x"


async def test_media_are_listed(server: Server, page: Page) -> None:
    sid = await page.send(MediaUrl="https://example.com/cat.png")
    await server.idle()
    media = (await page.get(f"messages/{sid}"))["media"]
    assert [(item["content_type"], item["url"]) for item in media] == [
        ("image/png", "https://example.com/cat.png")
    ]
    assert media[0]["sid"].startswith("ME")


async def test_a_failed_callback_is_understood(server: Server, page: Page) -> None:
    script = reply("500 Internal Server Error", b"Traceback: no such column", "X-Bug: 1", "Set-Cookie: a=b")
    async with running(Application(script)) as application:
        await page.send(StatusCallback=f"{application.url}/status")
        await server.idle()
    row = (await page.get("deliveries", q="status:failed"))["deliveries"][0]
    assert (row["status_code"], row["error_code"], row["error_title"]) == (
        500,
        11200,
        "HTTP retrieval failure",
    )
    delivery = await page.get(f"deliveries/{row['sid']}")
    assert delivery["detail"]["response"]["body"] == "Traceback: no such column"
    assert ["X-Bug", "1"] in delivery["detail"]["response"]["headers"]
    assert "a=b" not in str(delivery)
    assert "MessageStatus=" in delivery["detail"]["request"]["body"]
    assert delivery["detail"]["timings"]["done"] > 0


@needs("curl")
async def test_the_curl_line_repeats_the_delivery(server: Server, page: Page) -> None:
    async with running(Application(reply("200 OK"))) as application:
        await page.send(StatusCallback=f"{application.url}/status?a=it%27s", Body="hi")
        await server.idle()
        row = (await page.get("deliveries"))["deliveries"][0]
        line = (await page.get(f"deliveries/{row['sid']}"))["curl"]
        before = len(application.requests)
        process = await asyncio.create_subprocess_shell(f"{line} -s -o /dev/null")
        assert await process.wait() == 0
        await application.wait_for(before + 1)
    original, repeated = application.requests[-2:]
    assert (repeated.method, repeated.path, repeated.form) == (original.method, original.path, original.form)
    signature = "x-twilio-signature"
    assert repeated.headers[signature] == original.headers[signature]


async def test_what_is_not_there_is_not_found(page: Page) -> None:
    for path in (
        "messages/SM" + "0" * 32,
        "messages/hello",
        "deliveries/WH" + "0" * 32,
        "deliveries/SM1",
        "nothing",
    ):
        assert (await page.refused("GET", path))["status"] == 404


async def test_an_unsent_message_has_one_state(server: Server, page: Page) -> None:
    """A status that is not final is told as it is, never beyond."""
    await page.post(f"lab/v1/Phones/{TO}", Behavior="slow", Delay=86_400_000)
    sid = await page.send(From=FROM)
    await until(lambda: page.get(f"messages/{sid}"), lambda told: told["message"]["status"] != "queued")
    assert [title for kind, title in told(await page.get(f"messages/{sid}")) if kind == "state"] == [
        "queued",
        "sent",
    ]
