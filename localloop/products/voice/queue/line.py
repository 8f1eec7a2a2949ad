"""The rules of a line of callers: who gets in, how long they have waited, how they got out and what is told. Pure.

Sources: Twilio's pages of <Enqueue>, <Queue> and the Queue resource.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from localloop.payloads import queue as payloads

USUAL_SIZE: Final = 1000
MOST: Final = 5000
LONGEST_NAME: Final = 64
FULL: Final = 14207
_SECOND: Final = timedelta(seconds=1)


class Standing(Struct, frozen=True):
    """What somebody who waits is told of the line."""

    queue_sid: str
    position: int  # from 1
    seconds: int
    average: int
    size: int
    max_size: int


def name_fault(name: str, *, dialled: bool = False) -> int | None:
    """14204, 14205; of a queue that is dialled 14212, 14213."""
    if not name:
        return 14212 if dialled else 14204
    if len(name) > LONGEST_NAME:
        return 14213 if dialled else 14205
    return None


def has_room(size: int, max_size: int, wanted: int | None = None) -> bool:
    """`wanted` is the <Enqueue>'s own maxQueueSize, which may be tighter than the queue's."""
    return size < (max_size if wanted is None else min(wanted, max_size))


def seconds_since(since: datetime, now: datetime) -> int:
    """Whole seconds; a clock that was set back makes nobody wait less than nothing."""
    return max(0, (now - since) // _SECOND)


def wait_params(standing: Standing) -> dict[str, str]:
    """For the document that is heard while waiting."""
    return payloads.Waiting(
        queue_sid=standing.queue_sid,
        queue_position=str(standing.position),
        queue_time=str(standing.seconds),
        avg_queue_time=str(standing.average),
        current_queue_size=str(standing.size),
        max_queue_size=str(standing.max_size),
    ).params()


def whisper_params(queue_sid: str, seconds: int, dequeuing_call_sid: str) -> dict[str, str]:
    """For the document that the caller hears who is taken."""
    return payloads.Dequeued(
        queue_sid=queue_sid, queue_time=str(seconds), dequeing_call_sid=dequeuing_call_sid
    ).params()


def dial_params(call_sid: str, waited: int, talked: int) -> dict[str, str]:
    """For the action of the <Dial> that took a caller, when both are done."""
    return payloads.Dequeuing(
        dequeue_result="bridged",
        dequeued_call_sid=call_sid,
        dequeued_call_queue_time=str(waited),
        dequeued_call_duration=str(talked),
    ).params()
