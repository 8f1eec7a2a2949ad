"""A recorded request as it is asked here: by the names that things have here, and with nobody else's addresses."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from localloop.core import sids
from localloop.intercept.comparison.names import Names
from localloop.intercept.recording import Answer, Request
from localloop.rest.masking import HIDDEN

_URL: Final = re.compile(r"\b(https?)://([^\s\"'<>\\]+)", re.IGNORECASE)
_PASSED_ON: Final = ("Content-Type", "Accept", "If-Match", "I-Twilio-Idempotency-Token", "User-Agent")
_TEXTS: Final = frozenset({"Body", "FriendlyName"})
_STANDIN: Final = "Stand-in-4-a-secret"
_WRONG: Final = "0" * 32


class Untranslatable(Exception):
    """Why a request cannot be asked here."""


class Translation:
    """For one replay. `catcher` is where callbacks go instead of the program's own addresses."""

    def __init__(self, names: Names, account_sid: str, catcher: str) -> None:
        self._names = names
        self._account_sid = account_sid
        self._catcher = catcher

    def request(self, there: Request, answer: Answer) -> Request:
        """Raises Untranslatable."""
        if there.body is None:
            raise Untranslatable("its body was not kept")
        page = self._names.page(there)
        if page == "":
            raise Untranslatable("it asks for a page that is not there here")
        worked = answer.status < 400
        if worked and page is None:
            self._check(there)
        parts = urlsplit(there.url)
        target = page or self._target(there, worked)
        return Request(
            method=there.method,
            url=f"{parts.scheme}://{parts.netloc}{target}",
            headers=(*self._authorization(there, answer), *_passed_on(there)),
            body=self._body(there, worked),
        )

    def caught(self, url: str) -> str:
        """The program's address, as the catcher has it."""
        return _URL.sub(self._caught, url)

    def original(self, url: str) -> str:
        """The program's address, of a callback that came to the catcher."""
        scheme, _, rest = url.removeprefix(self._catcher).removeprefix("/").partition("/")
        return f"{scheme}://{rest}"

    def _check(self, there: Request) -> None:
        unknown = self._names.unknown(
            f"{unquote(there.path)} {there.params} {'' if there.form else there.body}"
        )
        if unknown:
            raise Untranslatable(f"it is about {unknown[0]}, which the recording did not create")

    def _target(self, there: Request, worked: bool) -> str:
        parts = urlsplit(there.url)
        path = self._names.here(unquote(parts.path)) if "%" in parts.path else self._names.here(parts.path)
        query = self._pairs(there.query, worked)
        return urlunsplit(("", "", quote(path, safe="/:@+.~!$&'()*,;=-_"), query, ""))

    def _body(self, there: Request, worked: bool) -> str:
        if there.form:
            return self._pairs(there.form, worked)
        text = self._names.here(there.body or "").replace(HIDDEN, _STANDIN)
        return _URL.sub(self._caught, text) if worked else text

    def _pairs(self, given: list[tuple[str, str]], worked: bool) -> str:
        return urlencode([(name, self._value(name, value, worked)) for name, value in given])

    def _value(self, name: str, value: str, worked: bool) -> str:
        """An address that was refused is refused here as well, and must be what it was."""
        value = self._names.here(value).replace(HIDDEN, _STANDIN)
        return _URL.sub(self._caught, value) if worked and name not in _TEXTS else value

    def _caught(self, found: re.Match[str]) -> str:
        return f"{self._catcher}/{found[1].lower()}/{found[2].rpartition('@')[2]}"

    def _authorization(self, there: Request, answer: Answer) -> Iterator[tuple[str, str]]:
        given = there.header("Authorization")
        if not given:
            return
        name = given.removeprefix("Basic ").partition(":")[0]
        known = self._names.sid(name) if sids.is_sid(name) else None
        sid = known if known in self._names.secrets else self._account_sid
        secret = _WRONG if answer.status == 401 else self._names.secrets[sid]
        yield "Authorization", f"Basic {b64encode(f'{sid}:{secret}'.encode()).decode()}"


def _passed_on(there: Request) -> Iterator[tuple[str, str]]:
    for name in _PASSED_ON:
        if value := there.header(name):
            yield name, value
