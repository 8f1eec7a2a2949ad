"""Cookies of a conversation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from localloop.webhooks import cookies, target
from localloop.webhooks.login import Challenge, Login

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HERE = target.parse("https://app.example/sms/in")


def test_what_was_set_comes_back_to_its_host() -> None:
    jar = cookies.updated(cookies.EMPTY, HERE, ["session=abc; Path=/; HttpOnly", "lang = de"], NOW)
    assert cookies.header(jar, HERE, NOW) == "lang=de; session=abc"
    assert cookies.header(jar, target.parse("https://app.example/voice"), NOW) == "session=abc"
    assert cookies.header(jar, target.parse("https://other.example/sms/in"), NOW) == ""


def test_a_later_value_replaces_and_expiry_removes() -> None:
    jar = cookies.updated(cookies.EMPTY, HERE, ["a=1; Path=/", "b=2; Path=/; Max-Age=60"], NOW)
    jar = cookies.updated(jar, HERE, ["a=3; Path=/"], NOW)
    assert cookies.header(jar, HERE, NOW) == "a=3; b=2"
    assert cookies.header(jar, HERE, NOW + timedelta(minutes=2)) == "a=3"
    jar = cookies.updated(jar, HERE, ["a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], NOW)
    assert cookies.header(jar, HERE, NOW) == "b=2"


def test_secure_cookies_stay_off_plain_connections() -> None:
    jar = cookies.updated(cookies.EMPTY, HERE, ["a=1; Path=/; Secure"], NOW)
    assert cookies.header(jar, target.parse("http://app.example/"), NOW) == ""


def test_paths_end_at_a_slash() -> None:
    jar = cookies.updated(cookies.EMPTY, HERE, ["a=1; Path=/sms"], NOW)
    assert cookies.header(jar, target.parse("https://app.example/smsx"), NOW) == ""
    assert cookies.header(jar, target.parse("https://app.example/sms"), NOW) == "a=1"


def test_nonsense_is_ignored() -> None:
    jar = cookies.updated(cookies.EMPTY, HERE, ["", "novalue", "c=1; Max-Age=x"], NOW)
    assert jar.cookies == (cookies.Cookie("app.example", "/sms", "c", "1"),)


@pytest.mark.parametrize("line", ["=x", " =x; Path=/", "a\x00=b", "a=b\tc", "a=\vb"])
def test_cookies_that_twilio_refuses(line: str) -> None:
    """Error 11206, "invalid cookie character" and "a cookie with an empty name"."""
    with pytest.raises(ValueError, match="cookie"):
        cookies.updated(cookies.EMPTY, HERE, [line], NOW)


def test_logins_are_not_stored_with_cookies() -> None:
    login = Login(HERE.origin, ("user", "hunter2"), Challenge("basic", {}))
    jar = cookies.updated(cookies.EMPTY, HERE, ["a=1"], NOW).logged_in(login)
    assert jar.login(HERE.origin) == login
    assert "hunter2" not in repr(jar)
    assert jar.without_logins().cookies == jar.cookies
    assert b"hunter2" not in msgspec.json.encode(jar.without_logins())
