"""How fast senders are: segments a second by their kind.

Twilio: "Understanding Twilio Rate Limits and Message Queues" names long codes and short codes; the rest is from its
pages about toll-free numbers, alphanumeric senders and WhatsApp. Messenger and RCS publish none, and have WhatsApp's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from localloop.core.settings import SenderKind

TWILIOS: Final[Mapping[SenderKind, float]] = {
    "long-code": 1.0,  # of the United States and Canada
    "long-code-abroad": 10.0,
    "toll-free": 3.0,
    "short-code": 100.0,
    "alphanumeric": 10.0,
    "channel": 80.0,
}
_HOME: Final = frozenset({"US", "CA", ""})
_KINDS: Final[Mapping[str, SenderKind]] = {
    "tollfree": "toll-free",
    "shortcode": "short-code",
    "alpha": "alphanumeric",
    "whatsapp": "channel",
    "messenger": "channel",
    "rcs": "channel",
}


def kind_of(type: str, country: str) -> SenderKind:
    """The kind of a sender, by the type of its number and its country."""
    return _KINDS.get(type) or ("long-code" if country in _HOME else "long-code-abroad")
