"""What a world of its own adds to a test: two hundred tests on two workers of pytest-xdist, all with the same numbers.

What is added is what the fixtures take before the test and after it: the world, the client, the phone, the environment.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from benchmarks.table import NotRun, Row, milliseconds

TESTS: Final = 200
BAR_MS: Final = 10
_WITHIN_S: Final = 600
_TESTS: Final = f"""
import pytest

FROM, TO = "+15017122661", "+15558675310"


@pytest.mark.parametrize("n", range({TESTS}))
def test_nobody_else_is_met(localloop, twilio, phone, n):
    twilio.messages.create(from_=FROM, to=TO, body=f"Your code is {{100000 + n}}")
    assert phone(TO).code() == str(100000 + n)
    assert len(phone(TO).messages()) == len(twilio.messages.list()) == 1
    with open("servers", "a") as servers:
        servers.write(localloop.url + "\\n")
"""
# The controller hears of every phase of every test.
_CONFTEST: Final = """
import json


def pytest_runtest_logreport(report):
    with open("phases", "a") as phases:
        phases.write(json.dumps([report.nodeid, report.when, report.outcome, report.duration]) + "\\n")


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.pluginmanager.unregister(name=__file__)
"""


class Run(Struct, frozen=True):
    passed: int
    servers: frozenset[str]
    added_s: Sequence[float]  # of each test but each worker's first, which starts the server or waits for it
    said: str


def two_hundred_tests() -> list[Row]:
    run = run_tests()
    if run.passed < TESTS or len(run.servers) != 1:
        raise NotRun(f"{run.passed} of {TESTS} passed on {len(run.servers)} servers: {run.said[-500:]}")
    added = [seconds * 1000 for seconds in run.added_s]
    return [
        Row(
            what=f"a world of its own, added to each of {TESTS} tests on two workers",
            ours=f"median {milliseconds(statistics.median(added))}, 95 % {milliseconds(_part(added, 0.95))}",
            bar=f"< {BAR_MS} ms",
        )
    ]


def _part(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def run_tests() -> Run:
    with tempfile.TemporaryDirectory(prefix="worlds-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "test_worlds.py").write_text(_TESTS)
        (folder / "conftest.py").write_text(_CONFTEST)
        ours = ("PYTEST", "TWILIO", "LOCALLOOP")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"],
            cwd=folder,
            env=kept,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        phases = [json.loads(line) for line in (folder / "phases").read_text().splitlines()]
        servers = frozenset((folder / "servers").read_text().split())
    passed = sum(when == "call" and outcome == "passed" for _, when, outcome, _ in phases)
    added: dict[str, float] = {}
    for test, when, _, duration in phases:
        if when != "call":
            added[test] = added.get(test, 0.0) + duration
    return Run(passed, servers, sorted(added.values())[:-2], done.stdout + done.stderr)
