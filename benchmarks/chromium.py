"""The console in a real Chromium, as somebody has it open beside what they develop."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks import processes
from benchmarks.instance import ACCOUNT_SID, AUTH_TOKEN, Instance
from benchmarks.table import NotRun

_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextlib.contextmanager
def signed_in(instance: Instance) -> Iterator[BrowserContext]:
    """A browser with the cookies of somebody who may look, and no page open yet."""
    program = shutil.which("chromium")
    if program is None:
        raise NotRun("chromium is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{instance.url}/console/")
        page.get_by_label("Account SID").fill(ACCOUNT_SID)
        page.get_by_label("Auth token").fill(AUTH_TOKEN)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation", name="Pages").wait_for()
        page.close()
        yield context
        browser.close()


@contextlib.contextmanager
def open_page(context: BrowserContext, instance: Instance, path: str) -> Iterator[Page]:
    """A page of the console that hears the feed."""
    page = context.new_page()
    page.goto(f"{instance.url}/console/{path}")
    page.get_by_text("Live", exact=True).first.wait_for()
    yield page
    page.close()


def pids() -> list[int]:
    """The browser's processes, those of the open page among them."""
    return [member.pid for member in processes.family(os.getpid()) if "chromium" in member.command]
