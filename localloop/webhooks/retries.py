"""When a notification that failed is tried again: by Twilio's rules not at all, or by a schedule over a day.

The schedule is Svix's (Standard Webhooks recommends the like): 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, each a tenth
longer or shorter, so that what failed together does not come back together. It runs in the world's time.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final, Literal

Policy = Literal["twilio", "extended"]

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
_JITTER: Final = 0.1


def pause_before(retry: int, policy: Policy) -> timedelta | None:
    """How long to wait for this retry, counted from 1; None when there is none."""
    if policy == "twilio" or retry > len(SCHEDULE):
        return None
    return SCHEDULE[retry - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
