"""The pytest plugin in a test run of its own: two workers, one server, and what is left when one of them was killed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import public_folder
from msgspec import Struct
from waiting import until

PROJECT = Path(__file__).parent / "plugin_project"
WITHIN_S = 180


class Run(Struct, frozen=True):
    folder: Path
    said: str

    def failure(self, name: str) -> str:
        """What is said about a test that failed."""
        return re.split(r"^_{4,} .*_{4,}$", self.said.partition(f" {name} ___")[2], flags=re.MULTILINE)[0]


def environment(folder: Path) -> dict[str, str]:
    """A run that neither ours nor a localloop of the person who tests has a say about."""
    ours = ("PYTEST", "TWILIO", "LOCALLOOP")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "TMPDIR": str(folder), "HOME": str(folder)}


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    folder = public_folder()
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "-rA"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    yield Run(folder, done.stdout + done.stderr)
    shutil.rmtree(folder)


def test_only_those_fail_that_are_meant_to(run: Run) -> None:
    failed = set(re.findall(r"^(?:FAILED|ERROR) test_\w+\.py::(\w+)", run.said, re.MULTILINE))
    assert failed == {
        "test_no_code",
        "test_a_marker_that_asks_for_what_is_not",
        "test_without_twilios_package",
        "test_a_worker_that_dies",
    }, run.said
    assert "28 passed" in run.said


def test_workers_share_one_server(run: Run) -> None:
    told = (run.folder / "servers").read_text().splitlines()
    assert len(told) == 20
    assert len(set(told)) == 1


async def test_nothing_is_left_of_it_though_a_worker_was_killed(run: Run) -> None:
    async def left() -> list[Path]:
        return await asyncio.to_thread(lambda: list(run.folder.glob("localloop-*")))

    assert await until(left, lambda found: not found) == []
    url = (run.folder / "servers").read_text().split()[0]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))


def test_a_failure_explains_itself_and_shows_what_happened_in_its_world(run: Run) -> None:
    said = run.failure("test_no_code")
    assert "No received text with a code came within 0.5 s. Closest: 'Your cude is 482915'." in said
    shown = said.partition("localloop, world AC")[2]
    for line in (
        r"request   POST …/Messages\.json: 201 SM\w{32}",
        r"message   SM\w{32} \+15017122661 → \+15558675310 'Your cude is 482915': delivered",
        r"phone     \+15558675310 received from \+15017122661: 'Your cude is 482915'",
    ):
        assert re.search(line, shown), shown


def test_what_cannot_be_had_is_told_in_a_line(run: Run) -> None:
    marker = run.failure("ERROR at setup of test_a_marker_that_asks_for_what_is_not")
    assert "the marker `localloop` knows profile and strict, not profil" in marker
    package = run.failure("test_without_twilios_package")
    assert "the fixture `twilio` cannot be had: Twilio's package is missing: pip install twilio" in package


def test_a_run_that_wants_nothing_of_it_loads_nothing() -> None:
    tell = (
        "import pytest, sys; before = {*sys.modules}; import localloop.testing.plugin; "
        "print(*sorted({*sys.modules} - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == ["localloop", "localloop.testing", "localloop.testing.plugin"]
