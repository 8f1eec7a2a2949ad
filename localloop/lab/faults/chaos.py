"""`--chaos 0.05 --seed 7`: a sensible set of everything that may go wrong, in every world.

Most strike one attempt in as many as was said. What ends a message for good, or hides its end for ever, is a tenth as
frequent: an application is to be tried, not drowned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final

from localloop.lab.faults.rule import PREFIX, Rule
from localloop.lab.matching import Match

_ANYTHING: Final[dict[str, str]] = {}
# Kind, share of the probability, what is asked, delay in milliseconds, status.
_SET: Final[tuple[tuple[str, float, dict[str, str], int | None, int | None], ...]] = (
    ("webhook-drop", 1.0, _ANYTHING, None, None),
    ("webhook-duplicate", 1.0, _ANYTHING, None, None),
    ("webhook-reorder", 1.0, _ANYTHING, 2_000, None),
    ("webhook-delay", 1.0, _ANYTHING, 1_000, None),
    ("api-error", 1.0, _ANYTHING, None, 503),
    ("api-error", 0.5, _ANYTHING, None, 429),
    ("api-error", 0.5, _ANYTHING, None, 500),
    ("api-slow", 1.0, _ANYTHING, 1_000, None),
    ("api-close", 0.5, _ANYTHING, None, None),
    ("api-lose", 1.0, {"Verb": "create"}, None, None),
    ("carrier-throttle", 1.0, _ANYTHING, 1_000, None),
    ("carrier-refuse", 0.1, _ANYTHING, None, None),
    ("receipt-delay", 1.0, _ANYTHING, 5_000, None),
    ("receipt-duplicate", 1.0, _ANYTHING, None, None),
    ("receipt-reorder", 1.0, _ANYTHING, None, None),
    ("receipt-lose", 0.1, _ANYTHING, None, None),
    ("media-slow", 1.0, _ANYTHING, 1_000, None),
    ("media-error", 0.1, _ANYTHING, None, 503),
)


def rules_of(chaos: float, seed: int, at: datetime) -> Sequence[Rule]:
    """The rules; none without chaos. Their places are below those of a world's own, so that no two agree by chance."""
    if not chaos:
        return ()
    return tuple(
        Rule(
            sid=_sid(seed, place),
            position=-place,
            kind=kind,
            match=Match.parse(asked),
            probability=chaos * share,
            delay_ms=delay_ms,
            status=status,
            seed=seed,
            date_created=at,
        )
        for place, (kind, share, asked, delay_ms, status) in enumerate(_SET, 1)
    )


def _sid(seed: int, place: int) -> str:
    """The same in every process of a localloop."""
    return PREFIX + blake2b(f"chaos {seed} {place}".encode(), digest_size=16).hexdigest()
