"""The states of a channel's sender: a pure table.

Source: the status of Twilio's Senders API and its onboarding guides. A number of ours is registered by itself, a
number of elsewhere waits for the code that it was sent; RCS agents are reviewed by people.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Status: TypeAlias = Literal[
    "CREATING",
    "ONLINE",
    "OFFLINE",
    "PENDING_VERIFICATION",
    "VERIFYING",
    "ONLINE:UPDATING",
    "TWILIO_REVIEW",
    "DRAFT",
    "STUBBED",
]

FOLLOWERS: Final[dict[Status, frozenset[Status]]] = {
    "STUBBED": frozenset({"CREATING", "DRAFT"}),
    "DRAFT": frozenset({"CREATING", "TWILIO_REVIEW"}),
    "CREATING": frozenset({"ONLINE", "OFFLINE", "PENDING_VERIFICATION", "TWILIO_REVIEW"}),
    "PENDING_VERIFICATION": frozenset({"VERIFYING", "OFFLINE"}),
    "VERIFYING": frozenset({"ONLINE", "OFFLINE", "PENDING_VERIFICATION"}),
    "TWILIO_REVIEW": frozenset({"ONLINE", "OFFLINE", "DRAFT"}),
    "ONLINE": frozenset({"ONLINE:UPDATING", "OFFLINE"}),
    "ONLINE:UPDATING": frozenset({"ONLINE", "OFFLINE"}),
    "OFFLINE": frozenset({"ONLINE", "CREATING"}),
}
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
SENDING: Final[frozenset[Status]] = frozenset({"ONLINE", "ONLINE:UPDATING"})


def next_of(status: Status, channel: str, *, is_ours: bool) -> Status | None:
    """Where a sender goes by itself; None where it waits for somebody."""
    if status == "CREATING" and channel == "rcs":
        return "TWILIO_REVIEW"
    if status == "CREATING":
        return "ONLINE" if is_ours or channel != "whatsapp" else "PENDING_VERIFICATION"
    return "ONLINE" if status in ("VERIFYING", "ONLINE:UPDATING") else None
