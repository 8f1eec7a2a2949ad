"""Connection overrides: what the fragment of a webhook's URL says about timeouts, retries and edges.

`https://example.com/sms?q=1#rc=2&ct=1000&rp=ct,rt`. The fragment is neither sent nor signed. Twilio
documents the ranges but not what happens outside them: here a number is brought into its range and
what is no number leaves the default, while a wrong policy or edge is the documented error.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from localloop.webhooks import failure
from localloop.webhooks.failure import Failure

RETRY_CLASSES: Final = frozenset({"4xx", "5xx", "ct", "rt"})
_PUBLIC: Final = "ashburn dublin frankfurt sao-paulo singapore sydney tokyo umatilla"
_INTERCONNECT: Final = "ashburn-ix frankfurt-ix london-ix san-jose-ix singapore-ix"
EDGES: Final = frozenset(f"{_PUBLIC} {_INTERCONNECT}".split())
_EDGE_NAME: Final = re.compile(r"[a-z]+(-[a-z]+)*")


class Overrides(Struct, frozen=True):
    """How one webhook URL is to be reached; the defaults are Twilio's."""

    connect_ms: int = 5_000
    read_ms: int = 15_000
    total_ms: int = 15_000
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})
    sni: bool = True
    edges: tuple[str, ...] = ("ashburn",)
    total_is_set: bool = False  # a `tt` of the application's own has its own error, 11203

    def edge(self, attempt: int) -> str:
        """The edge of this attempt, counted from 0: the list is rotated."""
        return self.edges[attempt % len(self.edges)]


DEFAULTS: Final = Overrides()


@lru_cache(maxsize=1024)
def parse(fragment: str, *, interconnect: bool = True) -> Overrides:
    """The overrides of a fragment; Failure 1124x for a wrong edge or policy. Other keys mean nothing."""
    if not fragment:
        return DEFAULTS
    given = dict(_pairs(fragment))
    return Overrides(
        connect_ms=_number(given.get("ct"), 100, 10_000, DEFAULTS.connect_ms),
        read_ms=_number(given.get("rt"), 100, 15_000, DEFAULTS.read_ms),
        total_ms=_number(given.get("tt"), 100, 15_000, DEFAULTS.total_ms),
        retries=_number(given.get("rc"), 0, 5, DEFAULTS.retries),
        retry_on=_policy(given["rp"]) if "rp" in given else DEFAULTS.retry_on,
        sni=given.get("sni", "y").lower() != "n",
        edges=_edges(given["e"], interconnect) if "e" in given else DEFAULTS.edges,
        total_is_set=_is_number(given.get("tt")),
    )


def _pairs(fragment: str) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in fragment.split("&"))
    return [(name.strip(), unquote(value).strip()) for name, _, value in pairs]


def _is_number(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit()


def _number(text: str | None, least: int, most: int, default: int) -> int:
    if text is None or not _is_number(text):
        return default
    return max(least, min(most, int(text[:9])))


def _policy(text: str) -> frozenset[str]:
    names = frozenset(name.strip().lower() for name in text.split(","))
    if names == {"all"}:
        return RETRY_CLASSES
    if not names <= RETRY_CLASSES | {"all"}:
        raise Failure(failure.RETRY_POLICY_INVALID, f"rp={text}")
    return RETRY_CLASSES if "all" in names else names


def _edges(text: str, interconnect: bool) -> tuple[str, ...]:
    edges = tuple(name.strip().lower() for name in text.split(","))
    for edge in edges:
        if not _EDGE_NAME.fullmatch(edge):
            raise Failure(failure.EDGE_INVALID, f"e={edge}")
        if edge not in EDGES:
            raise Failure(failure.EDGE_UNSUPPORTED, f"e={edge}")
        if edge.endswith("-ix") and not interconnect:
            raise Failure(failure.INTERCONNECT_REFUSED, f"e={edge}")
    return edges
