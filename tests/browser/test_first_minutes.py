"""A new user, from the link that `up` prints to a resource made in the explorer."""

from __future__ import annotations

import re
import subprocess

from installed import Up
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open
from tests.needs import needs

PHONE = "+15551230001"


def _paste(line: str) -> None:
    """As a person does who copied it."""
    subprocess.run(["bash", "-c", line], check=True, capture_output=True, timeout=30)


def _snippet(page: Page) -> str:
    page.get_by_role("button", name="Copy: curl line that sends a text").click()
    return str(page.evaluate("navigator.clipboard.readText()"))


def _phone(page: Page, number: str) -> Page:
    return page.get_by_role("region", name=f"Phone {number}")  # type: ignore[return-value]


def _text(up: Up, to: str, body: str, **more: str) -> str:
    form = {"From": "+15551230000", "To": to, "Body": body, **more}
    return str(up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)["sid"])


@needs("chromium", "console-page")
def test_the_link_works_once(browser: Browser, up: Up, signed_in: object) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(up.after("console"))
    expect(page.get_by_text("localloop console")).to_be_visible()
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    context.close()


@needs("chromium", "console-page", "curl")
def test_a_pasted_line_brings_the_first_text(open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_role("heading", name="Send your first text")).to_be_visible()

    _paste(_snippet(page))

    expect(page.get_by_role("region", name="Live feed").get_by_role("listitem").first).to_contain_text(
        "delivered"
    )
    phone = _phone(page, PHONE)
    expect(phone.get_by_text("Hello from localloop")).to_be_visible()
    phone.get_by_role("button", name="Copy the code 482 915").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == "482915"


@needs("chromium", "console-page")
def test_a_number_is_bought_and_a_phone_reaches_the_example_through_it(open_page: Open, example: str) -> None:
    page = open_page("account/numbers")
    page.get_by_role("button", name="Buy a number").first.click()
    offer = page.get_by_role("button", name=re.compile(r"^Buy \+1")).first
    number = str(offer.get_attribute("aria-label")).removeprefix("Buy ")
    offer.click()
    page.get_by_label("A text came in: SMS URL").fill(f"{example}/sms")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()

    page.get_by_role("button", name="Send the test").click()
    expect(page.get_by_role("link", name=f"POST {example}/sms")).to_be_visible()

    page.goto(page.url.replace("account/numbers", "phones/+15551230077"))
    phone = _phone(page, "+15551230077")
    phone.get_by_label("To", exact=True).fill(number)
    phone.get_by_label("Text from +15551230077").fill("Hello, program")
    phone.get_by_label("Text from +15551230077").press("Enter")
    expect(phone.get_by_text("You said: Hello, program")).to_be_visible()
    phone.get_by_role("button", name="HELP").click()
    expect(phone.get_by_text("HELP", exact=True).last).to_be_visible()


@needs("chromium", "console-page")
def test_a_failed_callback_is_found_and_understood(open_page: Open, up: Up, example: str) -> None:
    sid = _text(up, "+15551230003", "News", StatusCallback=f"{example}/nowhere")
    page = open_page("deliveries")
    page.get_by_role("button", name="Failed", exact=True).click()
    page.get_by_role("link", name=re.compile("nowhere")).first.click()

    expect(page.get_by_text("11200").first).to_be_visible()
    expect(page.get_by_text("HTTP retrieval failure").first).to_be_visible()
    expect(page.get_by_text("404").first).to_be_visible()
    expect(page.get_by_role("region", name="curl line that repeats the request")).to_contain_text(
        "X-Twilio-Signature"
    )

    page.get_by_role("link", name=sid).click()
    events = page.get_by_role("region", name="Time line").get_by_role("listitem")
    callback = events.filter(has_text="callback delivered: 404")
    callback.get_by_text("Request and response").click()
    expect(callback.get_by_text("MessageStatus").first).to_be_visible()


@needs("chromium", "console-page")
def test_an_unreachable_phone_says_why(open_page: Open, up: Up) -> None:
    page = open_page("phones/+15551230004")
    phone = _phone(page, "+15551230004")
    phone.get_by_role("button", name=re.compile("This phone: Receives")).click()
    phone.get_by_text("Unreachable").click()
    phone.get_by_role("button", name="Close").click()
    expect(phone.get_by_role("button", name=re.compile("This phone: Unreachable"))).to_be_visible()

    sid = _text(up, "+15551230004", "Are you there?")
    expect(phone.get_by_text("Are you there?")).to_be_visible()
    expect(phone.get_by_text("undelivered · 30003")).to_be_visible()
    phone.get_by_role("link", name="Why?").click()
    expect(page).to_have_url(re.compile(f"/console/messages/{sid}$"))
    expect(page.get_by_text("30003").first).to_be_visible()


@needs("chromium", "console-page")
def test_a_plain_resource_is_made_in_the_explorer(open_page: Open) -> None:
    page = open_page("explorer")
    page.get_by_label("Find a resource").fill("sync service")
    page.get_by_role("link", name=re.compile("Service")).first.click()
    expect(page.get_by_text("There are no records yet.")).to_be_visible()
    page.get_by_role("link", name=re.compile("Create service")).click()
    page.get_by_label("FriendlyName").fill("Made by hand")
    expect(page.get_by_role("region", name="The request as a curl line")).to_contain_text(
        "FriendlyName=Made by hand"
    )
    page.get_by_role("button", name="Send", exact=True).click()
    answer = page.get_by_role("region", name="Answer", exact=True)
    expect(answer).to_contain_text("201")
    expect(answer).to_contain_text("coverage: plain")

    page.get_by_role("link", name=re.compile("List service")).click()
    expect(page.get_by_role("cell", name="Made by hand")).to_be_visible()


@needs("chromium", "console-page")
def test_a_key_shows_its_secret_once(open_page: Open) -> None:
    page = open_page("account/keys")
    page.get_by_label("Name of the new key").fill("CI")
    page.get_by_role("button", name="New key").click()
    secret = page.get_by_role("region", name="The new key")
    expect(secret).to_contain_text("shown this once")
    page.reload()
    expect(page.get_by_role("region", name="API keys")).to_contain_text("CI")
    expect(secret).to_have_count(0)
