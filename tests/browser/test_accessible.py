"""axe-core on every page in both themes, and nothing cut off on a telephone."""

from __future__ import annotations

from typing import Any

import pytest
from installed import Up
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open
from tests.browser.pages import PAGES
from tests.needs import find, needs

SERIOUS = ("serious", "critical")
# Whatever reaches beyond the window, unless something around it scrolls or cuts it on purpose.
_CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height || (box.right <= innerWidth + 1 && box.left >= -1)) return false;
  for (let around = element; around; around = around.parentElement) {
    const edge = around.getBoundingClientRect();
    const style = getComputedStyle(around);
    if (style.clipPath !== "none") return false;
    if (style.overflowX !== "visible" && edge.right <= innerWidth + 1 && edge.left >= -1) return false;
  }
  return true;
}).map((element) => `${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`)"""


# Until nothing moves any more but what moves for ever.
_AT_REST = """() => document.fonts.ready.then(() => Promise.all(document.getAnimations()
  .filter((one) => one.effect.getTiming().iterations !== Infinity).map((one) => one.finished)))"""


def _findings(page: Page, **options: object) -> list[str]:
    source = (find("axe-core") / "axe.min.js").read_text("utf-8")
    page.evaluate(source)
    wanted = {"resultTypes": ["violations"], **options}
    report: dict[str, Any] = page.evaluate("(wanted) => axe.run(document, wanted)", wanted)
    return [
        f"{one['impact']} {one['id']}: {one['help']}\n    "
        + "\n    ".join(node["html"][:160] for node in one["nodes"][:4])
        for one in report["violations"]
        if one["impact"] in SERIOUS
    ]


def _findings_in_the_dark(page: Page) -> list[str]:
    """The other theme has other colours, and nothing else."""
    page.emulate_media(color_scheme="dark")
    page.evaluate(_AT_REST)
    return _findings(page, runOnly=["color-contrast", "link-in-text-block"])


def _settle(page: Page) -> None:
    page.wait_for_load_state("load")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.evaluate(_AT_REST)


@needs("chromium", "console-page", "axe-core")
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(open_page: Open, furnished: dict[str, str], name: str) -> None:
    page = open_page(furnished[name], color_scheme="light")
    _settle(page)
    found = _findings(page) + _findings_in_the_dark(page)
    assert not found, "\n".join(found)


@needs("chromium", "console-page", "axe-core")
def test_axe_on_what_opens(open_page: Open, furnished: dict[str, str]) -> None:
    """Dialogs, menus and forms that a click brings."""
    page = open_page(furnished["phones"])
    page.get_by_role("button", name="Change how it behaves").first.click()
    assert not _findings(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Call from +15551230011").click()
    expect(page.get_by_role("group", name="Your numbers")).to_be_visible()
    assert not _findings(page)
    page.get_by_role("button", name="Keyboard help").click()
    assert not _findings(page)

    page = open_page(furnished["numbers"])
    page.get_by_role("button", name="Buy a number").first.click()
    expect(page.get_by_role("button", name="Buy +1").first).to_be_visible()
    page.get_by_role("button", expanded=False).first.click()
    assert not _findings(page)


@needs("chromium", "console-page", "axe-core")
def test_axe_on_the_sign_in_page(browser: Browser, up: Up) -> None:
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.goto(f"{up.url}/console/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert not _findings(page) + _findings_in_the_dark(page)
    context.close()


@needs("chromium", "console-page")
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off_on_a_telephone(open_page: Open, furnished: dict[str, str], name: str) -> None:
    page = open_page(furnished[name], viewport={"width": 390, "height": 844})
    _settle(page)
    assert page.evaluate(_CUT_OFF) == []


@needs("chromium", "console-page")
def test_signing_in_again_has_no_serious_violation(open_page: Open, up: Up) -> None:
    page = open_page("messages", color_scheme="light")
    page.context.clear_cookies()
    page.get_by_role("link", name="Deliveries", exact=True).click()
    expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    assert not _findings(page) + _findings_in_the_dark(page)
