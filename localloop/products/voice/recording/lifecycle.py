"""The states of a recording: a pure table. Source: Twilio's Recording resource ("Recording status values")."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal[
    "in-progress", "paused", "stopped", "processing", "completed", "absent", "deleted"
]
FOLLOWERS: Final[dict[Status, frozenset[Status]]] = {
    "in-progress": frozenset({"paused", "stopped", "processing"}),
    "paused": frozenset({"in-progress", "stopped", "processing"}),
    "stopped": frozenset({"completed", "absent"}),
    "processing": frozenset({"completed", "absent"}),
    "completed": frozenset({"deleted"}),
    "absent": frozenset({"deleted"}),
    "deleted": frozenset(),
}
RUNNING: Final[tuple[Status, ...]] = ("in-progress", "paused")
# What an application may be called back for.
TOLD: Final[frozenset[Status]] = frozenset({"in-progress", "completed", "absent"})


def may_follow(before: Status, after: Status) -> bool:
    return after in FOLLOWERS[before]
