"""Stand-ins for phone numbers and for what people wrote: always the same for the same, and of the same kind."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, Final

import orjson

from localloop.core import e164, segments

_E164: Final = re.compile(r"(?<![\w+])\+[1-9][0-9]{6,14}(?![0-9])")
_AMERICAN: Final = re.compile(
    r"(?<![\w+])(?:\(([2-9][0-9]{2})\) ?|([2-9][0-9]{2})-)([2-9][0-9]{2})-([0-9]{4})(?![\w-])"
)
_DIGITS: Final = re.compile(r"(?<![\w+])[0-9]{10,15}(?!\w)")
# Numbers of test credentials: what they cause is in their last digits, and they are nobody's.
_MAGIC: Final = "+1500555"
_KEPT: Final = 3  # national digits that stay: in North America the area code
_TRIES: Final = 200
_KEYWORDS: Final = frozenset(
    "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT OPTOUT REVOKE START YES UNSTOP HELP INFO".split()
)
_BEYOND_GSM: Final = "ж"
_BEYOND_BMP: Final = "\U0001f642"


class Numbers:
    """The stand-ins of one recording. Without the key nobody finds the numbers again."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._of: dict[str, str] = {}
        self._used: set[str] = set()
        self._digits: dict[str, str] = {}  # as they are written without a plus

    def of(self, number: str) -> str:
        """For a number in E.164; of the same country, and in North America of the same area."""
        if number.startswith(_MAGIC):
            return number
        if number not in self._of:
            made = self._made(number)
            self._of[number] = made
            self._used.add(made)
            self._digits[number[1:]] = made[1:]
            code = e164.calling_code(number)
            national, national_made = number[1 + len(code) :], made[1 + len(code) :]
            if len(national) >= 10:
                self._digits[national] = national_made
        return self._of[number]

    def hide(self, text: str) -> str:
        """Every number in a text, as it is usually written."""
        text = _E164.sub(lambda found: self.of(found[0]), text)
        text = _AMERICAN.sub(self._american, text)
        return _DIGITS.sub(lambda found: self._digits.get(found[0], found[0]), text)

    def written(self, text: str) -> str:
        """What is known to be a number, however it is written."""
        hidden = self.hide(text)
        if hidden != text or not 7 <= sum(letter.isdigit() for letter in text) <= 15:
            return hidden
        read = e164.parse(text)
        if read is None:
            return text
        made = self.of(read.e164)
        return made[1:] if text.isdigit() and text == read.e164[1:] else made

    def _american(self, found: re.Match[str]) -> str:
        made = self.of(f"+1{found[1] or found[2]}{found[3]}{found[4]}")
        area, exchange, line = made[2:5], made[5:8], made[8:12]
        opening = f"({area}){' ' if ') ' in found[0] else ''}" if found[1] else f"{area}-"
        return f"{opening}{exchange}-{line}"

    def _made(self, number: str) -> str:
        kept = 1 + len(e164.calling_code(number)) + _KEPT
        kept = min(kept, len(number) - 4)
        wanted = e164.parse(number)
        made = number
        for attempt in range(_TRIES):
            digest = hmac.new(self._key, f"{number}/{attempt}".encode(), hashlib.sha256).digest()
            drawn = str(int.from_bytes(digest)).rjust(40, "0")[-(len(number) - kept) :]
            candidate = number[:kept] + drawn
            if candidate == number or candidate in self._used:
                continue
            made = candidate
            read = e164.parse(made)
            if wanted is None or (read is not None and read.is_valid >= wanted.is_valid):
                break
        return made


def veiled(text: str) -> str:
    """The same length, the same alphabet (so the same number of segments), and nothing to read."""
    if text.strip().upper() in _KEYWORDS:
        return text
    return "".join(map(_veiled_letter, text))


def _veiled_letter(letter: str) -> str:
    if letter.isascii():
        if letter.isdigit():
            return "0"
        return ("X" if letter.isupper() else "x") if letter.isalpha() else letter
    if segments.is_gsm(letter):
        return "x" if letter.isalpha() else letter
    return _BEYOND_BMP if ord(letter) > 0xFFFF else _BEYOND_GSM


def veiled_value(text: str) -> str:
    """The value of a parameter: JSON and XML stay what they are, and only their texts are veiled."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        try:
            return orjson.dumps(_veiled_leaves(orjson.loads(text))).decode()
        except orjson.JSONDecodeError:
            return veiled(text)
    if start == "<":
        return re.sub(r"(?<=>)[^<>]+(?=<)", lambda found: veiled(found[0]), text)
    return veiled(text)


def _veiled_leaves(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _veiled_leaves(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_veiled_leaves(inner) for inner in value]
    return veiled(value) if isinstance(value, str) else value
