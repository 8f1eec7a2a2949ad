"""A long list, all of it, from the newest row to the oldest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from installed import Up
from playwright.sync_api import Page, expect

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
  const pause = () => new Promise((done) => setTimeout(done, 30));
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
    expect(page.get_by_role("table", name="Messages").get_by_role("link").first).to_be_visible()
    drawn = page.evaluate(_SCROLL)
    kept = _sids(page, up)
    assert len(kept) > 300
    assert drawn == kept
