"""What goes by which name there and here: SIDs, numbers that were on offer, addresses of pages, tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from localloop.intercept.recording import Request

SID: Final = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9a-f]{32}(?![0-9A-Za-z])")
_PAGES: Final = ("first_page_uri", "next_page_uri", "previous_page_uri", "first_page_url", "next_page_url")
_PAGES_OF_PRODUCTS: Final = ("previous_page_url", "url")
_TOKENS: Final = ("next_token", "previous_token")


class Names:
    """Of one replay. What is not known stays what it is, and `unknown` tells it."""

    def __init__(self) -> None:
        self._sids: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._pages: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self.secrets: dict[str, str] = {}  # account or key here → what it authenticates with

    def same(self, there: str, here: str) -> None:
        self._sids.setdefault(there, here)

    def sid(self, there: str) -> str | None:
        return self._sids.get(there)

    def unknown(self, text: str) -> list[str]:
        return [sid for sid in SID.findall(text) if sid not in self._sids]

    def made(self, prefix: str) -> int:
        """How many SIDs of this kind are known."""
        return sum(sid.startswith(prefix) for sid in self._sids)

    def here(self, text: str) -> str:
        """A text with everything in it by its name here."""
        text = SID.sub(lambda found: self._sids.get(found[0], found[0]), text)
        for there, here in self._numbers.items():
            text = text.replace(there, here).replace(f"%2B{there[1:]}", f"%2B{here[1:]}")
        for there, here in self._tokens.items():
            text = text.replace(there, here)
        return text

    def page(self, request: Request) -> str | None:
        """Path and query here of a page that an earlier answer led to; "" where there is none here."""
        return self._pages.get(_target(request.url))

    def learn(self, there: Any, here: Any) -> None:
        """From two answers to the same request."""
        if isinstance(there, dict) and isinstance(here, dict):
            self._learn_secret(here)
            self._learn_pages(there, here)
            for name, value in there.items():
                if name == "available_phone_numbers":
                    self._learn_numbers(value, here.get(name))
                else:
                    self.learn(value, here.get(name))
        elif isinstance(there, list) and isinstance(here, list):
            if len(there) == len(here):
                for said, says in zip(there, here, strict=True):
                    self.learn(said, says)
        elif isinstance(there, str) and isinstance(here, str):
            self._learn_sids(there, here)

    def _learn_sids(self, there: str, here: str) -> None:
        known, new = SID.findall(there), SID.findall(here)
        if [sid[:2] for sid in known] == [sid[:2] for sid in new]:
            for said, says in zip(known, new, strict=True):
                if says not in self._sids.values():
                    self._sids.setdefault(said, says)

    def _learn_numbers(self, there: Any, here: Any) -> None:
        """Numbers on offer are others here; who buys one of them buys the one in its place."""
        for said, says in zip(_numbers(there), _numbers(here), strict=False):
            self._numbers.setdefault(said, says)

    def _learn_secret(self, here: dict[str, Any]) -> None:
        sid, secret = here.get("sid"), here.get("auth_token") or here.get("secret")
        if isinstance(sid, str) and isinstance(secret, str):
            self.secrets[sid] = secret

    def _learn_pages(self, there: dict[str, Any], here: dict[str, Any]) -> None:
        for name in (*_PAGES, *_PAGES_OF_PRODUCTS):
            said, says = there.get(name), here.get(name)
            if isinstance(said, str) and name in here:
                # "": the recorded list went on, and the one here does not.
                self._pages[_target(said)] = _target(says) if isinstance(says, str) else ""
        for name in _TOKENS:
            said, says = there.get(name), here.get(name)
            if isinstance(said, str) and isinstance(says, str):
                self._tokens[said] = says


def _numbers(offered: Any) -> Iterable[str]:
    rows = offered if isinstance(offered, list) else []
    return (row["phone_number"] for row in rows if isinstance(row, dict) and row.get("phone_number"))


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
