"""The page "Test your Twilio app in five minutes", followed as it is written; and the example that it leads to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from secrets import token_hex

import pytest
from installed import public_folder

from localloop.testing.server import Servers
from localloop.testing.world import options_of
from tests.needs import ROOT

PAGE = (ROOT / "docs" / "how-to" / "test-your-app.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
WITHIN_S = 180
RUN = token_hex(8)  # all runs of pytest here use one server


def blocks(title: str) -> list[tuple[str, str]]:
    """The code blocks under a heading: language and text."""
    return BLOCK.findall(PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0])


def write(folder: Path, code: str) -> None:
    """The first line of a program on the page names its file."""
    (folder / code.splitlines()[0].removeprefix("# ")).write_text(code, "utf-8")


def run(folder: Path, command: str) -> tuple[int, str]:
    """Its exit status and what it says; the server is that of the whole page, to save time."""
    assert command.startswith("pytest")
    ours = ("PYTEST", "TWILIO", "LOCALLOOP")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), "-p", "no:cacheprovider"],
        cwd=folder,
        env={**kept, "HOME": str(folder), "COLUMNS": "200", "PYTEST_XDIST_TESTRUNUID": RUN},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def shape(line: str) -> str:
    """Without what differs from run to run."""
    line = re.sub(r"SM(…|[0-9a-f]{32})", "SM", line)
    line = re.sub(r"\d\d:\d\d:\d\d", "00:00:00", line)
    return re.sub(r"(?<![\d+])\d{6}(?!\d)", "000000", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", line))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = public_folder()
    servers = Servers(RUN)
    servers.get(*options_of("relaxed", strict=False))
    yield folder
    servers.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_what_is_installed_is_there() -> None:
    [(_, command)] = blocks("Install")
    for name in command.split()[2:]:
        assert distribution(name).version


def test_from_red_to_green(folder: Path) -> None:
    [(_, app)] = blocks("An application")
    (_, tests), (_, command) = blocks("Two tests")
    write(folder, app)
    write(folder, tests)

    status, said = run(folder, command)
    seen = [shape(line) for line in said.splitlines()]
    (_, failure), (_, story) = blocks("Red")
    assert status == 1, said
    assert "1 failed, 1 passed" in said
    assert {shape(line) for line in failure.splitlines()} <= set(seen), said
    places = [seen.index(shape(line)) for line in story.splitlines()]
    assert places == sorted(places), said

    (_, change), (_, command), (_, printed) = blocks("Green")
    before, after = (line[1:] for line in change.splitlines())
    assert app.count(before) == 1
    write(folder, app.replace(before, after))
    status, said = run(folder, command)
    assert (status, printed.strip() in said) == (0, True), said


def test_what_else_tests_can_do(folder: Path) -> None:
    [(_, app)] = blocks("An application")
    [(_, more)] = blocks("What else tests can do")
    before, after = (line[1:] for line in blocks("Green")[0][1].splitlines())
    write(folder, app.replace(before, after))
    write(folder, more)
    status, said = run(folder, "pytest test_more.py")
    assert (status, "3 passed" in said) == (0, True), said


def test_the_example(folder: Path) -> None:
    shutil.copytree(ROOT / "examples" / "otp_login", folder / "otp_login")
    status, said = run(folder / "otp_login", "pytest")
    assert (status, "9 passed" in said) == (0, True), said
