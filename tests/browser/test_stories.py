"""A message's whole story, and why a request was refused, as somebody sees it who looks."""

from __future__ import annotations

import re

from installed import Up
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.needs import needs


def _messages(up: Up) -> str:
    return f"/2010-04-01/Accounts/{up.sid}/Messages"


def _text(up: Up, body: str) -> str:
    form = {
        "From": "+15551230000",
        "To": "+15551230031",
        "Body": body,
        "StatusCallback": "http://127.0.0.1:9/x",
    }
    return str(up.ask(f"{_messages(up)}.json", form)["sid"])


@needs("chromium", "console-page")
def test_the_time_line_tells_everything(open_page: Open, up: Up) -> None:
    """Request and answer, states, the phone, callbacks; and what is asked later, while the page is open."""
    sid = _text(up, "The whole story")
    page = open_page(f"messages/{sid}")
    events = page.get_by_role("region", name="Time line").get_by_role("listitem")
    request = events.filter(has_text="POST /Messages.json: 201")
    expect(request).to_contain_text("took")
    expect(request).to_contain_text(up.sid)
    for title in ("queued", "sent", "delivered", "arrived on the phone", "callback delivered"):
        expect(events.filter(has_text=title).first).to_be_visible()
    assert "POST" in (events.first.text_content() or "")
    request.get_by_text("Request and response").click()
    expect(request.get_by_text("+15551230031").first).to_be_visible()
    expect(request.get_by_role("region", name="Body of the response")).to_contain_text(sid)
    expect(request.get_by_text("TWILIO_AUTH_TOKEN")).to_be_visible()
    assert up.token not in (page.text_content("body") or "")

    up.ask(f"{_messages(up)}/{sid}.json", {"Body": ""})
    expect(events.filter(has_text="POST /Messages/SM….json: 200")).to_be_visible()
    expect(events.filter(has_text="redacted")).to_be_visible()
    expect(page.get_by_text("(no text)")).to_be_visible()
    expect(page.get_by_text("The whole story")).to_have_count(0)

    up.ask(f"{_messages(up)}/{sid}.json", method="DELETE")
    expect(page.get_by_role("heading", name="This message was deleted")).to_be_visible()


@needs("chromium", "console-page")
def test_a_deleted_message_leaves_the_list(open_page: Open, up: Up) -> None:
    sid = _text(up, "Not for long")
    page = open_page("messages")
    row = page.get_by_role("row").filter(has_text="Not for long")
    expect(row).to_contain_text("delivered")
    up.ask(f"{_messages(up)}/{sid}.json", method="DELETE")
    expect(row).to_have_count(0)


@needs("chromium", "console-page")
def test_a_refused_request_is_found_and_understood(open_page: Open, up: Up) -> None:
    page = open_page()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    sid = up.refusal(f"{_messages(up)}.json", {"From": "+15551230000", "To": "12", "Body": "hi"})
    item = page.get_by_role("listitem").filter(has=page.locator(f'a[href$="{sid}"]'))
    expect(item).to_contain_text("POST /Messages.json")
    expect(item).to_contain_text("21211")
    item.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/console/requests/{sid}$"))
    expect(page.get_by_role("link", name=re.compile("21211"))).to_have_attribute(
        "href", "https://www.twilio.com/docs/errors/21211"
    )
    expect(page.get_by_text("Invalid 'To' Phone Number: XXXX", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/console/$"))
