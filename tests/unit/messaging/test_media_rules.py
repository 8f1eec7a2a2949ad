"""What may go with a message, by type and size, and what a server lets us use again."""

from __future__ import annotations

import pytest

from localloop.core import sids
from localloop.products.messaging.media import cache, rules

TO, WHATSAPP = "+15558675310", "whatsapp:+15558675310"
MEGABYTE = 1024 * 1024


def test_what_carriers_take() -> None:
    """By its essence, in whatever case, with whatever parameters."""
    for kind in (
        "image/jpeg",
        "IMAGE/PNG; charset=binary",
        "image/gif",
        "video/mp4",
        "video/3gpp",
        "audio/mpeg",
    ):
        assert rules.refusal(TO, kind, 1) is None
    for kind in (
        "text/vcard",
        "text/csv",
        "text/rtf",
        "text/calendar",
        "application/pdf",
        "application/vcard",
    ):
        assert rules.refusal(TO, kind, 1) is None
    for kind in (
        "",
        "text/html",
        "text/plain",
        "image/svg+xml",
        "application/octet-stream",
        "application/zip",
    ):
        assert rules.refusal(TO, kind, 1) == 12300


@pytest.mark.parametrize(
    ("to", "kind", "size", "code"),
    [
        (TO, "image/png", 5 * MEGABYTE, None),
        (TO, "image/png", 5 * MEGABYTE + 1, 11751),
        (TO, "video/mp4", 500 * 1024, None),
        (TO, "video/mp4", 500 * 1024 + 1, 30019),
        (TO, "video/mp4", 5 * MEGABYTE + 1, 11751),
        (WHATSAPP, "video/mp4", 16 * MEGABYTE, None),
        (WHATSAPP, "video/mp4", 16 * MEGABYTE + 1, 63034),
        (WHATSAPP, "application/msword", 1, None),
        (WHATSAPP, "text/html", 1, 63021),
    ],
)
def test_sizes(to: str, kind: str, size: int, code: int | None) -> None:
    assert rules.refusal(to, kind, size) == code


def test_all_files_of_a_message_together() -> None:
    assert rules.refusal_of_all(TO, [5 * MEGABYTE]) is None
    assert rules.refusal_of_all(TO, [5 * MEGABYTE, 1]) == 11751
    assert rules.refusal_of_all(WHATSAPP, [5 * MEGABYTE, 1]) is None


def test_channels_have_a_code_of_their_own_for_what_cannot_be_had() -> None:
    assert (rules.not_retrieved(TO, 11205), rules.not_retrieved(WHATSAPP, 11205)) == (11205, 63019)


@pytest.mark.parametrize(
    ("headers", "kept", "fresh"),
    [
        ({}, False, False),
        ({"ETag": '"a"'}, True, False),
        ({"Last-Modified": "Sat, 01 Aug 2026 00:00:00 GMT"}, True, False),
        ({"Cache-Control": "public, max-age=60"}, True, True),
        ({"Cache-Control": "max-age=0"}, False, False),
        ({"Cache-Control": "max-age=60, no-cache", "ETag": '"a"'}, True, False),
        ({"Cache-Control": "no-store", "ETag": '"a"'}, False, False),
        ({"Cache-Control": "private, max-age=60"}, False, True),
        ({"Cache-Control": "x-max-age=60"}, False, False),
    ],
)
def test_what_a_server_says_of_a_file(headers: dict[str, str], kept: bool, fresh: bool) -> None:
    copies = cache.Copies()
    told = copies.note("AC1", "http://x.test/a", cache.Copy(sids.new_id(), "image/png", 1), headers)
    assert (copies.find("AC1", "http://x.test/a") is not None, told.is_fresh) == (kept, fresh)
    assert copies.find("AC2", "http://x.test/a") is None


def test_conditions_prefer_the_tag() -> None:
    copy = cache.Copy(sids.new_id(), "image/png", 1, etag='"a"', last_modified="yesterday")
    assert copy.conditions == {"If-None-Match": '"a"'}


def test_old_copies_make_room() -> None:
    copies = cache.Copies()
    for number in range(cache.MOST + 1):
        copies.note("AC1", f"http://x.test/{number}", cache.Copy(sids.new_id(), "a/b", 1), {"ETag": "x"})
    assert copies.find("AC1", "http://x.test/0") is None
    assert copies.find("AC1", "http://x.test/1") is not None
