"""A delivery that failed: why, where its time went, whether its signature matches, and sending it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from application import Callbacks, on_a_thread
from installed import Up
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.test_accessible import _findings
from tests.needs import needs


@pytest.fixture(scope="module")
def application(up: Up) -> Iterator[Callbacks]:
    application = Callbacks(up.sid, up.token)
    with on_a_thread(application.server):
        yield application


@pytest.fixture
def failed(open_page: Open, up: Up, application: Callbacks) -> Page:
    """The page of a callback that was answered 500."""
    application.status, url = 500, application.url
    form = {"From": "+15551230000", "To": "+15551230013", "Body": "hello", "StatusCallback": url}
    up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)
    page = open_page(f"deliveries?q=url:{url.removeprefix('http://')} status:failed")
    page.get_by_role("table", name="Deliveries").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Delivery", exact=True)).to_be_visible()
    return page


@needs("chromium", "console-page", "axe-core")
def test_it_is_sent_again_and_the_attempts_are_listed(failed: Page, application: Callbacks) -> None:
    attempts = failed.locator("section", has=failed.get_by_role("heading", name="Attempts"))
    expect(attempts.get_by_role("listitem")).to_have_count(1)
    expect(attempts).to_contain_text("11200")
    application.status = 204
    failed.get_by_role("button", name="Send it again").click()
    expect(failed.get_by_role("region", name="Send again").get_by_role("status")).to_have_text(
        "One is being sent again."
    )
    expect(attempts.get_by_role("listitem")).to_have_count(2)
    expect(attempts.get_by_role("link", name="Sent again")).to_be_visible()
    expect(attempts).to_contain_text("204")
    assert len(set(application.tokens)) < len(application.tokens)
    assert not _findings(failed)


@needs("chromium", "console-page", "axe-core")
def test_another_address_that_nobody_answers_is_told_there(failed: Page) -> None:
    failed.get_by_role("button", name="To another address").click()
    assert not _findings(failed)
    failed.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/elsewhere")
    failed.get_by_role("button", name="Send it there").click()
    expect(failed.get_by_role("link", name="Sent again").first).to_be_visible()


@needs("chromium", "console-page", "axe-core")
def test_where_the_time_went(failed: Page) -> None:
    card = failed.locator("section", has=failed.get_by_role("heading", name="Where the time went"))
    expect(card).to_contain_text("in all")
    expect(card).to_contain_text("Waited for the answer")


@needs("chromium", "console-page", "axe-core")
def test_why_a_signature_does_not_match(failed: Page) -> None:
    card = failed.get_by_role("region", name="Check the signature")
    expect(card.get_by_role("status")).to_contain_text("It matches.")
    address = card.get_by_label("Address, as your program sees it")
    signed = address.input_value()
    address.fill(signed.replace("http://", "https://"))
    expect(card.get_by_role("status")).to_contain_text("It does not match.")
    expect(card.get_by_role("status")).to_contain_text("X-Forwarded-Proto")
    assert not _findings(failed)
    address.fill(signed)
    card.get_by_label("Auth token").fill("of somebody else")
    expect(card.get_by_role("status")).to_contain_text("The token is another one.")


@needs("chromium", "console-page", "axe-core")
def test_all_that_failed_are_sent_again_from_the_list(failed: Page, application: Callbacks) -> None:
    failed.keyboard.press("Escape")
    failed.get_by_role("button", name="Send failed ones again").click()
    dialog = failed.get_by_role("dialog")
    expect(dialog.get_by_label("Address")).to_have_value(application.url)
    assert not _findings(failed)
    application.status = 204
    dialog.get_by_role("button", name="Send again").click()
    expect(dialog.get_by_role("status")).to_contain_text("being sent again.")
