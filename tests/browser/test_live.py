"""What comes while the reader looks: in order, in place, and through a lost connection."""

from __future__ import annotations

import re

from installed import Up
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.needs import needs

MARKUP = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"


def _text(up: Up, body: str, to: str = "+15551230021") -> str:
    form = {"From": "+15551230000", "To": to, "Body": body}
    return str(up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)["sid"])


def _rows(page: Page) -> Page:
    return page.get_by_role("table", name="Messages").get_by_role("link")  # type: ignore[return-value]


@needs("chromium", "console-page")
def test_a_message_arrives_on_top_and_ends_delivered(
    open_page: Open, up: Up, furnished: dict[str, str]
) -> None:
    page = open_page("messages")
    expect(_rows(page).first).to_be_visible()
    sid = _text(up, "Live one")
    row = page.get_by_role("row").filter(has_text="Live one")
    expect(row).to_contain_text("delivered")
    expect(_rows(page).first).to_have_attribute("href", f"/console/messages/{sid}")


@needs("chromium", "console-page")
def test_a_search_lets_in_only_what_fits(open_page: Open, up: Up, furnished: dict[str, str]) -> None:
    page = open_page("messages?q=body:wanted")
    expect(page.get_by_text("No message fits")).to_be_visible()
    _text(up, "another")
    _text(up, "the wanted one")
    expect(page.get_by_role("row").filter(has_text="the wanted one")).to_be_visible()
    expect(page.get_by_text("another", exact=True)).to_have_count(0)


@needs("chromium", "console-page")
def test_nothing_moves_under_the_hand(open_page: Open, up: Up, furnished: dict[str, str]) -> None:
    page = open_page("messages")
    expect(_rows(page).first).to_be_visible()
    page.keyboard.press("j")
    held = _rows(page).first
    expect(held).to_be_focused()
    before = held.get_attribute("href")
    sid = _text(up, "While you read")
    fresh = page.get_by_role("button", name=re.compile(r"^\d+ new$"))
    expect(fresh).to_be_visible()
    assert held.get_attribute("href") == before
    fresh.click()
    expect(_rows(page).first).to_have_attribute("href", f"/console/messages/{sid}")


@needs("chromium", "console-page")
def test_markup_stays_text(open_page: Open, up: Up) -> None:
    sid = _text(up, MARKUP)
    for path in ("", "messages", f"messages/{sid}", "phones/+15551230021"):
        page = open_page(path)
        expect(page.get_by_text("<b>bold</b>").first).to_be_visible()
        assert "owned" not in page.title()
        assert page.locator("main img").count() == 0
