"""A new user's first minute, played on the real page: each step waits for what it is about to show."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Locator, Page, expect

from scripts.pictures.film import Film
from scripts.pictures.stage import PHONE, Stage, paste

SIZE: Final = (1120, 700)
SCALE: Final = 1.5  # so that it is sharp where a README shows it at two thirds
LENGTH_MS: Final = 20_000
_DELAY_MS: Final = 2500  # of the first text's carrier: long enough to see it on its way
_QUESTION: Final = "Where is my order?"


def play(stage: Stage, film: Film) -> None:
    """Raises when the page does not show what it should."""
    stage.set_phone(PHONE, Delay=str(_DELAY_MS))
    stage.go(film.page, "")
    expect(film.page.get_by_role("heading", name="Send your first text")).to_be_visible()
    film.begin()
    _first_text(film)
    stage.set_phone(PHONE, Delay="0")
    _answer(film)
    _time_line(film)
    _failed_callback(film)
    film.hold(max(0, LENGTH_MS - film.length_ms))


def _first_text(film: Film) -> None:
    page = film.page
    film.say("localloop is up. Send a text with its API:")
    film.hold(1400)
    film.click(page.get_by_role("button", name="Copy: curl line that sends a text"))
    film.hold(500)
    film.say("… paste the line into a terminal …")
    film.hold(500)
    sent = paste(page.evaluate("navigator.clipboard.readText()"))
    row = page.get_by_role("region", name="Live feed").get_by_role("listitem").first
    expect(row).to_contain_text(re.compile("sent|delivered"))
    film.hold(600)
    expect(row).to_contain_text("delivered")
    expect(_phone(page).get_by_text(str(sent["body"])[:20])).to_be_visible()
    film.say("… and it is on the phone.")
    film.hold(1500)


def _answer(film: Film) -> None:
    phone = _phone(film.page)
    film.say("Answer, as the person with the phone:")
    film.click(phone.get_by_label(f"Text from {PHONE}"))
    film.type(_QUESTION)
    film.hold(250)
    film.click(phone.get_by_role("button", name="Send", exact=True))
    expect(phone.get_by_text(_QUESTION)).to_be_visible()
    reply = phone.get_by_role("listitem").filter(has_text="Order 3141")
    film.say("Your program is asked, and its TwiML is the reply.")
    film.hold(450)
    expect(reply).to_contain_text("delivered", ignore_case=True)
    feed = film.page.get_by_role("region", name="Live feed")
    expect(feed.get_by_text("HTTP retrieval failure").first).to_be_visible()
    film.hold(1700)
    film.click(reply.get_by_role("link", name=re.compile("whole story")))


def _time_line(film: Film) -> None:
    film.say("Each message tells its story, callbacks and all.")
    line = film.page.get_by_role("region", name="Time line")
    expect(line).to_contain_text("callback delivered: 500")
    film.hold(1500)
    failed = line.get_by_role("listitem").filter(has_text="callback delivered: 500")
    film.scroll_to(failed)
    film.point_at(failed.get_by_text("got HTTP 500 response").first)
    film.hold(1000)


def _failed_callback(film: Film) -> None:
    page = film.page
    film.say("A callback failed. Why?")
    film.click(page.get_by_role("link", name="Deliveries", exact=True))
    table = page.get_by_role("table", name="Deliveries")
    expect(table.get_by_text("HTTP retrieval failure").first).to_be_visible()
    film.hold(700)
    film.click(table.get_by_text("HTTP retrieval failure").first)
    answer = page.get_by_text("KeyError: 'ErrorCode'").first
    expect(answer).to_be_visible()
    film.hold(700)
    film.say("Your program's own answer says why.")
    film.scroll_to(answer)
    film.point_at(answer)
    film.hold(1500)


def _phone(page: Page) -> Locator:
    return page.get_by_role("region", name=f"Phone {PHONE}")
