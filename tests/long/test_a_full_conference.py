"""A conference of 250: all come in, hear whoever speaks and nobody who is muted, and are out when it ends."""

from __future__ import annotations

import pytest

from benchmarks import conference
from benchmarks.instance import Instance
from benchmarks.sink import sink

pytestmark = pytest.mark.long


def test_250_are_in_and_no_more() -> None:
    with Instance(call_rate="0") as instance, sink() as arrivals:
        held = conference.hold(instance, arrivals)
    print(held, flush=True)
    assert held.refused
    assert (held.heard, held.heard_muted) == (conference.MOST - 1, 0)
    assert held.left == conference.MOST
    # What the coming of one makes the database write is what it was for the first; time is for benchmarks.
    assert held.joins_written[-1] < 1.3 * held.joins_written[0]
