"""Many tabs of the console at once: a browser has six connections to a server for all of them."""

from __future__ import annotations

from installed import Up
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.needs import needs

TABS = 8
# Headless pages are all in view; this is what a browser tells one behind another.
_SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => !seen });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def _is_live(page: Page) -> None:
    expect(page.get_by_role("navigation", name="Pages").get_by_text("Live", exact=True)).to_be_visible()


@needs("chromium", "console-page")
def test_tabs_behind_others_hold_up_nobody_and_catch_up(open_page: Open, up: Up) -> None:
    first = open_page("messages")
    _is_live(first)
    first.evaluate(_SEEN, False)
    for _ in range(TABS):
        page = first.context.new_page()
        page.goto(f"{up.url}/console/messages")
        _is_live(page)
        page.evaluate(_SEEN, False)
    form = {"From": "+15551230000", "To": "+15551230041", "Body": "While nobody looked"}
    up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)
    first.evaluate(_SEEN, True)
    _is_live(first)
    expect(first.get_by_role("row").filter(has_text="While nobody looked")).to_contain_text("delivered")
