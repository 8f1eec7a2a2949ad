"""How many parts a text message takes: GSM 03.38 or UCS-2, alone or concatenated, and smart encoding.

A single part holds 160 septets or 70 UTF-16 units; a part of several gives 7 septets or 3 units to the header
that numbers it (3GPP TS 23.040 §9.2.3.24.1). Neither an escaped character nor a surrogate pair is ever split,
so a part may stay one unit short.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

Encoding = Literal["GSM-7", "UCS-2"]

GSM_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION: Final = "\f^{}\\[~]|€"  # each takes an escape septet before it

_GSM_SINGLE: Final = 160
_GSM_PART: Final = 153
_UCS2_SINGLE: Final = 70
_UCS2_PART: Final = 67

# Of ASCII, these are basic: one look at a typical text decides it.
_PLAIN: Final = re.compile(r"[ -Z_a-z\n\r]*")
_GSM: Final = re.compile(f"[{re.escape(GSM_BASIC + GSM_EXTENSION)}]*")
_EXTENDED: Final = re.compile(f"[{re.escape(GSM_EXTENSION)}]")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")


class Segments(Struct, frozen=True):
    """`units` are septets, escapes included, or UTF-16 units; an empty text is one empty part."""

    encoding: Encoding
    parts: int
    units: int


def count(body: str) -> Segments:
    """The encoding that fits this text and the parts it takes."""
    if _PLAIN.fullmatch(body):
        return _counted("GSM-7", body, None, _GSM_SINGLE, _GSM_PART)
    if _GSM.fullmatch(body):
        return _counted("GSM-7", body, _EXTENDED, _GSM_SINGLE, _GSM_PART)
    return _counted("UCS-2", body, _ASTRAL, _UCS2_SINGLE, _UCS2_PART)


def _counted(
    encoding: Encoding, body: str, double: re.Pattern[str] | None, single: int, part: int
) -> Segments:
    """`double` finds the characters that take two units and may not be split."""
    pairs = [match.start() for match in double.finditer(body)] if double else []
    units = len(body) + len(pairs)
    if units <= single:
        return Segments(encoding, 1, units)
    return Segments(encoding, _parts(units, pairs, part), units)


def _parts(units: int, pairs: list[int], part: int) -> int:
    """Parts needed when every pair that would straddle a boundary moves whole into the next part."""
    wasted = 0
    for earlier, position in enumerate(pairs):
        if (position + earlier + wasted) % part == part - 1:
            wasted += 1
    return -(-(units + wasted) // part)


def is_gsm(body: str) -> bool:
    """Whether the text fits GSM 03.38 with its extension table."""
    return _GSM.fullmatch(body) is not None


def smart_encode(body: str) -> str:
    """Replace what looks like a GSM character by that character; scripts and emoji stay as they are."""
    return body if is_gsm(body) else body.translate(_REPLACEMENTS)


# Replacement → the characters replaced, after Twilio's published list.
_LOOKALIKES: Final = {
    '"': "«»“”ʺˮ‟❝❞〝〞„",
    "'": "‘’ʻˈʼʽʹ‛´ˊ`ˋ❛❜\u0313\u0314\ufe10\ufe11",
    "/": "÷⧸\u0337\u0338⁄∕",
    "1/4": "¼",
    "1/2": "½",
    "3/4": "¾",
    "\\": "⧹⧵\u20e5﹨",
    "_": "\u0332‗",
    "|": "\u20d2\u20d3∣⎸⎹⏐⎜⎟",
    "-": "⎼⎽―﹣‐⁃—–•",
    "@": "﹫",
    "$": "﹩",
    "!": "ǃ︕﹗",
    "!!": "‼",
    "#": "﹟",
    "%": "﹪",
    "&": "﹠",
    ",": "‚\u0326﹐﹑､、",
    "(": "❨❪﹙⟮⦅",
    ")": "❩❫﹚⟯⦆",
    "*": "⁎∗⊛✢✣✤✥✱✲✳✺✻✼✽❃❉❊❋⧆﹡",
    "+": "˖﹢",
    ".": "。﹒｡",
    "...": "…",
    ":": "ː˸⦂꞉︓",
    ";": "⁏︔﹔",
    "<": "﹤›",  # the list has the two angle quotation marks crossed
    "=": "\u0347꞊﹦",
    ">": "﹥‹",
    "?": "︖﹖",
    "^": "ˆ\u0302\u1dcd",
    "{": "❴﹛",
    "}": "❵﹜",
    "~": "˜˷\u0303\u0330\u0334∼",
    "A": "ᴀ",
    "B": "ʙ",
    "C": "ᴄ",
    "D": "ᴅ",
    "E": "ᴇ",
    "F": "ꜰ",
    "G": "ɢ",
    "H": "ʜ",
    "I": "ɪ",
    "J": "ᴊ",
    "K": "ᴋ",
    "L": "ʟ",
    "M": "ᴍ",
    "N": "ɴ",
    "O": "ᴏ",
    "P": "ᴘ",
    "R": "ʀ",
    "S": "ꜱ",
    "T": "ᴛ",
    "U": "ᴜ",
    "V": "ᴠ",
    "W": "ᴡ",
    "Y": "ʏ",
    "Z": "ᴢ",
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f"
    "\u3000\u0080\u008d\u0090\u009b\u009f",
    "": "\u0000\u0003\u0004\u0010\u0011\u0012\u0013\u0014\u0017\u0019\u200b\u2060\ufeff",
}
_FULLWIDTH: Final = (*range(0xFF01, 0xFF40), *range(0xFF5B, 0xFF5F))  # ASCII's order, U+FEE0 higher

_REPLACEMENTS: Final = {ord(odd): plain for plain, row in _LOOKALIKES.items() for odd in row} | {
    code: chr(code - 0xFEE0) for code in _FULLWIDTH
}
