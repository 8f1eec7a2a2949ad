"""The words of `<Say>`: what is heard, and the SSML around it when there is any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

from localloop.twiml.document import Element
from localloop.twiml.script import Notices
from localloop.twiml.voice import grammar
from localloop.twiml.voice.kinds import Invalid

MAX_CHARACTERS: Final = 4096
MAX_PAUSE_MS: Final = 10_000  # the longest <break> that speech synthesis keeps
_STRENGTHS_MS: Final = {"none": 0, "x-weak": 100, "weak": 250, "medium": 500, "strong": 750, "x-strong": 1000}
_PARAGRAPH_MS: Final = 500
_TIME: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)")
_GOOGLE: Final = re.compile(r"Google\.([a-z]{2,3}-[A-Za-z]{2,4})-.+")


class Words(Struct, frozen=True):
    """What a person hears, its markup ("" when it is plain), and the pauses in it."""

    text: str
    ssml: str = ""
    pauses_ms: int = 0


def read(say: Element, notices: Notices) -> Words:
    """Everything inside `<Say>`; what is no SSML is named and left out."""
    reading = _Reading(notices)
    reading.inside(say, "Say")
    text = " ".join("".join(reading.heard).split())
    has_markup = any(isinstance(child, Element) for child in say.children)
    return Words(text, "".join(reading.markup).strip() if has_markup else "", reading.pauses_ms)


def fits(voice: str, language: str) -> bool:
    """Whether this voice speaks this language: a Google voice says in its name which one it speaks."""
    named = _GOOGLE.fullmatch(voice)
    return named is None or language == "en-US" or named[1].lower() == language.lower()


class _Reading:
    def __init__(self, notices: Notices) -> None:
        self.heard: list[str] = []
        self.markup: list[str] = []
        self.pauses_ms = 0
        self._notices = notices

    def inside(self, element: Element, key: str) -> None:
        known = grammar.children_of(key)
        for child in element.children:
            if isinstance(child, str):
                self.heard.append(child)
                self.markup.append(escape(child))
            elif child.name in known:
                self._element(child, known[child.name])
            else:
                self._notices.stray(child, element, known, grammar.NODES[key].stray)

    def _element(self, element: Element, key: str) -> None:
        self._notices.unknown_attributes(element, grammar.attributes_of(key))
        written = "".join(f" {name}={quoteattr(value)}" for name, value in self._good(element, key))
        self.markup.append(f"<{element.name}{written}>")
        if key == "SsmlSub" and element.attributes.get("alias"):
            self.heard.append(element.attributes["alias"])
            self.markup.append(escape(element.text))
        else:
            self._pause(element, key)
            self.inside(element, key)
        self.markup.append(f"</{element.name}>")

    def _good(self, element: Element, key: str) -> Iterator[tuple[str, str]]:
        """The attributes that mean something, as they stand."""
        known = grammar.attributes_of(key)
        for name, value in element.attributes.items():
            if name not in known:
                continue
            try:
                known[name].kind.read(value.strip(), "")
            except Invalid as invalid:
                self._notices.add(known[name].code, f"{name} {invalid}", element)
            else:
                yield name, value

    def _pause(self, element: Element, key: str) -> None:
        if key == "SsmlBreak":
            self.heard.append(" ")
            self.pauses_ms += _break_ms(element)
        elif key in ("SsmlP", "SsmlS"):
            self.heard.append(" ")
            self.pauses_ms += _PARAGRAPH_MS


def _break_ms(element: Element) -> int:
    time = _TIME.fullmatch(element.attributes.get("time", "").strip())
    if time is not None:
        return min(MAX_PAUSE_MS, round(float(time[1]) * (1000 if time[2] == "s" else 1)))
    return _STRENGTHS_MS.get(element.attributes.get("strength", "medium"), _STRENGTHS_MS["medium"])
