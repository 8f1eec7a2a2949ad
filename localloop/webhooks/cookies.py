"""What an application gave to one call or conversation, and what comes back to it: cookies, and being logged in.

The jar is a value that its owner keeps (a call for its length, a pair of numbers for four hours). Only to the host
that set a cookie does it come back; a login only to its origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from localloop.webhooks.login import Login, Origin
from localloop.webhooks.target import Target


class Cookie(Struct, frozen=True):
    """One cookie. A `Domain` is not honoured: it could hand one tenant's cookie to another."""

    host: str
    path: str
    name: str
    value: str
    secure: bool = False
    expires: datetime | None = None


class Jar(Struct, frozen=True):
    """Cookies may be stored with what they belong to; logins hold passwords and may not: `without_logins`."""

    cookies: tuple[Cookie, ...] = ()
    logins: tuple[Login, ...] = ()

    def login(self, origin: Origin) -> Login | None:
        return next((login for login in self.logins if login.origin == origin), None)

    def logged_in(self, login: Login) -> Jar:
        """The jar with this login instead of an earlier one to the same origin."""
        return replace(self, logins=(*self.logged_out(login.origin).logins, login))

    def logged_out(self, origin: Origin) -> Jar:
        return replace(self, logins=tuple(login for login in self.logins if login.origin != origin))

    def without_logins(self) -> Jar:
        return Jar(self.cookies)


EMPTY: Final = Jar()


def header(jar: Jar, target: Target, now: datetime) -> str:
    """The value of `Cookie` for a request, longest path first (RFC 6265 §5.4); empty when there is none."""
    path = target.url.raw_path
    fitting = [
        cookie
        for cookie in jar.cookies
        if cookie.host == target.host
        and (cookie.expires is None or cookie.expires > now)
        and (not cookie.secure or target.origin[0] in ("https", "wss"))
        and _covers(cookie.path, path)
    ]
    fitting.sort(key=lambda cookie: -len(cookie.path))
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)


def updated(jar: Jar, target: Target, set_cookies: Iterable[str], now: datetime) -> Jar:
    """The jar after an answer from this target; what has expired leaves it. ValueError for a cookie that is none."""
    kept = {(cookie.host, cookie.path, cookie.name): cookie for cookie in jar.cookies}
    for line in set_cookies:
        cookie = _parsed(line, target, now)
        if cookie is not None:
            kept[cookie.host, cookie.path, cookie.name] = cookie
    fresh = (cookie for cookie in kept.values() if cookie.expires is None or cookie.expires > now)
    return replace(jar, cookies=tuple(fresh))


def _covers(cookie_path: str, path: str) -> bool:
    if not path.startswith(cookie_path):
        return False
    return cookie_path.endswith("/") or path[len(cookie_path) :][:1] in ("", "/")


def _parsed(line: str, target: Target, now: datetime) -> Cookie | None:
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        return None
    # Error 11206 names both as its causes: an empty name, and what no cookie may hold.
    if not name.strip():
        raise ValueError("a cookie without a name was set")
    if not pair.isprintable():
        raise ValueError(f"the cookie {name.strip()!r} holds what none may hold")
    split = (attribute.partition("=") for attribute in attributes)
    given = {key.strip().lower(): text.strip() for key, _, text in split}
    path = given.get("path", "")
    if not path.startswith("/"):
        path = target.url.raw_path.rpartition("/")[0] or "/"
    return Cookie(target.host, path, name.strip(), value.strip(), "secure" in given, _expiry(given, now))


def _expiry(attributes: dict[str, str], now: datetime) -> datetime | None:
    max_age = attributes.get("max-age", "")
    if max_age.removeprefix("-").isdigit():
        return now + timedelta(seconds=max(-1, min(int(max_age[:10]), 31_536_000)))
    try:
        expires = parsedate_to_datetime(attributes["expires"])
    except (KeyError, ValueError):
        return None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)
