"""The sign-in page, and what becomes of a page whose session ends."""

from __future__ import annotations

from installed import Up
from playwright.sync_api import Browser, expect

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
