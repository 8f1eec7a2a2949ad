"""The tests of an application run twice on two workers each, on a localloop that lets everything go wrong: the same of
its texts fail, for the same reasons, whichever worker had them and in whatever order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from installed import Home, Up

pytestmark = pytest.mark.long
TESTS = 24
WITHIN_S = 300
PROJECT = f"""
import json
import os

import pytest

TEXTS = ["one", "two", "three"]


@pytest.mark.parametrize("n", range({TESTS}))
def test_texts_arrive(twilio, phone, faults, clock, n):
    to, failed = f"+1555867{{n:04}}", []
    clock.freeze()
    for text in TEXTS:
        try:
            twilio.messages.create(from_="+15017122661", to=to, body=text, status_callback="http://127.0.0.1:9/")
        except Exception as error:
            failed.append([text, type(error).__name__])
    clock.advance(hours=2)
    came = [text.body for text in phone(to).messages()]
    struck = sorted([each.kind, each.event, each.attempt] for each in faults.applied())
    told = {{"worker": os.environ["PYTEST_XDIST_WORKER"], "seen": [failed, came, struck]}}
    with open(f"{{n}}.json", "w") as file:
        json.dump(told, file)
    assert came == TEXTS
"""
# Of each test: which requests failed, what arrived, and what was done to it all.
Seen: TypeAlias = dict[int, list[Any]]


@contextmanager
def chaos(seed: int) -> Iterator[Up]:
    home = Home()
    (home.folder / "localloop.toml").write_text("api_processes = 2\nworker_processes = 2\n")
    up = home.up("--ephemeral", "--message-rate", "0", "--chaos", "0.3", "--seed", str(seed))
    try:
        yield up
    finally:
        up.destroy()
        home.remove()


def run(up: Up, folder: Path, *order: str) -> tuple[Seen, set[str], Counter[str]]:
    """What each test saw, which of them failed, and how many ran on each worker."""
    folder.mkdir()
    (folder / "test_texts.py").write_text(PROJECT)
    ours = ("PYTEST", "TWILIO", "LOCALLOOP")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    given = {"LOCALLOOP_URL": up.url, "TWILIO_ACCOUNT_SID": up.sid, "TWILIO_AUTH_TOKEN": up.token}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "-rf", "-q", *order],
        cwd=folder,
        env={**kept, **given, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    told = {n: json.loads((folder / f"{n}.json").read_text()) for n in range(TESTS)}
    failed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    seen = {n: each["seen"] for n, each in told.items()}
    return seen, failed, Counter(each["worker"] for each in told.values())


def test_the_same_texts_fail_in_every_run_of_two_workers(tmp_path: Path) -> None:
    with chaos(7) as up:
        first, failed, workers = run(up, tmp_path / "first", "--dist", "load")
        second, failed_again, _ = run(up, tmp_path / "second", "--dist", "loadgroup")
    assert len(workers) == 2
    assert first == second
    assert failed == failed_again
    assert 0 < len(failed) < TESTS
    assert {kind for _, _, struck in first.values() for kind, _, _ in struck} >= {"api-error", "webhook-drop"}
    with chaos(8) as up:
        third, _, _ = run(up, tmp_path / "third")
    assert third != first
