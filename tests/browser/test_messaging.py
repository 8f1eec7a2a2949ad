"""Services with their senders, what waits for its time, who wants no texts, and templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from installed import Up
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.pages import furnish_messaging
from tests.needs import needs


@pytest.fixture(scope="module")
def service(up: Up) -> str:
    return furnish_messaging(up)


def _soon() -> dict[str, str]:
    return {"SendAt": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}


@needs("chromium", "console-page")
def test_a_service_is_made_and_gets_senders(open_page: Open, up: Up, service: str) -> None:
    number = up.ask(f"/2010-04-01/Accounts/{up.sid}/IncomingPhoneNumbers.json", {"AreaCode": "415"})
    page = open_page("messaging")
    page.get_by_label("Name of the new service").fill("Codes")
    page.get_by_role("button", name="New service").click()
    senders = page.get_by_role("region", name="Senders")
    expect(senders).to_contain_text("It has none yet")
    senders.get_by_label("A number of yours").select_option(label=number["phone_number"])
    senders.get_by_role("button", name="Add number").click()
    senders.get_by_label("An alphanumeric sender").fill("ACME")
    senders.get_by_role("button", name="Add name").click()
    expect(senders.get_by_role("listitem")).to_have_count(2)
    page.get_by_label("Status callback").fill("http://127.0.0.1:9/status")
    page.get_by_label("Ask the number's own URL instead").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()

    [made] = [one for one in up.ask("/messaging/v1/Services")["services"] if one["friendly_name"] == "Codes"]
    assert (made["status_callback"], made["use_inbound_webhook_on_number"]) == (
        "http://127.0.0.1:9/status",
        True,
    )
    senders.get_by_role("button", name="Take ACME out").click()
    expect(senders.get_by_role("listitem")).to_have_count(1)
    assert up.ask(f"/messaging/v1/Services/{made['sid']}/AlphaSenders")["alpha_senders"] == []
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Really delete it").click()
    expect(page.get_by_role("button", expanded=True)).to_have_count(0)
    assert [one["sid"] for one in up.ask("/messaging/v1/Services")["services"]] == [service]


@needs("chromium", "console-page")
def test_a_refusal_of_a_sender_is_told(open_page: Open, service: str) -> None:
    page = open_page("messaging")
    page.get_by_role("button", name="Order updates").click()
    senders = page.get_by_role("region", name="Senders")
    senders.get_by_label("An alphanumeric sender").fill("!")
    senders.get_by_role("button", name="Add name").click()
    expect(senders.get_by_role("alert")).to_be_visible()


@needs("chromium", "console-page")
def test_what_waits_is_called_off(open_page: Open, up: Up, service: str) -> None:
    page = open_page("messaging/scheduled")
    waiting = page.get_by_role("region", name="Scheduled messages")
    expect(waiting.get_by_role("listitem")).to_have_count(1)
    first = waiting.get_by_role("link", name="+15551230041 It comes tomorrow")
    sid = str(first.get_attribute("href")).rpartition("/")[2]

    # What is scheduled while the page is open is there by itself, and gone from there when it is called off elsewhere.
    messages = f"/2010-04-01/Accounts/{up.sid}/Messages"
    asked = {"MessagingServiceSid": service, "To": "+15551230043", "Body": "Later", "ScheduleType": "fixed"}
    other = up.ask(f"{messages}.json", asked | _soon())
    expect(waiting.get_by_role("listitem")).to_have_count(2)
    up.ask(f"{messages}/{other['sid']}.json", {"Status": "canceled"})
    expect(waiting.get_by_role("listitem")).to_have_count(1)

    waiting.get_by_role("button", name="Cancel the message to +15551230041").click()
    waiting.get_by_text("Really cancel").click()
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
    assert up.ask(f"{messages}/{sid}.json")["status"] == "canceled"


@needs("chromium", "console-page")
def test_a_message_that_waits_says_when_and_is_called_off(open_page: Open, up: Up, service: str) -> None:
    messages = f"/2010-04-01/Accounts/{up.sid}/Messages"
    asked = {"MessagingServiceSid": service, "To": "+15551230044", "Body": "Later", "ScheduleType": "fixed"}
    sid = up.ask(f"{messages}.json", asked | _soon())["sid"]
    page = open_page(f"messages/{sid}")
    expect(page.get_by_text("Goes out")).to_be_visible()
    page.get_by_role("button", name="Cancel it").click()
    page.get_by_role("button", name="Really cancel it").click()
    expect(page.get_by_text("canceled").first).to_be_visible()
    assert up.ask(f"{messages}/{sid}.json")["status"] == "canceled"


@needs("chromium", "console-page")
def test_who_wants_no_texts(open_page: Open, up: Up, service: str) -> None:
    page = open_page("messaging/opt-outs")
    listed = page.get_by_role("region", name="Opt-outs")
    expect(listed.get_by_role("listitem")).to_have_count(1)
    expect(listed).to_contain_text("+15551230042")
    listed.get_by_label("Recipient").fill("+15551230045")
    listed.get_by_label("Sender: a number or a service").fill(service)
    listed.get_by_role("button", name="Opt out", exact=True).click()
    expect(listed.get_by_role("listitem")).to_have_count(2)
    listed.get_by_label("Recipient").fill("12")
    listed.get_by_label("Sender: a number or a service").fill(service)
    listed.get_by_role("button", name="Opt out", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("invalid contact id")

    listed.get_by_role("button", name=f"Opt in again: +15551230045 from {service}").click()
    expect(listed.get_by_role("listitem")).to_have_count(1)
    listed.get_by_role("button", name="Opted in").click()
    expect(listed.get_by_role("listitem")).to_contain_text("+15551230045")
    [kept] = up.ask("/lab/v1/Consents?Status=opt-in")["consents"]
    assert (kept["recipient"], kept["sender"]) == ("+15551230045", service)


@needs("chromium", "console-page")
def test_a_template_is_made_and_judged(open_page: Open, up: Up, service: str) -> None:
    page = open_page("messaging/templates")
    page.get_by_role("button", name="New template").click()
    page.get_by_label("Name", exact=True).fill("Table ready")
    page.get_by_label("Text, with {{1}} for a variable").fill("Your table is ready, {{1}}.")
    page.get_by_role("button", name="Make it").click()
    made = page.get_by_role("listitem").filter(has_text="Table ready")
    expect(made).to_contain_text("unsubmitted")
    made.get_by_role("button", name="Submit for approval").click()
    made.get_by_label("Reason of a rejection").fill("Too vague")
    made.get_by_role("button", name="Reject").click()
    expect(made).to_contain_text("rejected, “Too vague”")
    contents = up.ask("/content/v1/ContentAndApprovals")["contents"]
    [kept] = [one for one in contents if one["friendly_name"] == "Table ready"]
    assert kept["types"] == {"twilio/text": {"body": "Your table is ready, {{1}}."}}
    assert kept["approval_requests"]["name"] == "table_ready"
    made.get_by_role("button", name="Delete").click()
    made.get_by_role("button", name="Really delete it").click()
    expect(made).to_have_count(0)
