"""Who gets into a line of callers, what is told of it, and how somebody got out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localloop.core import sids
from localloop.products.voice.queue import line
from localloop.products.voice.queue.line import Standing

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUEUE, CALL, OTHER = sids.new("QU"), sids.new("CA"), sids.new("CA")


@pytest.mark.parametrize(
    ("name", "enqueued", "dialled"),
    [("support", None, None), ("", 14204, 14212), ("x" * 64, None, None), ("x" * 65, 14205, 14213)],
)
def test_names(name: str, enqueued: int | None, dialled: int | None) -> None:
    assert (line.name_fault(name), line.name_fault(name, dialled=True)) == (enqueued, dialled)


@pytest.mark.parametrize(
    ("size", "wanted", "has_room"),
    [(999, None, True), (1000, None, False), (4, 5, True), (5, 5, False), (1000, 2000, False)],
)
def test_room(size: int, wanted: int | None, has_room: bool) -> None:
    assert line.has_room(size, line.USUAL_SIZE, wanted) is has_room


def test_whole_seconds_and_never_less_than_none() -> None:
    moved = [timedelta(seconds=21.9), timedelta(), timedelta(hours=-1)]
    assert [line.seconds_since(NOW - each, NOW) for each in moved] == [21, 0, 0]


def test_what_the_wait_document_is_told() -> None:
    told = line.wait_params(
        Standing(queue_sid=QUEUE, position=2, seconds=12, average=30, size=3, max_size=1000)
    )
    assert told == {
        "QueueSid": QUEUE,
        "QueuePosition": "2",
        "QueueTime": "12",
        "AvgQueueTime": "30",
        "CurrentQueueSize": "3",
        "MaxQueueSize": "1000",
    }


def test_what_the_caller_and_the_dialler_are_told() -> None:
    assert line.whisper_params(QUEUE, 12, CALL) == {
        "QueueSid": QUEUE,
        "QueueTime": "12",
        "DequeingCallSid": CALL,
    }
    assert line.dial_params(OTHER, 12, 30) == {
        "DequeueResult": "bridged",
        "DequeuedCallSid": OTHER,
        "DequeuedCallQueueTime": "12",
        "DequeuedCallDuration": "30",
    }
