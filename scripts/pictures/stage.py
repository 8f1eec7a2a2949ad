"""Where the story plays: a localloop with an account of its own, the shop behind its number, and a browser."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scripts.pictures import shop
from tests.browser.chromium import FLAGS, WAIT_MS
from tests.needs import FINDERS
from tests.support.installed import Home, Up

NUMBER: Final = "+15551230000"  # the shop's, and the one that the start page's line sends from
PHONE: Final = "+15551230001"  # whom that line texts
_SECRET: Final = sha256(b"Fern & Oak").hexdigest()
ACCOUNT_SID: Final = f"AC{_SECRET[:32]}"
AUTH_TOKEN: Final = _SECRET[32:]
_ACCOUNT: Final = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
_FINAL: Final = frozenset({"delivered", "undelivered", "failed"})
_PATIENCE_S: Final = WAIT_MS / 1000


class Missing(Exception):
    """What is not installed here."""


@dataclass(frozen=True)
class Stage:
    up: Up
    browser: Browser
    shop_url: str
    cookies: Any

    def send(self, to: str, body: str, **more: str) -> None:
        """The shop texts somebody, and its fate is known."""
        form = {"From": NUMBER, "To": to, "Body": body, **more}
        sid = str(self.up.ask(f"{_ACCOUNT}/Messages.json", form)["sid"])
        _until(lambda: self.up.ask(f"{_ACCOUNT}/Messages/{sid}.json")["status"] in _FINAL)
        if "StatusCallback" in more:
            self._until_called_back(sid)

    def text(self, phone: str, body: str) -> None:
        """Somebody texts the shop, and has its answer."""
        before = len(self._received(phone))
        self.up.ask(f"/lab/v1/Phones/{phone}/Messages", {"To": NUMBER, "Body": body})
        _until(lambda: len(self._received(phone)) > before)
        self._until_called_back(str(self._received(phone)[0]["message_sid"]))

    def _received(self, phone: str) -> list[Any]:
        return list(self.up.ask(f"/lab/v1/Phones/{phone}/Messages?Direction=received")["messages"])

    def _until_called_back(self, sid: str) -> None:
        """For `sent`, and for what came of it."""
        _until(lambda: len(self.found("deliveries", f"resource:{sid}")) >= 2)

    def found(self, kind: str, query: str) -> list[str]:
        """The SIDs of the `messages` or `deliveries` that a search finds in the console, newest first."""
        context = self.browser.new_context(storage_state=self.cookies)
        try:
            answer = context.request.get(f"{self.up.url}/console/api/{kind}", params={"q": query})
            return [str(row["sid"]) for row in answer.json()[kind]]
        finally:
            context.close()

    def ring(self, phone: str) -> str:
        """Somebody calls the shop and hears its menu; the call's SID."""
        sid = str(self.up.ask(f"/lab/v1/Phones/{phone}/Calls", {"To": NUMBER})["sid"])
        self.until_heard(phone, sid, "press two")
        return sid

    def until_heard(self, phone: str, sid: str, words: str) -> None:
        _until(lambda: words in str(self.up.ask(f"/lab/v1/Phones/{phone}/Calls/{sid}")["lines"]))

    def until_recorded(self, sid: str) -> None:
        _until(lambda: bool(self.up.ask(f"{_ACCOUNT}/Calls/{sid}/Recordings.json")["recordings"]))

    def act(self, phone: str, sid: str, **form: str) -> None:
        """Somebody on a call presses a key, says something or hangs up."""
        self.up.ask(f"/lab/v1/Phones/{phone}/Calls/{sid}", form)

    def call(self, to: str, **more: str) -> str:
        """The shop calls somebody; the call's SID."""
        return str(self.up.ask(f"{_ACCOUNT}/Calls.json", {"From": NUMBER, "To": to, **more})["sid"])

    def set_voice(self, phone: str, **settings: str) -> None:
        self.up.ask(f"/lab/v1/Phones/{phone}/Voice", settings)

    def set_phone(self, phone: str, **settings: str) -> None:
        self.up.ask(f"/lab/v1/Phones/{phone}", settings)

    @contextmanager
    def page(self, size: tuple[int, int], **options: Any) -> Iterator[Page]:
        """A page of the console, signed in, in one time zone, without motion that would be caught halfway."""
        context = self.browser.new_context(
            storage_state=self.cookies,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            timezone_id="UTC",
            locale="en-GB",
            **options,
        )
        context.set_default_timeout(WAIT_MS)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.up.url)
        try:
            yield context.new_page()
        finally:
            context.close()

    def go(self, page: Page, path: str) -> None:
        page.goto(f"{self.up.url}/console/{path}")
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.get_by_text("Live", exact=True).first).to_be_attached()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises Missing where there is none, or no built page."""
    found = {name: FINDERS[name]() for name in ("chromium", "console-page", "curl")}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise Missing(f"the pictures want {', '.join(missing)} (make setup)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found["chromium"], args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def stage(browser: Browser, *, known_ports: bool) -> Iterator[Stage]:
    """`known_ports`: where people expect them, 4010 and 5000, unless somebody is there."""
    with ExitStack() as stack:
        home = Home()
        stack.callback(home.remove)
        (home.folder / ".env").write_text(
            f"TWILIO_ACCOUNT_SID={ACCOUNT_SID}\nTWILIO_AUTH_TOKEN={AUTH_TOKEN}\n", "utf-8"
        )
        port, shop_port = (_free(4010), _free(5000)) if known_ports else (0, 0)
        up = home.up("--ephemeral", "--single", "--message-rate", "0", "--port", str(port))
        stack.callback(up.destroy)
        shop_url = stack.enter_context(shop.serving(AUTH_TOKEN, shop_port))
        expect.set_options(timeout=WAIT_MS)
        _own_number(up, shop_url)
        yield Stage(up, browser, shop_url, _entered(browser.new_context(), up))


def _own_number(up: Up, shop_url: str) -> None:
    form = {
        "PhoneNumber": NUMBER,
        "SmsUrl": f"{shop_url}/sms",
        "VoiceUrl": f"{shop_url}/voice",
        "FriendlyName": "Fern & Oak",
    }
    up.ask(f"{_ACCOUNT}/IncomingPhoneNumbers.json", form)


def _entered(context: BrowserContext, up: Up) -> Any:
    """The cookies of somebody who came by the link that `up` printed."""
    page = context.new_page()
    page.goto(up.after("console"))
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    cookies = context.storage_state()
    context.close()
    return cookies


def _free(wanted: int) -> int:
    """The port that people know, or 0 when somebody has it."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("what the pictures wait for did not happen")
        time.sleep(0.02)


def paste(line: str) -> Any:
    """What a shell does with a line that somebody copied; the answer."""
    done = subprocess.run(["bash", "-c", line], check=True, capture_output=True, timeout=30)
    return json.loads(done.stdout)
