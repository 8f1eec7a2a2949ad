"""The tests that are shown to others pass: those of the example, and those of the page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import ROOT

EXAMPLE = ROOT / "examples" / "sms_reply"
PAGE = (ROOT / "docs" / "how-to" / "test-your-webhooks.md").read_text()


def passing(folder: Path) -> str:
    """What pytest says of the tests there, run as their reader would."""
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLE / "app.py", tmp_path)
    return tmp_path


def test_the_tests_of_the_example_pass(folder: Path) -> None:
    shutil.copy(EXAMPLE / "test_app.py", folder)
    assert "4 passed" in passing(folder)


def test_the_tests_of_the_page_pass(folder: Path) -> None:
    [code] = re.findall(r"```python\n(# test_app\.py\n.*?)```", PAGE, re.DOTALL)
    (folder / "test_app.py").write_text(code)
    assert "2 passed" in passing(folder)
