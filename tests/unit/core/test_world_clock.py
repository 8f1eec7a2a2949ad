"""Worlds keep their own time, and real due times follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from localloop.core import clock
from localloop.core.clock import REAL, WorldTime

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLACK = timedelta(seconds=30)
WORLD = "AC" + "c" * 32


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    clock.forget(WORLD)


def test_unknown_world_is_real_and_aware() -> None:
    moment = clock.now("AC" + "0" * 32)
    assert moment.utcoffset() == timedelta()
    assert abs(moment - clock.now()) < SLACK


def test_frozen_world_stands_still_and_leaves_others_alone() -> None:
    clock.set_world(WORLD, clock.frozen(NOON))
    assert clock.now(WORLD) == NOON
    assert clock.now(WORLD) == NOON
    assert abs(clock.now("AC" + "d" * 32) - clock.now()) < SLACK


def test_frozen_moment_is_kept_in_utc() -> None:
    clock.set_world(WORLD, clock.frozen(NOON.astimezone(timezone(timedelta(hours=5)))))
    assert clock.now(WORLD).utcoffset() == timedelta()


def test_offset_world_runs() -> None:
    clock.set_world(WORLD, clock.running(HOUR))
    first, second = clock.now(WORLD), clock.now(WORLD)
    assert second >= first
    assert abs(first - clock.now() - HOUR) < SLACK


def test_advancing_a_frozen_world_keeps_it_frozen() -> None:
    clock.set_world(WORLD, clock.frozen(NOON).advanced(HOUR))
    assert clock.now(WORLD) == NOON + HOUR


def test_advancing_a_running_world_adds_up() -> None:
    assert REAL.advanced(HOUR).advanced(HOUR) == WorldTime("offset", 2 * HOUR)
    assert REAL.advanced(HOUR).advanced(-HOUR) == REAL


def test_setting_a_running_world_to_a_moment() -> None:
    clock.set_world(WORLD, clock.running_from(NOON))
    assert abs(clock.now(WORLD) - NOON) < SLACK


def test_forgotten_world_is_real_again() -> None:
    clock.set_world(WORLD, clock.frozen(NOON))
    clock.forget(WORLD)
    assert clock.world_time(WORLD) == REAL
    assert abs(clock.now(WORLD) - clock.now()) < SLACK


def test_setting_a_world_to_real_forgets_it() -> None:
    clock.set_world(WORLD, clock.frozen(NOON))
    clock.set_world(WORLD, REAL)
    assert abs(clock.now(WORLD) - clock.now()) < SLACK


def test_real_due_of_a_real_world_is_the_due_time() -> None:
    assert clock.real_due(WORLD, NOON) == NOON


def test_real_due_of_a_world_ahead_comes_earlier() -> None:
    clock.set_world(WORLD, clock.running(HOUR))
    assert clock.real_due(WORLD, NOON) == NOON - HOUR


def test_real_due_of_a_frozen_world_never_comes_before_it_moves() -> None:
    clock.set_world(WORLD, clock.frozen(NOON))
    assert clock.real_due(WORLD, NOON + timedelta(microseconds=1)) is None


def test_what_is_due_in_a_frozen_world_is_due_now() -> None:
    clock.set_world(WORLD, clock.frozen(NOON))  # years ahead: the due time itself is far in the real future
    due = clock.real_due(WORLD, NOON)
    assert due is not None
    assert due <= clock.now()


def test_the_unnamed_world_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="real time"):
        clock.set_world("", clock.frozen(NOON))


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        clock.frozen(datetime(2030, 1, 1))  # noqa: DTZ001


def test_an_automatic_world_runs_and_stays_automatic_when_it_is_moved() -> None:
    clock.set_world("w", clock.automatic(timedelta(hours=1)))
    assert clock.now("w") - clock.now() > timedelta(minutes=59)
    moved = clock.world_time("w").advanced(timedelta(days=1))
    assert (moved.mode, moved.offset) == ("auto", timedelta(days=1, hours=1))
    shown = moved.shows(clock.now() + timedelta(days=2))
    assert shown.mode == "auto"
    assert timedelta(days=2) - shown.offset < timedelta(seconds=30)
    clock.forget("w")


def test_an_older_move_does_not_undo_a_later_one() -> None:
    clock.set_world("w", clock.running(timedelta(hours=2)), move=8)
    clock.set_world("w", clock.running(timedelta(hours=1)), move=7)
    assert clock.world_time("w").offset == timedelta(hours=2)
    clock.set_world("w", clock.REAL, move=9)
    assert clock.world_time("w") == clock.REAL
    clock.forget("w")
