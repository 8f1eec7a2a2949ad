"""A real Chromium on the console of a real `localloop up`, and the example program behind a number."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from application import on_a_thread
from installed import Home, Up
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests import needs
from tests.browser.chromium import FLAGS, WAIT_MS
from tests.browser.pages import furnish

APP = Path(__file__).parents[2] / "examples" / "sms_reply" / "app.py"
Open = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium for this folder: while Playwright runs, no other test of this process may run an event loop."""
    chromium = needs.find("chromium")
    needs.find("console-page")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def alone() -> Iterator[Up]:
    home = Home()
    up = home.up("--ephemeral", "--single", "--message-rate", "0")
    try:
        yield up
    finally:
        up.destroy()
        home.remove()


@pytest.fixture(scope="package")
def shared_up() -> Iterator[Up]:
    with alone() as up:
        yield up


@pytest.fixture(scope="module")
def up(shared_up: Up) -> Up:
    """As an account of the file's own sees it; who looks at the processes takes one `alone`."""
    return shared_up.for_another()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, up: Up) -> Path | dict[str, object]:
    """The cookies of somebody who came by the link that `up` printed."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(up.after("console"))
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def open_page(browser: Browser, up: Up, signed_in: dict[str, object]) -> Iterator[Open]:
    """Opens a page of the console, signed in; what the page logs as an error fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "", **options: object) -> Page:
        context = browser.new_context(storage_state=signed_in, **options)  # type: ignore[arg-type]
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=up.url)
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{up.url}/console/{path}")
        expect(page.get_by_role("main")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not [text for text in complaints if "net::ERR" not in text and "status of 4" not in text]


@pytest.fixture(scope="module")
def furnished(browser: Browser, up: Up, signed_in: dict[str, object]) -> dict[str, str]:
    """The addresses of all pages, by name, with something on each."""
    context = browser.new_context(storage_state=signed_in)  # type: ignore[arg-type]
    addresses = furnish(up, context.new_page())
    context.close()
    return addresses


class Program:
    """An application that answers calls in TwiML, by path; at `/status` it is told of them."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.url = ""

    def __call__(self, environ: dict[str, str], start: Callable[..., object]) -> list[bytes]:
        document = self.documents.get(environ["PATH_INFO"], "<Response/>")
        start("200 OK", [("Content-Type", "text/xml")])
        return [document.encode()]


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    program = Program()
    server = make_server("127.0.0.1", 0, program, threaded=True)  # type: ignore[arg-type]
    with on_a_thread(server):
        program.url = f"http://127.0.0.1:{server.server_port}"
        yield program


@pytest.fixture(scope="module")
def example(up: Up) -> Iterator[str]:
    """examples/sms_reply on a port of its own."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TWILIO_AUTH_TOKEN", up.token)
    spec = importlib.util.spec_from_file_location("sms_reply_in_browser_tests", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = make_server("127.0.0.1", 0, module.app, threaded=True)
    with on_a_thread(server):
        yield f"http://127.0.0.1:{server.server_port}"
    patch.undo()
