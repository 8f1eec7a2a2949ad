"""The delivery state machine of a message: a pure table.

Source: Twilio's "Message Status values" and "Track outbound message status"; which changes are called back is from
the status callback guide (every change after the first answer, but not `sending`).

A carrier that answers at once takes a message through `sending` within one commit, from `queued` to `sent`; one that
may keep us waiting, or may have the message though we died, is seen by everybody: `sending` is durable before it is
handed the message.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Status: TypeAlias = Literal[
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "read",
    "canceled",
    "receiving",
    "received",
]

# What may come next. A receipt may overtake our own record of `sent`, so `sending` leads straight to the end states.
FOLLOWERS: dict[Status, frozenset[Status]] = {
    "scheduled": frozenset({"accepted", "queued", "canceled", "failed"}),
    "accepted": frozenset({"queued", "canceled", "failed"}),
    "queued": frozenset({"sending", "sent", "canceled", "failed"}),
    "sending": frozenset({"sent", "delivered", "undelivered", "failed"}),
    "sent": frozenset({"delivered", "undelivered", "failed", "read"}),
    "delivered": frozenset({"read"}),
    "undelivered": frozenset(),
    "failed": frozenset(),
    "read": frozenset(),
    "canceled": frozenset(),
    "receiving": frozenset({"received"}),
    "received": frozenset(),
}

# Past these nothing is in flight: the message may be redacted or deleted (20009 before). `sent` still has its receipt
# to come, which may yet carry the text to an owner in this world.
SETTLED: frozenset[Status] = frozenset({"delivered", "undelivered", "failed", "read", "canceled", "received"})
SENDABLE: frozenset[Status] = frozenset({"queued", "sending"})
SILENT: frozenset[Status] = frozenset({"sending", "receiving", "received", "scheduled", "accepted"})


def may_follow(before: Status, after: Status) -> bool:
    return after in FOLLOWERS[before]


def predecessors(after: Status) -> tuple[Status, ...]:
    """The statuses that an UPDATE to `after` may find."""
    return tuple(before for before in get_args(Status) if after in FOLLOWERS[before])


def is_settled(status: Status) -> bool:
    return status in SETTLED


def is_called_back(status: Status) -> bool:
    return status not in SILENT


def may_be_sent(status: Status) -> bool:
    """Also once it is `sending`: whoever died over it cannot say whether the carrier has it."""
    return status in SENDABLE
