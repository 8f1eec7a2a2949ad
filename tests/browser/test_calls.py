"""Calls as somebody follows them: dialled, heard and pressed on a phone, answered there, watched and steered."""

from __future__ import annotations

import re

from installed import Up
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open, Program
from tests.needs import needs

PHONE, OTHER = "+15551230061", "+15551230062"
MENU = """<Response>
  <Say>Welcome to Parcels.</Say>
  <Gather action="/chosen" numDigits="1" timeout="3600"><Say>For deliveries press one.</Say></Gather>
  <Say>Goodbye.</Say>
</Response>"""
CHOSEN = '<Response><Say>It comes tomorrow.</Say><Pause length="3600"/></Response>'


def _number(up: Up, url: str) -> str:
    form = {"AreaCode": "206", "VoiceUrl": url}
    bought = up.ask(f"/2010-04-01/Accounts/{up.sid}/IncomingPhoneNumbers.json", form)
    return str(bought["phone_number"])


def _phone(page: Page, number: str) -> Locator:
    return page.get_by_role("region", name=f"Phone {number}")


@needs("chromium", "console-page")
def test_a_menu_is_dialled_heard_and_answered_by_a_key(open_page: Open, up: Up, program: Program) -> None:
    """From the phone's keypad to the call's page, whose running verb and ladder follow by themselves."""
    program.documents |= {"/menu": MENU, "/chosen": CHOSEN}
    number = _number(up, f"{program.url}/menu")
    page = open_page(f"phones/{PHONE}")
    phone = _phone(page, PHONE)
    phone.get_by_role("button", name=f"Call from {PHONE}").click()
    phone.get_by_role("button", name=number).click()
    phone.get_by_role("button", name="Call", exact=True).click()
    said = phone.get_by_role("list", name="What was said").get_by_role("listitem")
    expect(said.filter(has_text="Welcome to Parcels.")).to_be_visible()
    expect(said.filter(has_text="For deliveries press one.")).to_be_visible()

    watched = open_page("calls")
    watched.get_by_role("table", name="Calls").get_by_role("link").first.click()
    running = watched.locator('[aria-current="step"]')
    expect(running).to_contain_text("numDigits")
    ladder = watched.get_by_role("region", name="What happened").get_by_role("listitem")
    expect(ladder.filter(has_text=f"calls {number}")).to_be_visible()

    phone.get_by_role("button", name="Keypad", exact=True).click()
    phone.get_by_role("button", name="1", exact=True).click()
    expect(said.filter(has_text="It comes tomorrow.")).to_be_visible()
    phone.get_by_role("textbox", name=f"Say on the call from {PHONE}").fill("Thank you")
    page.keyboard.press("Enter")
    expect(said.filter(has_text="Thank you")).to_be_visible()
    expect(running).to_contain_text("Pause")
    for told in ("presses", "asks /chosen", "It comes tomorrow.", "Thank you"):
        expect(ladder.filter(has_text=told)).to_be_visible()
    phone.get_by_role("button", name="Hang up").click()
    expect(phone.get_by_role("status").filter(has_text="Call ended")).to_be_visible()
    expect(ladder.filter(has_text="the call is over")).to_be_visible()
    expect(running).to_have_count(0)
    ladder.filter(has_text="asks /menu").get_by_role("link").click()
    expect(watched).to_have_url(re.compile("/console/deliveries/WH"))


@needs("chromium", "console-page")
def test_a_phone_rings_on_the_page_until_somebody_answers(open_page: Open, up: Up, program: Program) -> None:
    program.documents |= {"/hello": '<Response><Say>This is Parcels.</Say><Pause length="3600"/></Response>'}
    page = open_page(f"phones/{OTHER}")
    phone = _phone(page, OTHER)
    phone.get_by_role("button", name="Change how it behaves").click()
    phone.get_by_label("When it is called").select_option("manual")
    page.keyboard.press("Escape")
    calls = f"/2010-04-01/Accounts/{up.sid}/Calls"
    form = {"From": "+15551230000", "To": OTHER, "Url": f"{program.url}/hello", "Timeout": "600"}

    rejected = up.ask(f"{calls}.json", form)["sid"]
    phone.get_by_role("button", name="Reject").click()
    expect(phone.get_by_role("status").filter(has_text="Call ended")).to_be_visible()
    phone.get_by_role("button", name="Done").click()
    assert up.ask(f"{calls}/{rejected}.json")["status"] in ("busy", "no-answer")

    answered = up.ask(f"{calls}.json", form)["sid"]
    phone.get_by_role("button", name="Answer").click()
    expect(phone.get_by_text("This is Parcels.")).to_be_visible()
    page.goto(f"{up.url}/console/calls/{answered}")
    page.get_by_role("button", name="Redirect").click()
    page.get_by_role("textbox", name="Go on with this TwiML").fill(
        "<Response><Say>Good night.</Say></Response>"
    )
    page.get_by_role("button", name="Redirect the call").click()
    ladder = page.get_by_role("region", name="What happened").get_by_role("listitem")
    expect(ladder.filter(has_text="Good night.")).to_be_visible()
    expect(page.get_by_text("completed").first).to_be_visible()
    expect(page.get_by_role("region", name="Document 2")).to_contain_text("Good night.")


@needs("chromium", "console-page")
def test_a_conference_is_found_by_keyboard_and_moderated(open_page: Open, up: Up) -> None:
    calls = f"/2010-04-01/Accounts/{up.sid}/Calls.json"
    twiml = '<Response><Dial><Conference waitUrl="">Planning</Conference></Dial></Response>'
    for to in ("+15551230063", "+15551230064"):
        up.ask(calls, {"From": "+15551230000", "To": to, "Twiml": twiml})
    page = open_page()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/console/calls$"))
    page.get_by_role("link", name="Conferences").click()
    page.get_by_role("link", name="Planning").click()
    people = page.get_by_role("region", name="Participants").get_by_role("listitem")
    expect(people).to_have_count(2)
    first = people.filter(has_text="+15551230063")
    first.get_by_role("button", name="Mute +15551230063").click()
    expect(first.get_by_text("muted")).to_be_visible()
    first.get_by_role("button", name="Hold: +15551230063").click()
    expect(first.get_by_text("on hold")).to_be_visible()
    [room] = up.ask(f"/2010-04-01/Accounts/{up.sid}/Conferences.json?FriendlyName=Planning")["conferences"]
    path = f"/2010-04-01/Accounts/{up.sid}/Conferences/{room['sid']}/Participants.json"
    assert sorted((one["muted"], one["hold"]) for one in up.ask(path)["participants"]) == [
        (False, False),
        (True, True),
    ]
    page.get_by_role("button", name="End the conference").click()
    page.get_by_role("button", name="Really end it for all").click()
    expect(page.get_by_text("completed").first).to_be_visible()
