"""The pages "Test your Twilio app" and "Test your voice app in five minutes", followed as they are written, and the
examples that they lead to."""

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

PAGES = ("test-your-app", "test-your-voice-app")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES = (
    *("otp_login", "ivr_menu", "voicemail", "call_queue", "conference"),
    *("masked_numbers", "call_screening", "appointment_reminder", "pay_by_phone"),
)
WITHIN_S = 180
RUN = token_hex(8)  # all runs of pytest here use one server


def blocks(page: str, title: str) -> list[tuple[str, str]]:
    """The code blocks under a heading: language and text."""
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text("utf-8")
    return BLOCK.findall(text.partition(f"\n## {title}\n")[2].partition("\n## ")[0])


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
    line = re.sub(r"(SM|CA)(…|[0-9a-f]{32})", r"\1", line)
    line = re.sub(r" +\d+\.\d s  ", " 0.0 s  ", line)
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


@pytest.fixture
def place(folder: Path) -> Iterator[Path]:
    """A folder of a test's own."""
    place = folder / token_hex(4)
    place.mkdir()
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_installed_is_there(page: str) -> None:
    [(_, command)] = blocks(page, "Install")
    for name in command.split()[2:]:
        assert distribution(name).version


@pytest.mark.parametrize("page", PAGES)
def test_from_red_to_green(place: Path, page: str) -> None:
    [(_, app)] = blocks(page, "An application")
    (_, tests), (_, command) = blocks(page, "Two tests")
    write(place, app)
    write(place, tests)

    status, said = run(place, command)
    seen = [shape(line) for line in said.splitlines()]
    (_, failure), (_, story) = blocks(page, "Red")
    assert status == 1, said
    assert "1 failed, 1 passed" in said
    assert {shape(line) for line in failure.splitlines()} <= set(seen), said
    places = [seen.index(shape(line)) for line in story.splitlines()]
    assert places == sorted(places), said

    (_, change), (_, command), (_, printed) = blocks(page, "Green")
    before, after = (line[1:] for line in change.splitlines())
    assert app.count(before) == 1
    write(place, app.replace(before, after))
    status, said = run(place, command)
    assert (status, printed.strip() in said) == (0, True), said


@pytest.mark.parametrize("page", PAGES)
def test_what_else_tests_can_do(place: Path, page: str) -> None:
    [(_, app)] = blocks(page, "An application")
    [(_, more)] = blocks(page, "What else tests can do")
    before, after = (line[1:] for line in blocks(page, "Green")[0][1].splitlines())
    write(place, app.replace(before, after))
    write(place, more)
    status, said = run(place, "pytest test_more.py")
    assert (status, "3 passed" in said) == (0, True), said


def test_the_examples(place: Path) -> None:
    """The sign-in by text, and the eight tutorials of calls, in one run on one server."""
    for name in EXAMPLES:
        shutil.copytree(ROOT / "examples" / name, place / name)
    status, said = run(place, "pytest")
    assert (status, "56 passed" in said) == (0, True), said
