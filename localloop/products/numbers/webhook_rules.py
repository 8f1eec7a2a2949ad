"""What Twilio accepts as a webhook's address and method (21402, 21403), on numbers, applications and short codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from localloop.core import errors

METHODS: Final = frozenset({"GET", "POST"})
LONGEST_URL: Final = 4000


def is_url(text: str) -> bool:
    """An absolute http or https address."""
    if len(text) > LONGEST_URL or any(character.isspace() for character in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check(params: Mapping[str, Any], urls: Mapping[str, str], methods: Mapping[str, str]) -> dict[str, Any]:
    """Those of the addresses and methods that were sent, by field name; `urls` and `methods` are wire name → field.

    An empty address clears, an empty method is POST again. Raises 21402, 21403.
    """
    sent: dict[str, Any] = {}
    for name, field in urls.items():
        url = params.get(name)
        if url is None:
            continue
        if url and not is_url(str(url)):
            raise errors.invalid_url(name, str(url))
        sent[field] = str(url)
    for name, field in methods.items():
        method = params.get(name)
        if method is None:
            continue
        if method and str(method).upper() not in METHODS:
            raise errors.invalid_method(name, str(method))
        sent[field] = str(method).upper() or "POST"
    return sent


def refusals(urls: Mapping[str, str], methods: Mapping[str, str]) -> dict[str, Callable[[str], Exception]]:
    """The errors of malformed values, for whoever decodes the request."""
    found: dict[str, Callable[[str], Exception]] = {}
    for name in urls:
        found[name] = lambda value, name=name: errors.invalid_url(name, value)  # type: ignore[misc]
    for name in methods:
        found[name] = lambda value, name=name: errors.invalid_method(name, value)  # type: ignore[misc]
    return found
