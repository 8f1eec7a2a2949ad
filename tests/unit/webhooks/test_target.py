"""URLs of webhooks: what is requested is what is signed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localloop.webhooks import target
from localloop.webhooks.failure import Failure


@pytest.mark.parametrize(
    ("given", "requested"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTP://Example.com:80/A%7eb/%2F?x=%zz#rc=1", "http://Example.com:80/A%7eb/%2F?x=%zz"),
        ("https://u:p@example.com/a b?q=ä|1", "https://example.com/a%20b?q=%C3%A4%7C1"),
        ("https://example.com?q=1", "https://example.com/?q=1"),
        ("https://example.com/a?", "https://example.com/a"),
        ("http://bücher.example/x", "http://xn--bcher-kva.example/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("  http://example.com/x\n", "http://example.com/x"),
    ],
)
def test_text_that_is_requested(given: str, requested: str) -> None:
    assert target.parse(given).text == requested


def test_parts() -> None:
    parsed = target.parse("https://us%40er:p%3Aw@Example.com/a#rc=3")
    assert parsed.origin == ("https", "example.com", 443)
    assert parsed.credentials == ("us@er", "p:w")
    assert parsed.overrides.retries == 3


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", 11100),
        ("example.com/sms", 11100),
        ("ftp://example.com/", 11100),
        ("http:///sms", 11100),
        ("http://example.com:99999/", 11100),
        ("http://[::1/", 11100),
        ("http://exa mple.com/", 11210),
        ("http://a..ä.example/", 11210),
        ("http://:80/", 11210),
        ("http://example.com/#rp=nonsense", 11243),
    ],
)
def test_bad_urls(url: str, code: int) -> None:
    with pytest.raises(Failure) as raised:
        target.parse(url)
    assert raised.value.code == code


def test_redirects_resolve_against_the_target_and_keep_its_overrides() -> None:
    here = target.parse("https://example.com/a/b?x=1#rc=4")
    there = target.redirected(here, "../c?y=2#frag")
    assert there.text == "https://example.com/c?y=2"
    assert there.overrides.retries == 4


@settings(deadline=None)
@given(st.text(max_size=40))
def test_what_is_requested_is_what_is_signed(text: str) -> None:
    try:
        parsed = target.parse(f"http://example.com/{text}")
    except Failure:
        return
    assert parsed.text.isascii()
    assert f"http://example.com{parsed.url.raw_path_qs}" == parsed.text
    assert target.parse(parsed.text).text == parsed.text


@settings(deadline=None)
@given(st.text(max_size=40))
def test_nonsense_is_a_failure_and_nothing_worse(text: str) -> None:
    for url in (text, f"http://{text}", f"https://u:p@{text}#{text}"):
        with contextlib.suppress(Failure):
            target.parse(url)
        target.shown(url)


def test_shown_urls_hold_no_login() -> None:
    assert target.shown("http://user:p@ss@h/a@b?c=d@e#x") == "http://h/a@b?c=d@e"
    assert target.shown("http://[user:pw@x") == "http://x"
    assert target.shown("no url") == "no url"


@pytest.mark.parametrize("location", ["", "ftp://example.com/", "http://", "http://[/"])
def test_redirects_to_nowhere(location: str) -> None:
    with pytest.raises(Failure) as raised:
        target.redirected(target.parse("https://example.com/"), location)
    assert raised.value.code == 11216


def test_what_is_printed_holds_no_login() -> None:
    assert "hunter2" not in repr(target.parse("https://user:hunter2@example.com/a"))


def test_websockets_are_asked_for_by_name() -> None:
    parsed = target.parse("wss://example.com/stream#x", target.WEBSOCKET)
    assert (parsed.text, parsed.origin) == ("wss://example.com/stream", ("wss", "example.com", 443))
    with pytest.raises(Failure):
        target.parse("wss://example.com/stream")


def test_query_is_appended() -> None:
    assert target.with_query(target.parse("http://h/a"), "b=1").text == "http://h/a?b=1"
    assert target.with_query(target.parse("http://h/a?b=1"), "c=2").text == "http://h/a?b=1&c=2"
