"""Runs of pytest with the plugin that take a while: two hundred tests at once, and servers of other rules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import public_folder

from benchmarks.worlds import TESTS, run_tests

pytestmark = pytest.mark.long

MARKED = """
import pytest
from twilio.base.exceptions import TwilioRestException

TO = "+12125551234"


@pytest.mark.localloop(profile="us-a2p")
def test_unregistered_numbers_are_filtered(twilio, expect, clock):
    clock.auto()
    number = twilio.incoming_phone_numbers.create(phone_number="+15005550006").phone_number
    sent = twilio.messages.create(from_=number, to=TO, body="hi")
    expect.message(MessageSid=sent.sid, Status="undelivered", ErrorCode=30034)


@pytest.mark.localloop(strict=True)
def test_numbers_are_bought_before_they_send(twilio):
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(from_="+14155550123", to=TO, body="hi")
    assert refused.value.code == 21659


def test_otherwise_they_are_not(twilio):
    twilio.messages.create(from_="+14155550123", to=TO, body="hi")


@pytest.mark.localloop(profile="gold")
def test_there_is_no_such_profile(world): ...
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = public_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_two_hundred_tests_on_two_workers_meet_nobody() -> None:
    run = run_tests()
    assert run.passed == TESTS, run.said
    assert len(run.servers) == 1


def test_marks_choose_the_rules(folder: Path) -> None:
    (folder / "test_marks.py").write_text(MARKED)
    ours = ("PYTEST", "TWILIO", "LOCALLOOP")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "3 passed, 1 error" in done.stdout, done.stdout
    assert "there is no profile 'gold': relaxed, twilio, us-a2p, trial" in done.stdout
