"""How parameters are put into a request: the headers that Twilio sends, and the form of a body or a query."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

from localloop.payloads.signature import Params

FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
HEADERS: Final = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "Cache-Control": "max-age=259200"}
IDEMPOTENCY: Final = "I-Twilio-Idempotency-Token"
VOICE_HEADERS: Final = {"X-Home-Region": "us1"}
# Left as written, so that the receiver sees the URL that was signed: all printable ASCII that HTTP can carry.
_AS_WRITTEN: Final = "!$%&'()*+,-./:;=?@[]_~"
_NODES: Final = "!()*"
_PLAIN_FORM: Final = re.compile(r"[A-Za-z0-9_.~+=&-]*")
_PLAIN: Final = re.compile(r"(\+?)([A-Za-z0-9_.~-]*)")


def form(params: Params) -> str:
    """`application/x-www-form-urlencoded`, in the order given."""
    plain = "&".join([f"{name}={value}" for name, value in params.items()])
    # Most forms are plain but for the + of numbers, and to find that out for all of it is cheaper than value by value.
    separators = plain.count("="), plain.count("&") + 1
    if separators == (len(params), len(params)) and _PLAIN_FORM.fullmatch(plain):
        return plain.replace("+", "%2B")
    pairs: list[str] = []
    for name, value in params.items():
        values = (value,) if isinstance(value, str) else value
        pairs += [f"{_quoted_name(name)}={_quoted(each)}" for each in values]
    return "&".join(pairs)


def query(params: Params) -> str:
    """The same for a URL, with %20 for a space.

    Twilio's validator for Express reads %3F, which every ErrorUrl with a query has, as "?", and finds the signature all
    the same where the rest is written as Node's `querystring` writes it.
    """
    pairs: list[str] = []
    for name, value in params.items():
        values = (value,) if isinstance(value, str) else value
        pairs += [f"{quote(name, safe=_NODES)}={quote(each, safe=_NODES)}" for each in values]
    return "&".join(pairs)


def path_of(path: str, query: str) -> str:
    """Path and query as they are requested and signed."""
    written = quote(path or "/", safe=_AS_WRITTEN)
    return f"{written}?{quote(query, safe=_AS_WRITTEN)}" if query else written


def with_query(url: str, query: str) -> str:
    """The URL with more in its query, already encoded."""
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


_quoted_name = lru_cache(maxsize=512)(quote_plus)


def _quoted(text: str) -> str:
    """Most of a webhook's values are plain or numbers, and `quote_plus` is ten times slower at finding out."""
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return quote_plus(text)
    return f"%2B{plain[2]}" if plain[1] else text
