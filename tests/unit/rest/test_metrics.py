"""What Prometheus is told, by one process and by several."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from localloop.rest import metrics
from localloop.rest.metrics import Gauge, Metrics

CREATE = "api.v2010.CreateMessage"
PROGRAM = """
import os, sys
from pathlib import Path
from localloop.rest.metrics import Metrics
numbers = Metrics(Path(sys.argv[1]), sys.argv[2])
for _ in range(int(sys.argv[3])):
    numbers("api", "api.v2010.CreateMessage", 201, 0.5)
numbers.batch("messages", 7)
os.kill(os.getpid(), 9)
"""


def samples(exposition: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


def value(exposition: bytes, name: str, labels: Mapping[str, str]) -> float | None:
    return samples(exposition).get((name, frozenset(labels.items())))


def requests(exposition: bytes, status: str = "201") -> float | None:
    labels = {"product": "api", "operation": CREATE, "status": status}
    return value(exposition, "localloop_requests_total", labels)


def killed(folder: Path, role: str, requests: int) -> None:
    """A process that counts and is killed."""
    arguments = [sys.executable, "-c", PROGRAM, str(folder), role, str(requests)]
    subprocess.run(arguments, timeout=30, check=False)


def test_counts_requests_by_product_operation_and_status() -> None:
    numbers = Metrics()
    for status in (201, 201, 400):
        numbers("api", CREATE, status, 0.01)

    assert requests(numbers.render()) == 2
    assert requests(numbers.render(), "400") == 1


def test_durations_fall_into_buckets() -> None:
    numbers = Metrics()
    for seconds in (0.0004, 0.001, 0.3, 60.0):
        numbers("api", CREATE, 201, seconds)

    found = numbers.render()

    def bucket(bound: str) -> float | None:
        return value(found, "localloop_request_seconds_bucket", {"product": "api", "le": bound})

    assert [bucket("0.001"), bucket("0.25"), bucket("0.5"), bucket("10.0"), bucket("+Inf")] == [2, 2, 3, 3, 4]
    assert value(found, "localloop_request_seconds_count", {"product": "api"}) == 4
    assert value(found, "localloop_request_seconds_sum", {"product": "api"}) == pytest.approx(60.3014)


def test_sizes_of_batches() -> None:
    numbers = Metrics()
    numbers.batch("messages", 1)
    numbers.batch("messages", 200)

    found = numbers.render()

    assert value(found, "localloop_batch_size_bucket", {"writer": "messages", "le": "1.0"}) == 1
    assert value(found, "localloop_batch_size_sum", {"writer": "messages"}) == 201


def test_gauges_are_given_when_asked() -> None:
    depths = [
        Gauge("localloop_jobs", "Jobs waiting.", depth, (("kind", kind),))
        for kind, depth in (("a", 1), ("b", 2))
    ]

    found = Metrics().render([*depths, Gauge("localloop_up", "Is up.", 1)])

    assert value(found, "localloop_jobs", {"kind": "b"}) == 2
    assert value(found, "localloop_up", {}) == 1


def test_numbers_of_all_processes_are_added_up_and_outlive_them(tmp_path: Path) -> None:
    metrics.clear(tmp_path)
    mine = Metrics(tmp_path, "api-0")
    mine("api", "api.v2010.FetchMessage", 200, 0.001)
    mine("api", CREATE, 201, 0.5)

    killed(tmp_path, "api-1", 3)
    killed(tmp_path, "worker-0", 4)

    found = mine.render()
    assert requests(found) == 8
    assert value(found, "localloop_request_seconds_sum", {"product": "api"}) == pytest.approx(4.001)
    assert value(found, "localloop_batch_size_count", {"writer": "messages"}) == 2
    mine.close()


def test_a_restarted_process_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    metrics.clear(tmp_path)
    killed(tmp_path, "api-0", 3)
    with (tmp_path / "api-0.index").open("ab") as index:
        index.write(b'["localloop_requests",["cut')

    killed(tmp_path, "api-0", 2)

    assert requests(Metrics(tmp_path, "api-1").render()) == 5
    assert sorted(os.listdir(tmp_path)) == ["api-0.cells", "api-0.index", "api-1.cells", "api-1.index"]


def test_an_earlier_run_is_forgotten(tmp_path: Path) -> None:
    metrics.clear(tmp_path)
    killed(tmp_path, "api-0", 3)

    metrics.clear(tmp_path)

    assert requests(Metrics(tmp_path, "api-0").render()) is None


def test_a_full_sheet_counts_on_without_harm(tmp_path: Path) -> None:
    metrics.clear(tmp_path)
    numbers = Metrics(tmp_path, "api-0")
    numbers("api", CREATE, 201, 0.01)
    numbers._sheet.place(metrics.REQUESTS, ("", "", ""), metrics.SPILL - 20)
    for number in range(100):
        numbers(f"product-{number}", f"operation-{number}", 200, 0.01)
    numbers("api", CREATE, 201, 0.01)

    assert requests(numbers.render()) == 2
    numbers.close()
