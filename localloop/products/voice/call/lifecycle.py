"""The state machine of a call: a pure table.

Source: Twilio's Call resource ("Call Status values") and "Call status callbacks". `initiated` is told to applications
and never shown by the resource, which says `queued` until the other end rings.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Status: TypeAlias = Literal[
    "queued",
    "initiated",
    "ringing",
    "in-progress",
    "completed",
    "busy",
    "failed",
    "no-answer",
    "canceled",
]
# What an application asks to be called back for.
Milestone: TypeAlias = Literal["initiated", "ringing", "answered", "completed"]

_ENDS: frozenset[Status] = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_UNANSWERED: tuple[Status, ...] = ("busy", "failed", "no-answer", "canceled")
# A client or a call within this house may answer without ringing.
FOLLOWERS: dict[Status, frozenset[Status]] = {
    "queued": frozenset({"initiated", "canceled", "failed"}),
    "initiated": frozenset({"ringing", "in-progress", *_UNANSWERED}),
    "ringing": frozenset({"in-progress", *_UNANSWERED}),
    "in-progress": frozenset({"completed", "failed"}),
    "completed": frozenset(),
    "busy": frozenset(),
    "failed": frozenset(),
    "no-answer": frozenset(),
    "canceled": frozenset(),
}
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
_MILESTONE_OF: dict[Status, Milestone] = {
    "initiated": "initiated",
    "ringing": "ringing",
    "in-progress": "answered",
    **dict.fromkeys(_ENDS, "completed"),
}
# How the other end's network puts it (Twilio: SipResponseCode of the status callback).
SIP_CODES: dict[Status, int] = {
    "completed": 200,
    "busy": 486,
    "no-answer": 487,
    "canceled": 487,
    "failed": 404,
}


def may_follow(before: Status, after: Status) -> bool:
    return after in FOLLOWERS[before]


def has_ended(status: Status) -> bool:
    return status in _ENDS


def milestone(before: Status, after: Status) -> Milestone | None:
    """What is told of a change; None of one that nobody hears of: what never left the queue was no call yet."""
    return None if before == "queued" and after == "canceled" else _MILESTONE_OF.get(after)


def shown(status: Status) -> Status:
    """As the resource has it."""
    return "queued" if status == "initiated" else status


def kept_as(status: Status) -> tuple[Status, ...]:
    """The statuses that are shown as this one, for filters."""
    return ("queued", "initiated") if status == "queued" else (status,)


def ended_by_request(status: Status) -> Status:
    """What a call becomes that is hung up over REST: one that was never answered was canceled."""
    return "completed" if status == "in-progress" else "canceled"


def ended_by_time(status: Status) -> Status:
    """What a call becomes that has lasted, or rung, as long as it may."""
    return "completed" if status == "in-progress" else "no-answer"
