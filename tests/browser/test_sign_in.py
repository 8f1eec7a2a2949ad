"""The sign-in page, and what becomes of a page whose session ends."""

from __future__ import annotations

from installed import Up
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Open
from tests.needs import needs


@needs("chromium", "console-page")
def test_an_account_signs_in_where_it_wanted_to_go(browser: Browser, up: Up) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{up.url}/console/account/keys")
    page.get_by_label("Account SID").fill(up.sid)
    page.get_by_label("Auth token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()

    page.get_by_label("Auth token").fill(up.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("region", name="API keys")).to_be_visible()
    assert page.url == f"{up.url}/console/account/keys"

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    context.close()


def _write(page: Page, up: Up) -> Locator:
    page.goto(f"{up.url}/console/phones/+15551230031")
    to = page.get_by_label("To", exact=True)
    page.get_by_role("button", name="All texts").click()
    page.get_by_role("button", name="New text").click()
    to.fill("+15551230000")
    text = page.get_by_label("Text from +15551230031")
    text.fill("Half a thought")
    return text


@needs("chromium", "console-page")
def test_what_is_half_written_outlives_the_session(open_page: Open, up: Up) -> None:
    form = {"From": "+15551230000", "To": "+15551230031", "Body": "hello"}
    up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)  # so that somebody owns the number
    page = open_page()
    text = _write(page, up)
    page.context.clear_cookies()
    page.get_by_role("button", name="Send", exact=True).click()
    again = page.get_by_role("dialog", name="Your session has ended")
    expect(again).to_be_visible()
    expect(again.get_by_label("Account SID")).to_have_value(up.sid)
    again.get_by_label("Auth token").fill(up.token)
    again.get_by_role("button", name="Sign in").click()
    expect(again).to_have_count(0)
    expect(text).to_have_value("Half a thought")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("log").get_by_text("Half a thought")).to_be_visible()
    expect(page.get_by_role("navigation", name="Pages").get_by_text("Live", exact=True)).to_be_visible()


@needs("chromium", "console-page")
def test_a_link_in_another_tab_brings_this_one_back(open_page: Open, up: Up) -> None:
    page = open_page("messages")
    page.context.clear_cookies()
    page.keyboard.press("g")
    page.keyboard.press("d")
    again = page.get_by_role("dialog", name="Your session has ended")
    expect(again).to_be_visible()
    other = page.context.new_page()
    other.goto(up.ask("/console/api/links", {})["url"])
    expect(other.get_by_role("navigation", name="Pages")).to_be_visible()
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(again).to_have_count(0)
    expect(page).to_have_url(f"{up.url}/console/deliveries")


@needs("chromium", "console-page")
def test_signing_in_anew_in_another_tab_stops_no_write_of_this_one(open_page: Open, up: Up) -> None:
    """The cookie is the browser's, the CSRF token each tab's own."""
    page = open_page("account/keys")
    other = page.context.new_page()
    other.goto(up.ask("/console/api/links", {})["url"])
    expect(other.get_by_role("navigation", name="Pages")).to_be_visible()
    other.close()
    page.get_by_label("Name of the new key").fill("from the first tab")
    page.get_by_role("button", name="New key").click()
    expect(page.get_by_text("from the first tab").first).to_be_visible()


@needs("chromium", "console-page")
def test_a_session_that_ended_elsewhere_asks_again(browser: Browser, up: Up) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{up.url}/console/")
    page.get_by_label("Account SID").fill(up.sid)
    page.get_by_label("Auth token").fill(up.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()

    context.clear_cookies()
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    context.close()
