"""The statuses of registrations, and what may follow what: pure tables.

Nothing here moves by itself except what is made to try things out (a mock brand and its campaigns). Everything else
waits for a verdict, which at Twilio is people's and carriers', and here the lab's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Verdict: TypeAlias = Literal["review", "approve", "reject", "suspend"]
VERDICTS: Final[tuple[Verdict, ...]] = ("review", "approve", "reject", "suspend")

# Verdict → the status that it leads to, by SID prefix.
LEADS_TO: Final[Mapping[str, Mapping[Verdict, str]]] = {
    "BN": {"review": "IN_REVIEW", "approve": "APPROVED", "reject": "FAILED", "suspend": "SUSPENDED"},
    "VT": {"approve": "SUCCESS", "reject": "FAILED"},
    "QE": {"review": "IN_PROGRESS", "approve": "VERIFIED", "reject": "FAILED", "suspend": "SUSPENDED"},
    "HH": {"review": "IN_REVIEW", "approve": "TWILIO_APPROVED", "reject": "TWILIO_REJECTED"},
}
# What may come next. An application brings back what failed; the rest are verdicts.
FOLLOWERS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "BN": {
        "PENDING": frozenset({"IN_REVIEW", "APPROVED", "FAILED"}),
        "IN_REVIEW": frozenset({"APPROVED", "FAILED"}),
        "APPROVED": frozenset({"SUSPENDED", "FAILED"}),  # the registry may think again
        "FAILED": frozenset({"PENDING"}),
        "SUSPENDED": frozenset({"APPROVED"}),
    },
    "VT": {
        "IN_PROGRESS": frozenset({"SUCCESS", "FAILED"}),
        "SUCCESS": frozenset(),
        "FAILED": frozenset(),
    },
    "QE": {
        "PENDING": frozenset({"IN_PROGRESS", "VERIFIED", "FAILED"}),
        "IN_PROGRESS": frozenset({"VERIFIED", "FAILED"}),
        "VERIFIED": frozenset({"SUSPENDED", "FAILED"}),
        "FAILED": frozenset({"PENDING"}),
        "SUSPENDED": frozenset({"VERIFIED"}),
    },
    "HH": {
        "PENDING_REVIEW": frozenset({"IN_REVIEW", "TWILIO_APPROVED", "TWILIO_REJECTED"}),
        "IN_REVIEW": frozenset({"TWILIO_APPROVED", "TWILIO_REJECTED"}),
        "TWILIO_APPROVED": frozenset({"TWILIO_REJECTED"}),
        "TWILIO_REJECTED": frozenset({"PENDING_REVIEW"}),
    },
}


def may_follow(prefix: str, before: str, after: str) -> bool:
    return after in FOLLOWERS[prefix].get(before, frozenset())


def status_after(prefix: str, before: str, verdict: Verdict) -> str | None:
    """Where a verdict leads; None when it cannot be passed on this kind, or not now."""
    after = LEADS_TO[prefix].get(verdict)
    return after if after is not None and may_follow(prefix, before, after) else None
