"""Admission and revocations over real processes of one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localloop.rest import shared
from localloop.rest.limits import Limits, Rule
from tests.unit.rest.processes import Process

AC1, AC2 = "AC" + "1" * 32, "AC" + "2" * 32
Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process on the test's table."""
    shared.create(tmp_path / "table")
    started: list[Process] = []

    def begin(limits: Limits | None = None) -> Process:
        started.append(Process(tmp_path / "table", limits))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


def test_the_limit_holds_over_all_processes_exactly(start: Start) -> None:
    processes = [start() for _ in range(4)]
    for process in processes:
        process.ask("current")  # is up

    for process in processes:
        process.tell(f"many {AC1}")  # 240 requests that nobody answers, at once

    assert sum(int(process.hear()) for process in processes) == 100
    assert [process.ask(f"enter {AC1}") for process in processes] == ["-101"] * 4
    assert processes[0].ask(f"enter {AC2}") == "1"


def test_never_more_than_allowed_while_requests_come_and_go(start: Start) -> None:
    processes = [start(Limits(concurrency=2)) for _ in range(3)]
    for process in processes:
        process.ask("current")

    for process in processes:
        process.tell(f"churn {AC1}")

    assert [process.hear() for process in processes] == ["0"] * 3
    assert processes[0].ask(f"enter {AC1}") == "1"  # everybody has left


def test_what_a_killed_process_had_in_flight_refuses_nobody(start: Start) -> None:
    limits = Limits(concurrency=2)
    doomed, alive = start(limits), start(limits)
    assert [doomed.ask(f"enter {AC1}"), doomed.ask(f"enter {AC1}")] == ["1", "2"]
    assert alive.ask(f"enter {AC1}") == "-3"

    doomed.kill()

    assert alive.ask(f"enter {AC1}") == "1"
    assert alive.ask(f"enter {AC1}") == "2"
    assert alive.ask(f"enter {AC1}") == "-3"


def test_a_new_process_takes_a_dead_ones_place_without_its_counts(start: Start) -> None:
    doomed, alive = start(), start()
    assert doomed.ask(f"enter {AC1}") == "1"
    assert alive.ask(f"enter {AC1}") == "2"

    doomed.kill()
    successor = start()

    assert successor.ask(f"enter {AC1}") == "2"
    assert alive.ask(f"leave {AC1}") == "None"
    assert successor.ask(f"enter {AC1}") == "2"


def test_a_living_process_is_never_swept(start: Start) -> None:
    limits = Limits(concurrency=1)
    holder, other = start(limits), start(limits)
    assert holder.ask(f"enter {AC1}") == "1"

    assert [other.ask(f"enter {AC1}") for _ in range(3)] == ["-2"] * 3
    assert holder.ask(f"leave {AC1}") == "None"
    assert other.ask(f"enter {AC1}") == "1"


def test_rates_hold_over_all_processes(start: Start) -> None:
    limits = Limits(operations={"paced": Rule(per_second=0.001, burst=30)})
    processes = [start(limits) for _ in range(3)]
    for process in processes:
        process.ask("current")

    for process in processes:
        process.tell(f"paced {AC1}")

    assert sum(int(process.hear()) for process in processes) == 30


def test_a_revocation_is_seen_everywhere_before_it_is_answered(start: Start) -> None:
    one, two = start(), start()
    before = two.ask("current")

    assert one.ask("bump") == "None"

    assert two.ask("current") != before
    assert two.ask("current") == one.ask("current")


def test_revocations_of_several_processes_all_count(start: Start) -> None:
    processes = [start() for _ in range(3)]
    for process in processes:
        process.ask("current")

    for process in processes * 50:
        process.tell("bump")
    for process in processes * 50:
        process.hear()

    assert [process.ask("current") for process in processes] == ["150"] * 3


def test_a_world_that_is_held_is_seen_by_every_process(start: Start) -> None:
    holder, other = start(), start()
    assert other.ask("is_shut") == "False"
    holder.ask("shut 60")
    other.ask("shut 60")  # another world
    holder.ask("reopen")
    assert (holder.ask("is_shut"), other.ask("is_shut")) == ("True", "True")
    holder.kill()
    other.ask("reopen")
    assert other.ask("is_shut") == "False"
    other.ask("shut 0")  # whoever held it died long ago
    assert other.ask("is_shut") == "False"
    other.ask("shut 60")
    other.ask("reopen")
    assert other.ask("is_shut") == "False"


def test_requests_of_all_living_processes_are_under_way(start: Start) -> None:
    holder, other, doomed = start(), start(), start()
    other.ask(f"enter {AC1}")
    other.ask(f"enter {AC2}")
    doomed.ask(f"enter {AC1}")
    assert holder.ask(f"under_way {AC1}") == "2"
    doomed.kill()
    assert holder.ask(f"under_way {AC1}") == "1"
