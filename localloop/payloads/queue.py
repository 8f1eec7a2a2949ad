"""The parameters of a queue's webhooks: while callers wait, before they are taken, and when they are out again.

Source: Twilio's pages of <Enqueue> and <Queue>. `DequeingCallSid` is spelt as there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from localloop.payloads import part
from localloop.payloads.part import Part, said

_QUEUE = "QU0f3c1e5a7b9d2f4061728394a5b6c7d8"
_QUEUE_SID = "^QU[0-9a-f]{32}$"
_CALL = "CA1f3c1e5a7b9d2f4061728394a5b6c7d8"
_ENTERED = "the caller was in the queue"
_TAKEN = "a caller was taken"


class Waiting(Part, frozen=True, kw_only=True):
    """What the request of <Enqueue>'s waitUrl adds."""

    queue_sid: Annotated[str, said("The queue", _QUEUE, pattern=_QUEUE_SID)]
    queue_position: Annotated[str, said("The caller's place, from 1", "1", pattern=part.NUMBER)]
    queue_time: Annotated[str, said("How long the caller has waited, seconds", "12", pattern=part.NUMBER)]
    avg_queue_time: Annotated[
        str, said("How long those who wait have waited on average, seconds", "30", pattern=part.NUMBER)
    ]
    current_queue_size: Annotated[str, said("How many wait", "3", pattern=part.NUMBER)]
    max_queue_size: Annotated[str, said("How many may", "1000", pattern=part.NUMBER)]


class Dequeued(Part, frozen=True, kw_only=True):
    """What the request of <Queue>'s url adds, which the caller who is taken hears."""

    queue_sid: Annotated[str, said("The queue", _QUEUE, pattern=_QUEUE_SID)]
    queue_time: Annotated[str, said("How long the caller waited, seconds", "12", pattern=part.NUMBER)]
    dequeing_call_sid: Annotated[str, said("The call that takes it", _CALL, pattern=part.CALL_SID)]


class Enqueued(Part, frozen=True, kw_only=True):
    """What <Enqueue> adds to the request of its action."""

    queue_result: Annotated[
        Literal[
            "bridged",
            "bridging-in-process",
            "error",
            "hangup",
            "leave",
            "redirected",
            "redirected-from-bridged",
            "queue-full",
            "system-error",
        ],
        said("How it left the queue, or why it never was in it", "bridged"),
    ]
    queue_sid: Annotated[str | UnsetType, said("The queue", _QUEUE, when=_ENTERED, pattern=_QUEUE_SID)] = (
        UNSET
    )
    queue_time: Annotated[
        str | UnsetType,
        said("How long the caller waited, seconds", "12", when=_ENTERED, pattern=part.NUMBER),
    ] = UNSET


class Dequeuing(Part, frozen=True, kw_only=True):
    """What <Dial> adds to the request of its action when it took a caller from a queue."""

    dequeue_result: Annotated[
        Literal["bridged", "queue-not-found", "queue-empty", "error"] | UnsetType,
        said("What became of it", "bridged", when="<Queue> was dialled"),
    ] = UNSET
    dequeued_call_sid: Annotated[
        str | UnsetType, said("The caller", _CALL, when=_TAKEN, pattern=part.CALL_SID)
    ] = UNSET
    dequeued_call_queue_time: Annotated[
        str | UnsetType, said("How long it waited, seconds", "12", when=_TAKEN, pattern=part.NUMBER)
    ] = UNSET
    dequeued_call_duration: Annotated[
        str | UnsetType, said("How long both spoke, seconds", "30", when=_TAKEN, pattern=part.NUMBER)
    ] = UNSET
