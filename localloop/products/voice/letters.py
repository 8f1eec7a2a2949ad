"""User-defined messages of a call by a Voice SDK: who subscribed to those that its client sends, and what was made.

Sources: Twilio's pages of the UserDefinedMessage and UserDefinedMessageSubscription resources, and of the errors 32702
and 32703.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import orjson
from msgspec import Struct
from msgspec.structs import replace

from localloop.core import errors

INVALID: Final = 32702
TOO_LONG: Final = 32703
LONGEST: Final = 10_240  # bytes
MOST_KEPT: Final = 100


class Subscription(Struct, frozen=True):
    """Whoever is told of every message that the client sends."""

    sid: str
    url: str
    method: Literal["GET", "POST"] = "POST"


class Made(Struct, frozen=True):
    """What a request made: the same key once more makes nothing."""

    sid: str
    at: datetime


class Letters(Struct, frozen=True, omit_defaults=True):
    """`sent`: how many messages the client has sent."""

    subscriptions: tuple[Subscription, ...] = ()
    made: dict[str, Made] = {}  # by IdempotencyKey, or by SID where there was none
    sent: int = 0

    def with_made(self, key: str, made: Made) -> Letters:
        """Of a call that lasts a day only the last are kept: a request is repeated soon or not at all."""
        known = [*self.made.items()][-MOST_KEPT + 1 :]
        return replace(self, made=dict([*known, (key, made)]))


def check(content: str) -> None:
    """A message is a JSON object. Raises 32702, 32703."""
    if len(content.encode()) > LONGEST:
        raise errors.of(TOO_LONG)
    try:
        good = isinstance(orjson.loads(content), dict)
    except ValueError:
        good = False
    if not good:
        raise errors.of(INVALID)
