"""What comes while the reader looks: in order, in place, and through a lost connection."""

from __future__ import annotations

import re
from urllib.parse import quote

from installed import Up
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.needs import needs

MARKUP = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
SCRIPT_URL = "https://evil.example/%3Csvg%20onload=alert(1)%3E.svg?javascript:alert(1)"
PICTURE_URL = "https://evil.example/a.svg"
_UNSAFE_LINKS = """() => [...document.querySelectorAll("a[href], form[action], [src]")]
  .map((element) => element.getAttribute("href") ?? element.getAttribute("action") ?? element.getAttribute("src"))
  .filter((address) => !/^(https?:|[/#]|blob:)/iu.test(address))"""


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


def _hostile(up: Up) -> list[str]:
    """Markup and scripts wherever an application or a phone may put text, and the pages that show it."""
    account = f"/2010-04-01/Accounts/{up.sid}"
    up.ask("/lab/v1/MessagingSettings", {"MediaFetch": "false"})  # there is nobody at their addresses
    sid = _text(up, MARKUP)
    up.ask(
        "/lab/v1/Phones/+15551230021/Messages", {"To": "+15551230000", "Body": MARKUP, "MediaUrl": SCRIPT_URL}
    )
    up.ask(f"{account}/Keys.json", {"FriendlyName": MARKUP})
    form = {
        "From": "+15551230000",
        "To": "+15551230021",
        "StatusCallback": f"http://127.0.0.1:9/{quote(MARKUP)}",
    }
    form |= {"Body": f"javascript:document.title='owned' data:text/html,{MARKUP}", "MediaUrl": PICTURE_URL}
    told = str(up.ask(f"{account}/Messages.json", form)["sid"])
    service = up.ask("/verify/v2/Services", {"FriendlyName": MARKUP.replace("'", "")[:30]})["sid"]
    return [
        *("", "messages", f"messages/{sid}", f"messages/{told}", "phones/+15551230021", "deliveries"),
        *(
            f"messages?q=sid:{sid}",
            f"deliveries?q=resource:{told}",
            f"phones/{quote(MARKUP)}",
            "account/keys",
        ),
        *("explorer/api/v2010.Key", f"explorer/verify/v2.Service/FetchService?Sid={service}"),
        f"explorer/api/v2010.Message/FetchMessage?Sid={sid}",
    ]


@needs("chromium", "console-page")
def test_markup_stays_text(open_page: Open, up: Up) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in _hostile(up):
        page.goto(f"{up.url}/console/{path}")
        expect(page.get_by_text("onerror=").or_(page.get_by_text("onerror%3D")).first).to_be_visible()
        assert page.locator("main b, main script, main img[onerror], main iframe").count() == 0
        assert page.evaluate(_UNSAFE_LINKS) == []
        assert "owned" not in page.title()
    assert [url for url in asked if not url.startswith((up.url, "data:", "blob:"))] == []
    page.goto(f"{up.url}/console/messages")
    expect(page.get_by_role("row").filter(has_text="<b>bold</b>").first).to_be_visible()
