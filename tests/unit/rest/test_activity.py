"""What goes on between worlds and their applications, as every process of a machine sees it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from localloop.core import clock
from localloop.rest.activity import QUIET_S, Activity
from localloop.rest.admission import LocalCounts
from localloop.rest.shared import SharedTable, create

WORLD = "AC" + "7" * 32


class Untouched(LocalCounts):
    """Fails whoever counts."""

    def hold(self) -> None:
        pytest.fail("a world whose clock is not automatic costs nothing")


@pytest.fixture
def automatic() -> Iterator[None]:
    clock.set_world(WORLD, clock.automatic())
    yield
    clock.forget(WORLD)


@pytest.mark.parametrize("time", [clock.REAL, clock.running(timedelta(days=1))])
def test_nothing_is_noted_where_nobody_asks(time: clock.WorldTime) -> None:
    clock.set_world(WORLD, time)
    Activity(Untouched()).note(WORLD)
    clock.forget(WORLD)


@pytest.mark.usefixtures("automatic")
def test_an_exchange_is_followed_by_a_moment_of_quiet() -> None:
    activity = Activity(LocalCounts())
    assert activity.quiet_in(WORLD) == 0.0
    activity.note(WORLD)
    assert 0.0 < activity.quiet_in(WORLD) <= QUIET_S


def test_requests_in_flight_are_counted_by_account() -> None:
    counts = LocalCounts()
    counts.add("AC1")
    counts.add("AC2")
    assert Activity(counts).in_flight(["AC1", "AC2", "AC3"]) == 2


def _elsewhere(path: Path, pipe: Connection) -> None:
    table = SharedTable(path)
    pipe.send("open")
    for heard in iter(pipe.recv, None):
        table.hear(heard)
        pipe.send("heard")
    pipe.recv()


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[tuple[SharedTable, Any, Connection]]:
    """Ours, and another process with a table of its own."""
    create(tmp_path / "shared")
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_elsewhere, args=(tmp_path / "shared", there), daemon=True
    )
    process.start()
    assert here.recv() == "open"
    table = SharedTable(tmp_path / "shared")
    yield table, process, here
    table.close()
    process.kill()
    process.join()


def test_a_move_is_heard_when_all_have_heard(tables: tuple[SharedTable, Any, Connection]) -> None:
    table, process, other = tables
    other.send(3)
    assert other.recv() == "heard"
    table.hear(5)
    assert table.is_heard(3)
    assert not table.is_heard(4)
    other.send(7)
    assert other.recv() == "heard"
    assert table.is_heard(5)
    assert not table.is_heard(6)
    table.hear(9)
    assert not table.is_heard(9)
    process.kill()
    process.join()
    assert table.is_heard(9)
