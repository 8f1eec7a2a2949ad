"""A picture goes from the phone to the program, and is seen on the way."""

from __future__ import annotations

import struct
import zlib

from installed import Up
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.needs import needs

PHONE = "+15551230031"
_LOADED = "(picture) => picture.decode().then(() => picture.naturalWidth)"


def png(side: int) -> bytes:
    """A square in one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + b"\x0b\x6e\x69" * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@needs("chromium", "console-page")
def test_a_chosen_picture_is_sent_and_shown(open_page: Open, up: Up) -> None:
    up.ask(
        f"/2010-04-01/Accounts/{up.sid}/Messages.json",
        {"From": "+15551230000", "To": PHONE, "Body": "Send a picture"},
    )
    page = open_page(f"phones/{PHONE}")
    phone = page.get_by_role("region", name=f"Phone {PHONE}")
    expect(phone.get_by_text("Send a picture")).to_be_visible()
    phone.get_by_role("button", name="Attach a picture").click()
    chosen = {"name": "door.png", "mimeType": "image/png", "buffer": png(64)}
    phone.locator("input[type=file]").set_input_files([chosen])  # type: ignore[list-item]
    expect(phone.get_by_alt_text("To be sent")).to_be_visible()
    phone.get_by_role("button", name="Send", exact=True).click()

    shown = phone.get_by_alt_text("Attached")
    expect(shown).to_be_visible()
    assert shown.evaluate(_LOADED) == 64
    page.reload()
    assert phone.get_by_alt_text("Attached").evaluate(_LOADED) == 64
    phone.get_by_role("link", name="the whole story of this message").last.click()
    assert page.get_by_alt_text("Medium ME").evaluate(_LOADED) == 64


@needs("chromium", "console-page")
def test_a_picture_elsewhere_is_a_link_and_is_not_fetched(open_page: Open, up: Up) -> None:
    up.ask("/lab/v1/MessagingSettings", {"MediaFetch": "false"})
    form = {
        "From": "+15551230000",
        "To": PHONE,
        "Body": "Look",
        "MediaUrl": "https://elsewhere.example/cat.png",
    }
    up.ask(f"/2010-04-01/Accounts/{up.sid}/Messages.json", form)
    page = open_page(f"phones/{PHONE}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    phone = page.get_by_role("region", name=f"Phone {PHONE}")
    expect(phone.get_by_text("Look").last).to_be_visible()
    assert [url for url in asked if not url.startswith(up.url)] == []


@needs("chromium", "console-page")
def test_what_is_no_picture_is_refused(open_page: Open) -> None:
    page = open_page(f"phones/{PHONE}")
    phone = page.get_by_role("region", name=f"Phone {PHONE}")
    phone.get_by_role("button", name="Attach a picture").click()
    page_file = {"name": "page.png", "mimeType": "image/png", "buffer": b"<script>alert(1)</script>"}
    phone.locator("input[type=file]").set_input_files([page_file])  # type: ignore[list-item]
    expect(phone.get_by_role("alert")).to_contain_text("picture")
