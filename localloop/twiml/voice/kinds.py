"""How the text of an attribute is read: one kind for each sort of value that TwiML knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from localloop.twiml.script import absolute

Value: TypeAlias = str | int | bool | tuple[str, ...]

MAX_URL: Final = 4000
_LONGEST_SHOWN: Final = 80


class Invalid(ValueError):
    """The text is none of this kind."""

    def __init__(self, raw: str, wanted: str) -> None:
        shown = raw if len(raw) <= _LONGEST_SHOWN else f"{raw[:_LONGEST_SHOWN]}…"
        super().__init__(f"{shown!r} is not {wanted}")


class Whole(Struct, frozen=True):
    """A whole number; beyond `cap` it is `cap`, and `words` are as good as numbers."""

    least: int = 0
    most: int | None = None
    cap: int | None = None
    words: tuple[str, ...] = ()

    def read(self, raw: str, _base: str) -> Value:
        if raw in self.words:
            return raw
        if not re.fullmatch(r"\+?[0-9]{1,18}", raw):
            raise Invalid(raw, str(self))
        number = int(raw)
        if number < self.least or (self.most is not None and number > self.most):
            raise Invalid(raw, str(self))
        return number if self.cap is None else min(number, self.cap)

    def __str__(self) -> str:
        if self.most is not None:
            span = f"{self.least} to {self.most}"
        else:
            span = f"{self.least} or more" + (f", counted to {self.cap}" if self.cap is not None else "")
        return ", ".join((f"a whole number, {span}", *(f"or `{word}`" for word in self.words)))


class Flag(Struct, frozen=True):
    """true or false."""

    def read(self, raw: str, _base: str) -> Value:
        if raw.lower() in ("true", "false"):
            return raw.lower() == "true"
        raise Invalid(raw, str(self))

    def __str__(self) -> str:
        return "`true`, `false`"


class OneOf(Struct, frozen=True):
    """One of these words; `same` are other ways to write some of them."""

    values: tuple[str, ...]
    same: Mapping[str, str] = {}
    any_case: bool = False

    def read(self, raw: str, _base: str) -> Value:
        word = raw
        if self.any_case:
            word = next((value for value in self.values if value.lower() == raw.lower()), raw)
        word = self.same.get(word, word)
        if word not in self.values:
            raise Invalid(raw, f"one of {', '.join(self.values)}")
        return word

    def __str__(self) -> str:
        return ", ".join(f"`{value}`" for value in (*self.values, *self.same))


class SomeOf(Struct, frozen=True):
    """Words of these, with blanks between them."""

    values: tuple[str, ...]

    def read(self, raw: str, _base: str) -> Value:
        words = tuple(dict.fromkeys(raw.split()))
        if not words or any(word not in self.values for word in words):
            raise Invalid(raw, f"some of {', '.join(self.values)}")
        return words

    def __str__(self) -> str:
        return "some of " + ", ".join(f"`{value}`" for value in self.values)


class Text(Struct, frozen=True):
    """Any text of a length and a pattern."""

    wanted: str = "text"
    pattern: str = ""
    least: int = 0
    most: int = 4096

    def read(self, raw: str, _base: str) -> Value:
        if not self.least <= len(raw) <= self.most or (self.pattern and not re.fullmatch(self.pattern, raw)):
            raise Invalid(raw, self.wanted)
        return raw

    def __str__(self) -> str:
        return self.wanted


class Link(Struct, frozen=True):
    """A URL, made absolute by that of the document; `silent` ones may be empty, `whole` ones must be absolute."""

    silent: bool = False
    whole: bool = False

    def read(self, raw: str, base: str) -> Value:
        if not raw and self.silent:
            return ""
        url = absolute(raw, "" if self.whole else base) if len(raw) <= MAX_URL else None
        if url is None:
            raise Invalid(raw, "a URL")
        return url

    def __str__(self) -> str:
        if self.silent:
            return "a URL, or empty for silence"
        return "an absolute URL" if self.whole else "a URL"


class Socket(Struct, frozen=True):
    """The URL of a WebSocket over TLS, without a query."""

    may_ask: bool = False

    def read(self, raw: str, _base: str) -> Value:
        good = len(raw) <= MAX_URL and re.fullmatch(r"wss://[^\s/?#][^\s?#]*(\?[^\s#]*)?", raw)
        if not good or ("?" in raw and not self.may_ask):
            raise Invalid(raw, str(self))
        return raw

    def __str__(self) -> str:
        return "a `wss` URL" if self.may_ask else "a `wss` URL without a query"


class Hints(Struct, frozen=True):
    """Entries with commas between them, as many and as long as speech recognition takes."""

    most: int = 500
    longest: int = 100

    def read(self, raw: str, _base: str) -> Value:
        entries = [entry.strip() for entry in raw.split(",")]
        if len(entries) > self.most or any(len(entry) > self.longest for entry in entries):
            raise Invalid(raw, str(self))
        return raw

    def __str__(self) -> str:
        return f"at most {self.most} entries of {self.longest} characters, with commas"


Kind: TypeAlias = Whole | Flag | OneOf | SomeOf | Text | Link | Socket | Hints

METHOD: Final = OneOf(("GET", "POST"), any_case=True)
LANGUAGE: Final = Text("a language tag such as en-US", r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", 2, 35)
KEYS: Final = Text("keys: 0-9 * # A-D, w and W to wait", r"[0-9*#A-Da-dwW]+", 1, 256)
SECONDS: Final = Whole(1)
