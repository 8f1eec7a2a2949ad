"""localloop stops and starts again while the page is open."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from installed import Home
from playwright.sync_api import Browser, expect

from tests.needs import needs


@needs("chromium", "console-page")
def test_a_lost_feed_is_told_and_comes_back(browser: Browser) -> None:
    home = Home()
    options = ("--data", str(home.data), "--single", "--message-rate", "0")
    up = home.up(*options)
    try:
        port = str(urlsplit(up.url).port)
        page = browser.new_page()
        page.goto(up.after("console"))
        page.get_by_role("link", name="Messages", exact=True).click()
        expect(page.get_by_text("No messages yet")).to_be_visible()

        up.stop()
        lost = page.get_by_role("alert").filter(has_text="The live feed is lost")
        expect(lost).to_be_visible()

        up = home.up(*options, "--port", port)
        form = {"From": "+15551230000", "To": "+15551230001", "Body": "After the pause"}
        sid = up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)["sid"]
        expect(lost).to_have_count(0)
        row = page.get_by_role("row").filter(has_text="After the pause")
        expect(row).to_contain_text("delivered")
        row.get_by_role("link").click()
        expect(page).to_have_url(re.compile(f"/console/messages/{sid}$"))
        page.close()
    finally:
        up.destroy()
        home.remove()
