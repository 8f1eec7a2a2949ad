"""Source text of any language, as far as it is needed here: comments blanked, brackets matched, names of arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

_SLASHES: Final = r"//[^\n]*|/\*.*?\*/"
_HASH: Final = r"(?<![\w$&{])\#[^\n{][^\n]*|(?<![\w$&{])\#(?=\n)"
_TOKENS: Final = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
_COMMENTS: Final = {
    "js": _SLASHES,
    "java": _SLASHES,
    "cs": _SLASHES,
    "go": _SLASHES,
    "php": f"{_SLASHES}|{_HASH}",
    "rb": f"{_HASH}|^=begin.*?^=end",
}
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_STRING: Final = re.compile(_TOKENS, re.DOTALL)
_LINK: Final = re.compile(r"\s*(?:\?\.|&\.|->|::|\.)\s*(\w+)[!?]?")
_KEY: Final = re.compile(
    r"""(?:^|(?<=[,{(\[\s]))(?:["']([\w.]+)["']|:?([A-Za-z_]\w*))\s*(?:=>|:(?![:=]))\s*"""
)
_OPENING: Final = re.compile(r"[\[{(]")
# `row['phone']` and `find(x)` are values, and no arguments by name.
_INDEXED: Final = re.compile(r"[\w\])]\s*$")
_SHORT: Final = re.compile(r"(?:^|[,{])\s*([A-Za-z_]\w*)\s*(?=[,}]|$)")


class Link(Struct, frozen=True):
    """A step of a chain: a name, and what stands in its parentheses (None without)."""

    name: str
    args: str | None


class Chain(Struct, frozen=True):
    links: tuple[Link, ...]
    end: int


def without_comments(text: str, language: str) -> str:
    """The same text with blanks for comments, so that every place stays where it is."""
    pattern = re.compile(f"({_TOKENS})|({_COMMENTS[language]})", re.DOTALL | re.MULTILINE)

    def blank(found: re.Match[str]) -> str:
        return found[0] if found[1] is not None else re.sub(r"[^\n]", " ", found[0])

    return pattern.sub(blank, text)


def line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def closing(text: str, at: int) -> int:
    """The index after the bracket that closes the one at `at`; the end of the text when none does."""
    waiting = []
    while at < len(text):
        letter = text[at]
        if letter in "\"'`":
            string = _STRING.match(text, at)
            at = string.end() if string else at + 1
            continue
        if letter in _CLOSING:
            waiting.append(_CLOSING[letter])
        elif waiting and letter == waiting[-1]:
            waiting.pop()
            if not waiting:
                return at + 1
        at += 1
    return len(text)


def chain(text: str, at: int) -> Chain:
    """The links that follow a name that ends at `at`; Ruby's arguments may go without parentheses."""
    links: list[Link] = []
    while found := _LINK.match(text, at):
        at = found.end()
        opening = re.compile(r"[ \t]*\(").match(text, at)
        if opening:
            end = closing(text, opening.end() - 1)
            links.append(Link(found[1], text[opening.end() : end - 1]))
            at = end
        elif bare := re.compile(r"[ \t]+(?=[a-z_]+: )(?:[^\n]*,\s*\n)*[^\n]*").match(text, at):
            links.append(Link(found[1], bare[0]))
            at = bare.end()
        else:
            links.append(Link(found[1], None))
    return Chain(tuple(links), at)


def keys(args: str) -> set[str]:
    """Names of arguments, and the keys of the first object or array among them; not those further inside."""
    return {key for part in _levels(args) for key in _keys_of(part)}


def leading(args: str) -> int:
    """How many arguments come without a name, before the first that has one or is an object or array."""
    count = at = begin = 0
    while at <= len(args):
        if at == len(args) or args[at] == ",":
            part = args[begin:at].strip()
            if not part or part[0] in "[{" or _KEY.match(part):
                return count
            count, begin = count + 1, at + 1
        elif args[at] in _CLOSING:
            at = closing(args, at)
            continue
        elif args[at] in "\"'`" and (string := _STRING.match(args, at)):
            at = string.end()
            continue
        at += 1
    return count


def _levels(args: str) -> Iterator[str]:
    """The arguments with brackets emptied; then the inside of each object or array among them, likewise."""
    yield _flat(args)
    blank = _without_strings(args)
    at = 0
    while found := _OPENING.search(blank, at):
        at = closing(args, found.start())
        if not _INDEXED.search(blank[: found.start()]):
            yield _flat(args[found.start() + 1 : at - 1])


def _flat(text: str) -> str:
    parts, at = [], 0
    while at < len(text):
        if text[at] in _CLOSING:
            at = closing(text, at)
            parts.append("0")
        elif text[at] in "\"'`" and (string := _STRING.match(text, at)):
            after = text[string.end() : string.end() + 8].lstrip()
            parts.append(string[0] if after.startswith((":", "=>")) else "0")
            at = string.end()
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts)


def _keys_of(flat: str) -> Iterator[str]:
    for found in _KEY.finditer(flat):
        yield found[1] or found[2]
    if "=>" not in flat:
        for found in _SHORT.finditer(flat):
            yield found[1]


def _without_strings(text: str) -> str:
    return _STRING.sub(lambda found: "0" * len(found[0]), text)
