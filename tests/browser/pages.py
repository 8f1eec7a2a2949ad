"""Every page of the console, by a name for the test's id, with something on each."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from installed import Up
from playwright.sync_api import Page, expect

_WITHIN_S = 30
PAGES = {
    "start": "",
    "phones": "phones/+15551230011,+15551230012",
    "no-phone": "phones",
    "messages": "messages",
    "no-message-fits": "messages?q=body:nothing-has-this",
    "message": "messages/{message}",
    "calls": "calls",
    "no-call-fits": "calls?q=from:+999",
    "call": "calls/{call}",
    "conferences": "conferences",
    "conference": "conferences/{conference}",
    "queues": "queues",
    "queue": "queues/{queue}",
    "on-a-call": "phones/+15551230051",
    "deliveries": "deliveries",
    "delivery": "deliveries/{delivery}",
    "request": "requests/{request}",
    "services": "messaging",
    "scheduled": "messaging/scheduled",
    "opt-outs": "messaging/opt-outs",
    "templates": "messaging/templates",
    "account": "account",
    "numbers": "account/numbers",
    "keys": "account/keys",
    "explorer": "explorer",
    "lab": "lab",
    "list": "explorer/api/v2010.Message",
    "form": "explorer/api/v2010.Message/CreateMessage",
    "nowhere": "no-such-page",
}
_NOBODY = "http://127.0.0.1:9/status"


def furnish(up: Up, page: Page) -> dict[str, str]:
    """The addresses of all pages, once there are a code, a link, an error and a failed callback to show."""
    up.ask("/lab/v1/Phones/+15551230012", {"Behavior": "30003"})
    body = "Your code is 482915. See https://parcels.example/track/3SXK21 for the rest. " * 3
    sent = [
        up.ask(
            f"/2010-04-01/Accounts/{up.sid}/Messages.json",
            {"From": "+15551230000", "To": to, "Body": body, "StatusCallback": _NOBODY},
        )
        for to in ("+15551230011", "+15551230012")
    ]
    up.ask("/lab/v1/Phones/+15551230011/Messages", {"To": "+15551230000", "Body": "Thanks"})
    up.ask(f"/2010-04-01/Accounts/{up.sid}/Keys.json", {"FriendlyName": "CI"})
    furnish_messaging(up)
    refused = up.refusal(f"/2010-04-01/Accounts/{up.sid}/Messages.json", {"From": "+15551230000", "To": "12"})
    page.goto(f"{up.url}/console/")
    expect(page.locator(f'a[href$="{refused}"]')).to_be_attached()
    page.goto(f"{up.url}/console/deliveries?q=url:{_NOBODY.removeprefix('http://')}")
    row = page.get_by_role("table", name="Deliveries").get_by_role("link").first
    expect(row).to_be_attached()
    delivery = str(row.get_attribute("href")).rpartition("/")[2]
    calls = furnish_calls(up)
    found = {**calls, "message": sent[1]["sid"], "delivery": delivery, "request": refused}
    return {name: path.format(**found) for name, path in PAGES.items()}


def furnish_calls(up: Up) -> dict[str, str]:
    """A call that waits for a key, a conference of two, a caller in a queue; answers their SIDs."""
    account = f"/2010-04-01/Accounts/{up.sid}"

    def call(to: str, twiml: str) -> str:
        form = {"From": "+15551230000", "To": to, "Twiml": f"<Response>{twiml}</Response>"}
        sid: str = up.ask(f"{account}/Calls.json", form)["sid"]
        return sid

    menu = '<Say>For parcels press one, for everything else stay on the line.</Say><Gather timeout="3600"/>'
    sid = call("+15551230051", menu)
    for to in ("+15551230052", "+15551230053"):
        call(to, '<Dial><Conference waitUrl="">Weekly</Conference></Dial>')
    call("+15551230054", "<Enqueue>support</Enqueue>")
    found = {"call": sid}
    for name, path in (("conference", "Conferences"), ("queue", "Queues")):
        deadline = time.monotonic() + _WITHIN_S
        while not (listed := up.ask(f"{account}/{path}.json")[path.lower()]):
            assert time.monotonic() < deadline, f"nobody came into a {name}"
        found[name] = listed[0]["sid"]
    return found


def furnish_messaging(up: Up) -> str:
    """A service with a sender, a message of it that waits, somebody who wants no texts, a template; answers its SID."""
    account = f"/2010-04-01/Accounts/{up.sid}"
    number = up.ask(f"{account}/IncomingPhoneNumbers.json", {"AreaCode": "206"})
    service: str = up.ask("/messaging/v1/Services", {"FriendlyName": "Order updates"})["sid"]
    up.ask(f"/messaging/v1/Services/{service}/PhoneNumbers", {"PhoneNumberSid": number["sid"]})
    later = f"{datetime.now(UTC) + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    waiting = {"MessagingServiceSid": service, "SendAt": later, "ScheduleType": "fixed"}
    up.ask(f"{account}/Messages.json", {**waiting, "To": "+15551230041", "Body": "It comes tomorrow"})
    up.ask("/lab/v1/Phones/+15551230042/Messages", {"To": number["phone_number"], "Body": "STOP"})
    types = {"twilio/text": {"body": "Hi {{1}}, it is on its way."}}
    up.tell("/content/v1/Content", {"friendly_name": "on_its_way", "language": "en", "types": types})
    return service
