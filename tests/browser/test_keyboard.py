"""Everything by keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.needs import needs


@needs("chromium", "console-page")
def test_letters_go_to_pages(open_page: Open, furnished: dict[str, str]) -> None:
    page = open_page()
    for letter, path in (
        ("m", "messages"),
        ("p", "phones"),
        ("d", "deliveries"),
        ("s", "messaging"),
        ("a", "account"),
        ("e", "explorer"),
        ("l", "lab"),
        ("h", ""),
    ):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page).to_have_url(re.compile(f"/console/{path}$"))


@needs("chromium", "console-page")
def test_a_message_is_found_and_opened(open_page: Open, furnished: dict[str, str]) -> None:
    page = open_page("messages")
    page.keyboard.press("/")
    search = page.get_by_role("combobox", name="Search messages")
    expect(search).to_be_focused()
    page.keyboard.type("status:un")
    expect(page.get_by_role("option", name="status:undelivered")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"q=status:undelivered$"))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("table", name="Messages").get_by_role("link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Time line")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/console/messages"))


@needs("chromium", "console-page")
def test_what_is_typed_into_a_field_is_no_command(open_page: Open, furnished: dict[str, str]) -> None:
    page = open_page("phones/+15551230011")
    field = page.get_by_label("Text from +15551230011")
    field.focus()
    page.keyboard.type("gm?/")
    expect(field).to_have_value("gm?/")
    expect(page).to_have_url(re.compile("/console/phones/"))


@needs("chromium", "console-page")
def test_help_opens_and_closes(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard")
    expect(help_).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_).to_have_count(0)


@needs("chromium", "console-page")
def test_the_theme_is_kept(open_page: Open) -> None:
    page = open_page(color_scheme="light")
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
