"""Finding the links of a text and putting shorter ones in their place: pure."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable
from typing import Final

from msgspec import Struct

LENGTH: Final = 10  # letters and digits after the domain (Twilio: "Link Shortening")
MEDIA_LENGTH: Final = 7  # of links that stand for media that a carrier does not take
_ALPHABET: Final = string.ascii_letters + string.digits
_URL: Final = re.compile(r"https?://[^\s<>\"]+", re.I)
_CLOSERS: Final = frozenset(".,;:!?'\"")
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


class ShortLink(Struct, frozen=True):
    """A link that a message has in place of a longer one. Without a domain nobody is told of clicks."""

    code: str
    url: str
    domain_sid: str | None = None


class Shortened(Struct, frozen=True):
    text: str
    links: tuple[ShortLink, ...] = ()


def new_code(length: int = LENGTH) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def shorten(text: str, base: str, domain_sid: str, make: Callable[[], str] = new_code) -> Shortened:
    """Every link of the text, each by a code of its own below `base`; those that are short already stay."""
    links: list[ShortLink] = []

    def put(found: re.Match[str]) -> str:
        url, rest = _cut(found[0])
        if url.startswith(base):
            return found[0]
        link = ShortLink(make(), url, domain_sid)
        links.append(link)
        return f"{base}{link.code}{rest}"

    return Shortened(_URL.sub(put, text), tuple(links))


def media_links(text: str, urls: tuple[str, ...], base: str) -> Shortened:
    """The text of a message whose media are sent as links, since its recipient takes none: billed as a text."""
    links = tuple(ShortLink(new_code(MEDIA_LENGTH), url) for url in urls)
    return Shortened("\n".join([*([text] if text else []), *(f"{base}{link.code}" for link in links)]), links)


def _cut(found: str) -> tuple[str, str]:
    """The link, and the marks after it that end the sentence around it."""
    url = found
    while url[-1:] in _CLOSERS or _is_left_open(url):
        url = url[:-1]
    return url, found[len(url) :]


def _is_left_open(url: str) -> bool:
    """Whether it ends in a bracket that was opened before it."""
    opening = _PAIRS.get(url[-1:])
    return opening is not None and url.count(opening) < url.count(url[-1])
