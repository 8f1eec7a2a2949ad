"""The states of a call: where each may lead, what is told of it and what is shown."""

from __future__ import annotations

from typing import get_args

import pytest

from localloop.products.voice.call import lifecycle
from localloop.products.voice.call.lifecycle import Status

ENDS: tuple[Status, ...] = ("completed", "busy", "failed", "no-answer", "canceled")


def test_an_end_is_an_end() -> None:
    assert {status for status in get_args(Status) if lifecycle.has_ended(status)} == set(ENDS)
    for status in ENDS:
        assert lifecycle.FOLLOWERS[status] == frozenset()


def test_only_what_was_answered_completes() -> None:
    assert [s for s in get_args(Status) if lifecycle.may_follow(s, "completed")] == ["in-progress"]
    assert not lifecycle.may_follow("queued", "ringing")


@pytest.mark.parametrize("status", ENDS)
def test_every_end_is_told_as_one(status: Status) -> None:
    assert lifecycle.milestone("ringing", status) == "completed"


def test_what_left_the_queue_for_nowhere_is_not_told() -> None:
    assert lifecycle.milestone("queued", "canceled") is None
    assert lifecycle.milestone("queued", "initiated") == "initiated"
    assert lifecycle.milestone("ringing", "in-progress") == "answered"


def test_initiated_is_shown_as_queued() -> None:
    assert lifecycle.shown("initiated") == "queued"
    assert lifecycle.kept_as("queued") == ("queued", "initiated")
    assert lifecycle.ended_by_request("in-progress") == "completed"
    assert lifecycle.ended_by_request("ringing") == "canceled"
