"""What the explorer shows of an answer, and which operation it asks."""

from __future__ import annotations

import json
import re

from installed import Up
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.needs import needs


@needs("chromium", "console-page")
def test_an_answer_is_indented_and_copied(open_page: Open, up: Up) -> None:
    page = open_page("explorer/api/v2010.Account/FetchAccount")
    answer = page.get_by_role("region", name="Answer")
    body = answer.get_by_role("region", name="Body of the answer")
    expect(body).to_contain_text(f'"sid": "{up.sid}"')
    shown = body.inner_text()
    assert '{\n  "' in shown
    assert '\n  "subresource_uris": {\n    "' in shown
    answer.get_by_role("button", name="Copy the answer").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied) == json.loads(shown)


@needs("chromium", "console-page")
def test_a_list_is_a_table_and_json(open_page: Open, up: Up) -> None:
    page = open_page("explorer/api/v2010.Account/ListAccount")
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("link", name=up.sid)).to_be_visible()
    answer.get_by_role("button", name="JSON").click()
    expect(answer.get_by_role("region", name="Body of the answer")).to_contain_text('"accounts": [')


@needs("chromium", "console-page")
def test_no_value_leads_to_another_operation(open_page: Open, up: Up) -> None:
    """A browser would take `..` out of the path and ask something else."""
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{up.url}/console/explorer/api/v2010.Message/FetchMessage?Sid=..&AccountSid=..")
    expect(page.get_by_role("alert").filter(has_text="cannot be . or ..")).to_be_visible()
    elsewhere = re.compile("/console/api/rest/(?!lab/)")  # the banner looks at the lab
    assert not [url for url in asked if elsewhere.search(url)]
