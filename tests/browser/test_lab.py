"""The lab in the console: what is not real is said on every page, and steered on one."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.client import RemoteDisconnected

import pytest
from installed import Up
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open

PHONE, NUMBER = "+15551230021", "+15551230000"


def banner(page: Page) -> Locator:
    return page.get_by_role("status", name="The lab")


def part(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def test_time_is_steered_and_every_page_says_that_it_is_not_real(open_page: Open, up: Up) -> None:
    page = open_page("lab")
    time = part(page, "Time")
    expect(time.get_by_role("button", name="Real")).to_have_attribute("aria-pressed", "true")
    expect(banner(page)).to_be_hidden()

    time.get_by_label("Set it (UTC)").fill("2030-01-01T09:00")
    time.get_by_role("button", name="Set", exact=True).click()
    time.get_by_role("button", name="Standing").click()
    expect(banner(page)).to_contain_text(re.compile(r"Time stands: it is 2030-01-01 09:00"))
    time.get_by_label("Let time pass").fill("30d")
    time.get_by_role("button", name="Advance").click()
    expect(time.locator("[data-now]")).to_contain_text("2030-01-31 09:00")
    assert up.ask("/lab/v1/Clock")["mode"] == "frozen"

    page.get_by_role("link", name="Messages").click()
    expect(banner(page)).to_contain_text("2030-01-31")
    banner(page).get_by_role("link", name="The lab").click()
    time.get_by_role("button", name="Real").click()
    expect(banner(page)).to_be_hidden()


def test_what_is_steered_elsewhere_is_said_here(open_page: Open, up: Up) -> None:
    up.ask("/lab/v1/Clock", {"Mode": "auto"})
    try:
        expect(banner(open_page("messages"))).to_contain_text("Time is automatic")
    finally:
        up.ask("/lab/v1/Clock", {"Mode": "real"})


def test_a_rule_makes_things_go_wrong_until_it_is_removed(open_page: Open, up: Up) -> None:
    page = open_page("lab")
    faults = part(page, "Faults")
    faults.get_by_label("Kind").select_option("carrier-refuse")
    faults.get_by_label("Only where").fill(f"To={PHONE}")
    faults.get_by_label("Times at most").fill("1")
    faults.get_by_role("button", name="Add").click()
    expect(faults.get_by_role("listitem")).to_contain_text([f"To={PHONE}"])
    expect(banner(page)).to_contain_text("1 rule makes things go wrong")

    sent = send(up, "hello")
    up.ask(f"/lab/v1/Waits/Messages?MessageSid={sent}&Status=failed&Timeout=20")
    page.reload()
    expect(faults.get_by_role("listitem")).to_contain_text(["struck 1"])
    faults.get_by_role("button", name="Remove carrier-refuse").click()
    expect(faults.get_by_role("listitem")).to_have_count(0)
    expect(banner(page)).to_be_hidden()


def test_a_mistake_in_a_rule_is_told(open_page: Open) -> None:
    faults = part(open_page("lab"), "Faults")
    faults.get_by_label("Only where").fill("delivered")
    faults.get_by_role("button", name="Add").click()
    expect(faults.get_by_role("alert")).to_contain_text("delivered: write Name=value")


def test_what_an_application_makes_twice_is_told(open_page: Open, up: Up) -> None:
    lost = up.ask("/lab/v1/Faults", {"Kind": "api-lose", "Match.Body": "buy milk", "Count": "1"})
    try:
        with pytest.raises(RemoteDisconnected):
            send(up, "buy milk")
        send(up, "buy milk")
    finally:
        up.ask(f"/lab/v1/Faults/{lost['sid']}", method="DELETE")
    page = open_page("lab")
    told = part(page, "Asked again").get_by_role("listitem").first
    expect(told).to_contain_text("asked 2 times, without one Idempotency-Key for all")
    expect(told).to_contain_text("no answer, 201")
    expect(told).to_contain_text("1 too many")
    told.get_by_role("link", name="CreateMessage").click()
    expect(page).to_have_url(re.compile(r"/console/requests/RQ\w{32}$"))


def test_a_phone_is_given_an_answer_and_answers(open_page: Open, up: Up) -> None:
    page = open_page("lab")
    personas = part(page, "Phones that answer")
    fill = fields(personas)
    fill({"Phone": PHONE, "To texts with": r"code is (\d+)", "Words or address": "{1}, thanks"})
    personas.get_by_label("It says").select_option("template")
    personas.get_by_role("button", name="Add").click()
    expect(personas.get_by_role("listitem")).to_contain_text([r"Body=~code is (\d+)"])

    send(up, "Your code is 482915")
    said = up.ask(f"/lab/v1/Phones/{PHONE}/Messages/Wait?Direction=sent&Timeout=20")
    assert said["body"] == "482915, thanks"

    personas.get_by_role("button", name=f"Remove rule 1 of {PHONE}").click()
    expect(personas.get_by_role("listitem")).to_have_count(0)
    assert up.ask(f"/lab/v1/Phones/{PHONE}")["rules"] == []


def test_the_world_is_saved_and_restored(open_page: Open, up: Up) -> None:
    page = open_page("lab")
    snapshots = part(page, "Snapshots")
    snapshots.get_by_label("Name").fill("before")
    snapshots.get_by_role("button", name="Save the world").click()
    expect(snapshots.get_by_role("status")).to_have_text("Saved.")

    up.ask(f"/lab/v1/Phones/{PHONE}", {"Behavior": "30005"})
    snapshots.get_by_role("button", name="Restore before").click()
    expect(snapshots.get_by_role("status")).to_have_text("Restored.")
    assert up.ask(f"/lab/v1/Phones/{PHONE}")["behavior"] == "deliver"
    snapshots.get_by_role("button", name="Delete before").click()
    expect(snapshots.get_by_role("listitem")).to_have_count(0)


def send(up: Up, body: str) -> str:
    form = {"From": NUMBER, "To": PHONE, "Body": body}
    return str(up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)["sid"])


def fields(of: Locator) -> Callable[[dict[str, str]], None]:
    def fill(values: dict[str, str]) -> None:
        for label, value in values.items():
            of.get_by_label(label).fill(value)

    return fill
