"""A rule of what goes wrong, and whether it does this time: the same every time that the same seed is asked.

Nothing that differs between two runs of one program is asked: no SID, no moment, no order of arrival. A thing is known
by its stable name (`things`), its event, and the attempt at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

from localloop.lab.matching import Fields, Match

Border: TypeAlias = Literal["webhook", "api", "carrier", "media"]
PREFIX: Final = "LF"
MAX_SEED: Final = (1 << 53) - 1  # what JSON's readers agree on
DEFAULT_STATUS: Final[Mapping[str, int]] = {"api-error": 503, "media-error": 500}
DEFAULT_ERROR_CODE: Final = 30008


class Kind(Struct, frozen=True):
    """What a kind of fault does. `delay`: how long by default, where the kind has one at all."""

    name: str
    border: Border
    words: str
    delay: timedelta | None = None


_ALL: Final = (
    Kind("webhook-drop", "webhook", "the request never reaches the application"),
    Kind(
        "webhook-delay", "webhook", "the request comes late, and later ones overtake it", timedelta(seconds=5)
    ),
    Kind("webhook-duplicate", "webhook", "the request comes twice, with one idempotency token"),
    Kind("webhook-reorder", "webhook", "the callback comes right after the next one", timedelta(seconds=5)),
    Kind("webhook-signature", "webhook", "the request is signed with another token"),
    Kind("api-error", "api", "the answer is an error, and nothing was done"),
    Kind("api-slow", "api", "the answer takes its time", timedelta(seconds=2)),
    Kind("api-close", "api", "the connection is closed, and nothing was done"),
    Kind("api-lose", "api", "the work is done, and the connection is closed without an answer"),
    Kind("carrier-refuse", "carrier", "the carrier does not take the message: it fails"),
    Kind("carrier-throttle", "carrier", "the carrier takes the message later", timedelta(seconds=5)),
    Kind("receipt-lose", "carrier", "the text arrives, and nobody ever says so"),
    Kind("receipt-delay", "carrier", "what became of the message is told late", timedelta(seconds=30)),
    Kind("receipt-duplicate", "carrier", "what became of the message is told twice"),
    Kind("receipt-reorder", "carrier", "it is delivered before anybody knows that it was sent"),
    Kind("media-error", "media", "the application answers the fetch of a file with an error"),
    Kind("media-slow", "media", "the file takes its time", timedelta(seconds=2)),
    Kind("media-drop", "media", "the fetch of a file never reaches the application"),
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _ALL}


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. `position` is its place among the rules of its world; one that stands belongs to every world."""

    sid: str
    world_sid: str = ""
    position: int
    kind: str
    match: Match = field(default_factory=Match)
    probability: float = 1.0
    count: int | None = None
    delay_ms: int | None = None
    status: int | None = None
    error_code: int | None = None
    seed: int
    date_created: datetime

    @property
    def is_standing(self) -> bool:
        return not self.world_sid

    @property
    def border(self) -> Border:
        return KINDS[self.kind].border

    @property
    def delay(self) -> timedelta:
        if self.delay_ms is not None:
            return timedelta(milliseconds=self.delay_ms)
        return KINDS[self.kind].delay or timedelta()


class Happening(Struct, frozen=True, kw_only=True):
    """Something that may go wrong. `kinds`: in which ways."""

    border: Border
    kinds: frozenset[str]
    world_sid: str
    account_sid: str
    resource_sid: str = ""
    thing: str  # its stable name
    event: str
    attempt: int = 1
    fields: Fields

    @property
    def subject(self) -> str:
        """What one rule strikes once at most, whoever tries again after a crash."""
        return f"{self.resource_sid or self.thing}|{self.event}|{self.attempt}"


def is_struck(rule: Rule, happening: Happening) -> bool:
    """Whether the rule strikes, as far as the rule alone can say: not whether its count is used up."""
    if rule.kind not in happening.kinds or not rule.match.admits(happening.fields):
        return False
    return rule.probability >= 1 or chance(rule, happening) < rule.probability


def chance(rule: Rule, happening: Happening) -> float:
    """A number from 0 to below 1, evenly spread, the same for the same things."""
    told = (str(rule.seed), str(rule.position), happening.thing, happening.event, str(happening.attempt))
    digest = blake2b("\x1f".join(told).encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)
