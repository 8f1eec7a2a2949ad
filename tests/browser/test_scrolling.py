"""A long list, all of it, from the newest row to the oldest."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from installed import Up
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.needs import needs

FLOOD = Path(__file__).with_name("flood.py")
# Scrolls through the whole list as a wheel does, and says which messages were drawn, in the order of the list.
_SCROLL = """async () => {
  const box = document.querySelector(".rows .box");
  const drawn = new Map();
  const look = () => {
    for (const row of box.querySelectorAll("[data-index]")) {
      const link = row.querySelector("a");
      if (link) drawn.set(Number(row.dataset.index), link.getAttribute("href").split("/").at(-1));
    }
    return box.querySelector(".ghost") === null;
  };
  // Two frames: in the first the page hears that it was scrolled, and by the second it has drawn, however slowly.
  const frame = () => new Promise(requestAnimationFrame);
  const pause = () => frame().then(frame).then(() => new Promise(setTimeout));
  for (let still = 0; still < 20; ) {
    const complete = look();
    const before = box.scrollTop;
    if (complete) box.scrollTop += box.clientHeight * 0.8;
    await pause();
    still = box.scrollTop === before ? still + 1 : 0;
  }
  look();
  return [...drawn].sort(([one], [other]) => one - other).map(([, sid]) => sid);
}"""


_TOP = "document.querySelector('.rows .box').scrollTop"


def _links(page: Page) -> Locator:
    return page.get_by_role("table", name="Messages").get_by_role("link")


def _sids(page: Page, up: Up) -> list[str]:
    """What the server has, page by page."""
    found: list[str] = []
    before = ""
    while True:
        address = f"{up.url}/console/api/messages?limit=200" + (f"&before={before}" if before else "")
        part = page.request.get(address).json()
        found += [message["sid"] for message in part["messages"]]
        before = part["before"]
        if not before:
            return found


@needs("chromium", "console-page")
def test_each_message_is_drawn_once_in_its_place(open_page: Open, up: Up) -> None:
    subprocess.run([sys.executable, FLOOD, up.url, up.sid, up.token, "300", "4"], check=True, timeout=60)
    page = open_page("messages")
    expect(_links(page).first).to_be_visible()
    drawn = page.evaluate(_SCROLL)
    kept = _sids(page, up)
    assert len(kept) > 300
    assert drawn == kept


# Far down; then, once that is drawn, the address of the row in the middle of what is seen.
_ROW_FAR_DOWN = """async () => {
  const box = document.querySelector(".rows .box");
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
  while (box.scrollTop < 9000 || box.querySelector(".ghost")) {
    if (box.scrollTop < 9000) box.scrollTop += 700;
    await drawn();
  }
  const { x, y, width, height } = box.getBoundingClientRect();
  const middle = document.elementFromPoint(x + width / 2, y + height / 2).closest("[data-index]");
  return middle.querySelector("a").getAttribute("href");
}"""


@needs("chromium", "console-page")
@pytest.mark.parametrize("way", ["Esc", "back"])
def test_place_and_search_survive_a_look_at_one_row(open_page: Open, up: Up, way: str) -> None:
    subprocess.run([sys.executable, FLOOD, up.url, up.sid, up.token, "300", "2"], check=True, timeout=60)
    page = open_page()
    page.goto(f"{up.url}/console/messages?q=body:Number")
    expect(_links(page).first).to_be_visible()
    held = page.locator(f'a[href="{page.evaluate(_ROW_FAR_DOWN)}"]')
    top = page.evaluate(_TOP)
    held.click()
    expect(page.get_by_role("heading", name="Message", exact=True)).to_be_visible()
    up.ask(
        f"/2010-04-01/Accounts/{up.sid}/Messages.json",
        {"From": "+15551230000", "To": "+15551230001", "Body": "Number one of the meantime"},
    )
    if way == "Esc":
        page.keyboard.press("Escape")
    else:
        page.go_back()
    expect(page).to_have_url(f"{up.url}/console/messages?q=body:Number")
    expect(held).to_be_visible()
    assert page.evaluate(_TOP) == top
    expect(page.get_by_role("button", name=re.compile(r"^\d+ new$"))).to_be_visible()
    assert page.evaluate(_TOP) == top

    page.get_by_role("button", name="Not delivered").click()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("row").filter(has_text="one of the meantime")).to_be_visible()
    assert page.evaluate(_TOP) == 0


@needs("chromium", "console-page")
def test_the_row_that_was_opened_by_a_key_is_chosen_again(open_page: Open, up: Up) -> None:
    subprocess.run([sys.executable, FLOOD, up.url, up.sid, up.token, "100", "1"], check=True, timeout=60)
    page = open_page("messages")
    expect(_links(page).nth(5)).to_be_visible()
    for _ in range(4):
        page.keyboard.press("j")
    chosen = _links(page).nth(3)
    expect(chosen).to_be_focused()
    address = chosen.get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{up.url}{address}")
    page.keyboard.press("Escape")
    expect(page.locator(f'a[href="{address}"]')).to_be_focused()
